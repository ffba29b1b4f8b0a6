"""What the page of a one-off mail shows: who would get it, how it looks to one of them, how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _

from apps.core import db
from apps.core.reasons import EXPLANATIONS, Reason
from apps.core.sql import Sql
from apps.customers.models import Customer
from apps.dashboard.explaining import because
from apps.dashboard.previewing import Preview, night, unlinked
from apps.flows import campaigns
from apps.flows.campaigns import HeadCount
from apps.flows.models import Campaign
from apps.mail import writing
from apps.mail.mailing import plan_many
from apps.mail.models import Message


@dataclass(frozen=True, slots=True)
class Share:
    """So many people, and why."""

    count: int
    words: str


@dataclass(frozen=True, slots=True)
class Counted:
    """The head-count as the page says it."""

    at: datetime
    people: int
    get: int
    later: list[Share]
    never: list[Share]
    sampled: bool


def counted(campaign: Campaign) -> Counted | None:
    """The last head-count, scaled where it was a sample; None before the first."""
    if not campaign.counts:
        return None
    found = msgspec.convert(campaign.counts, HeadCount)
    return Counted(
        at=found.at,
        people=found.people,
        get=found.scaled(found.get),
        later=_shares(found, found.later),
        never=_shares(found, found.never),
        sampled=found.asked < found.people,
    )


def _shares(found: HeadCount, reasons: dict[str, int]) -> list[Share]:
    shares = [Share(found.scaled(count), in_short(reason)) for reason, count in reasons.items()]
    return sorted(shares, key=lambda share: -share.count)


def in_short(reason: str) -> str:
    """A reason said of many: without the values of one of them."""
    words: dict[str, str] = {
        Reason.CAP: _("had enough mail lately; it waits"),
        Reason.QUIET_HOURS: _("it is night or Sunday there; it waits"),
        Reason.SUPPRESSED_MARKETING: _("asked for no more marketing mail"),
        Reason.SUPPRESSED_EVERYTHING: _("nothing may be sent to this address"),
        Reason.NO_BASIS_NO_CONSENT: _("no permission"),
        Reason.NO_BASIS_DENIED: _("said no to marketing"),
        Reason.NO_BASIS_CUSTOMER_NOT_TOLD: _("no permission; as a customer not told of mail"),
        Reason.NO_BASIS_CUSTOMER_LAPSED: _("no permission; last order too long ago"),
        Reason.NO_BASIS_NEEDS_DOUBLE_OPT_IN: _("permission not confirmed"),
        Reason.NO_ADDRESS: _("no usable address"),
        Reason.HOLD_RETURN: _("a return is open; it waits"),
        Reason.HOLD_COMPLAINT: _("a complaint is open; it waits"),
        Reason.HOLD_DELAY: _("an order is late; it waits"),
        Reason.HOLD_SCORE: _("gave a low score; it waits"),
        Reason.PERSON_PAUSED: _("asked for a pause; it waits"),
        Reason.STORE_PAUSED: _("sending is paused; it waits"),
    }
    return words.get(reason) or (because(reason, {}).sentence if reason in set(EXPLANATIONS) else reason)


def standing(campaign: Campaign) -> dict[str, Any]:
    """How far it is: shares of what became of its mails."""
    found = campaigns.progress(campaign)
    states: dict[str, int] = found["states"]
    labels = dict(Message.Status.choices)
    over = sum(count for state, count in states.items() if state not in Message.WAITING)
    total = sum(states.values())
    return {
        "states": [Share(count, str(labels.get(state, state))) for state, count in states.items()],
        "reasons": [Share(count, in_short(reason)) for reason, count in found["reasons"].items()],
        "total": total,
        "percent": round(100 * over / total) if total else 0,
        "moving": campaign.status in (Campaign.Status.PLANNED, Campaign.Status.SENDING) or over < total,
    }


def first_of(campaign: Campaign, at: datetime) -> Customer | None:
    """Somebody of the audience, for the preview. Raises NotSendable, DefinitionRefused."""
    who = campaigns.audience(campaign, at)
    found = db.rows(f"SELECT max(customer_id) FROM ({who.text}) AS a", list(who.params))[0][0]
    return Customer.objects.of(campaign.store_id).filter(pk=found).first() if found else None


class _Shown(Exception):
    """Carries a mail out of a transaction that must not stand."""

    def __init__(self, preview: Preview | None) -> None:
        super().__init__()
        self.preview = preview


def preview(campaign: Campaign, customer: Customer, at: datetime) -> Preview | None:
    """The mail as this person would get it, written by the writer itself and thrown away. None: it cannot be."""
    try:
        with transaction.atomic():
            raise _Shown(_written(campaign, customer, at))
    except _Shown as over:
        return over.preview


def _written(campaign: Campaign, customer: Customer, at: datetime) -> Preview | None:
    who = campaigns.audience(campaign, at)
    only = Sql(
        f"SELECT %s::bigint AS customer_id, (SELECT a.order_id FROM ({who.text}) AS a WHERE a.customer_id = %s LIMIT 1)"
        " AS order_id",
        (customer.pk, *who.params, customer.pk),
    )
    mailing = campaigns.mailing_of(campaign, at)
    plan_many(msgspec.structs.replace(mailing, origin=f"look:{campaign.pk}"), only, at, limit=1)
    message = Message.objects.of(campaign.store_id).get(origin=f"look:{campaign.pk}/customer:{customer.pk}")
    written, _failed = writing.write([message.pk], at)
    if not written:
        return None
    parcel = written[0].parcel
    html = unlinked(parcel.html)
    return Preview(
        subject=written[0].subject, html=html, dark=night(html), text=parcel.text, size=len(parcel.html.encode())
    )
