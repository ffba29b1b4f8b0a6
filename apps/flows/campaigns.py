"""The owner's send button: one mail to a segment, now or at a moment.

Before it goes there is a head-count with reasons, made by the gate itself on mails that are then thrown away. The
audience is planned set-wise in paced batches, by the number of the person: a batch that is done again plans nothing
twice, for each mail's origin names campaign and person. Whether a mail leaves is for the gate to say, as always.
"""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from django.db import transaction

from apps.core import db
from apps.core.problems import DefinitionRefused
from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.flows.models import Campaign
from apps.mail import gate
from apps.mail.gate import Allowed, Held, Refused
from apps.mail.mailing import Mailing, plan_many, tally, withdraw_many
from apps.mail.models import Message
from apps.segments import members
from apps.stores.rules import Rules

log = logging.getLogger(__name__)

BATCH: Final = 1000
PAUSE: Final = timedelta(seconds=20)
"""Between two batches: what is due is never a flood, and other shops' mail goes in between."""
SAMPLED: Final = 5000
"""Up to so many the head-count asks the gate about each; beyond it, about as many drawn at random."""
PRIORITY: Final = 70
"""After what a person did themselves; before somebody who only looked around."""


class NotSendable(ValueError):
    """The campaign cannot be sent as it is; the code says what is missing."""


class HeadCount(msgspec.Struct, frozen=True, kw_only=True):
    """Who would get it at this moment. `reasons` are those of the gate; `asked` fewer than `people` is a sample."""

    at: datetime
    people: int
    asked: int
    get: int
    later: dict[str, int]
    """Reason → how many wait for a while first: caps, holds, the night."""
    never: dict[str, int]
    """Reason → how many get nothing."""

    def scaled(self, count: int) -> int:
        """Of everybody, as far as the sample tells."""
        return count if self.asked >= self.people or not self.asked else round(count * self.people / self.asked)


# --- who ---------------------------------------------------------------------------------------------

_RECENT = """
SELECT DISTINCT ON (o.customer_id) o.customer_id, o.id AS order_id FROM orders_order o
WHERE o.store_id = %s AND o.customer_id IS NOT NULL AND NOT o.test AND o.gone_at IS NULL AND o.counts
    AND o.placed_at > %s AND o.placed_at <= %s
ORDER BY o.customer_id, o.placed_at DESC, o.id DESC
"""

_EVERYBODY = """
SELECT p.id AS customer_id, NULL::bigint AS order_id FROM customers_customer p
WHERE p.store_id = %s AND p.email_key IS NOT NULL
"""


def audience(campaign: Campaign, at: datetime) -> Sql:
    """SELECT of customer_id and order_id. Raises NotSendable, DefinitionRefused."""
    match campaign.audience:
        case Campaign.Audience.RECENT_ORDERS:
            return Sql(_RECENT, (campaign.store_id, at - timedelta(days=campaign.days), at))
        case Campaign.Audience.EVERYBODY:
            return Sql(_EVERYBODY, (campaign.store_id,))
        case _:
            if campaign.segment is None:
                raise NotSendable("no_segment")
            inside = members.select(campaign.segment, at, campaign.store_id)
            text = f"SELECT g.id AS customer_id, NULL::bigint AS order_id FROM ({inside.text}) AS g(id)"
            return Sql(text, tuple(inside.params))


def mailing_of(campaign: Campaign, at: datetime) -> Mailing:
    """What each of them gets, if it is planned now."""
    lasts = Rules.of(campaign.store).valid_for(campaign.purpose)
    return Mailing(
        store_id=campaign.store_id,
        origin=campaign.origin,
        purpose=campaign.purpose,
        template_slug=campaign.template_slug,
        kind=campaign.kind,
        priority=PRIORITY,
        due_at=at,
        valid_until=at + lasts,
        about={"campaign": campaign.pk},
    )


# --- how many ----------------------------------------------------------------------------------------


def count(campaign: Campaign, at: datetime) -> HeadCount:
    """Ask the gate about mails as they would be planned now; they are gone before anybody sees them."""
    who = audience(campaign, at)
    people = int(db.rows(f"SELECT count(*) FROM ({who.text}) AS a", list(who.params))[0][0])
    answers: Counter[tuple[str, str]] = Counter()
    if people:
        answers = _rehearsed(campaign, _drawn(who, people), at)
    found = HeadCount(
        at=at,
        people=people,
        asked=answers.total(),
        get=answers[("get", "")],
        later={reason: n for (answer, reason), n in sorted(answers.items()) if answer == "later"},
        never={reason: n for (answer, reason), n in sorted(answers.items()) if answer == "never"},
    )
    campaign.counts = msgspec.to_builtins(found)
    campaign.save(update_fields=["counts"])
    return found


def _drawn(who: Sql, people: int) -> Sql:
    if people <= SAMPLED:
        return who
    return Sql(f"SELECT * FROM ({who.text}) AS a ORDER BY random() LIMIT {SAMPLED}", who.params)


class _Rehearsed(Exception):
    """Carries the answers out of a transaction that must not stand."""

    def __init__(self, answers: Counter[tuple[str, str]]) -> None:
        super().__init__()
        self.answers = answers


def _rehearsed(campaign: Campaign, who: Sql, at: datetime) -> Counter[tuple[str, str]]:
    mailing = msgspec.structs.replace(mailing_of(campaign, at), origin=f"rehearsal:{campaign.pk}")
    try:
        with transaction.atomic():
            plan_many(mailing, who, at, limit=SAMPLED)
            rows = Message.objects.of(campaign.store_id).filter(origin__startswith=f"{mailing.origin}/")
            ids = list(rows.filter(planned_at=at).values_list("pk", flat=True))
            raise _Rehearsed(Counter(_answers(ids, at)))
    except _Rehearsed as over:
        return over.answers


def _answers(ids: list[int], at: datetime) -> list[tuple[str, str]]:
    found = []
    for start in range(0, len(ids), 500):
        for _, verdict in gate.judge_all(ids[start : start + 500], at).values():
            match verdict:
                case Allowed():
                    found.append(("get", ""))
                case Held(reason=reason):
                    found.append(("later", reason.value))
                case Refused(reason=reason):
                    found.append(("never", reason.value))
    return found


# --- sending -----------------------------------------------------------------------------------------


def start(campaign: Campaign, at: datetime) -> None:
    """Press the button: plan it for its moment, or for now. Raises NotSendable, DefinitionRefused."""
    if campaign.status != Campaign.Status.DRAFT:
        raise NotSendable("already_sent")
    audience(campaign, at)
    if not _has_text(campaign):
        raise NotSendable("no_text")
    due = campaign.send_at if campaign.send_at and campaign.send_at > at else at
    changed = Campaign.objects.filter(pk=campaign.pk, status=Campaign.Status.DRAFT)
    if not changed.update(status=Campaign.Status.PLANNED, due_at=due):
        raise NotSendable("already_sent")
    campaign.refresh_from_db()


_TEXT = """
SELECT 1 FROM mail_template WHERE store_id = %s AND slug = %s AND live_id IS NOT NULL LIMIT 1
"""


def _has_text(campaign: Campaign) -> bool:
    return bool(db.rows(_TEXT, [campaign.store_id, campaign.template_slug]))


def plan_due(at: datetime, limit: int = BATCH) -> int:
    """One batch of one campaign that is due; returns how many people it looked at, at least 1 if it did anything."""
    with transaction.atomic():
        found = Campaign.objects.filter(due_at__lte=at).select_related("store", "segment")
        campaign = found.select_for_update(skip_locked=True, of=("self",)).order_by("due_at", "pk").first()
        if campaign is None:
            return 0
        try:
            return max(1, _plan_batch(campaign, at, limit))
        except (NotSendable, DefinitionRefused):
            # Its segment cannot be read any more: nobody else is kept waiting for it.
            log.exception("one-off mail %s cannot be planned and is stopped", campaign.pk)
            campaign.status, campaign.due_at, campaign.ended_at = Campaign.Status.STOPPED, None, at
            campaign.save(update_fields=["status", "due_at", "ended_at"])
            return 1


def _plan_batch(campaign: Campaign, at: datetime, limit: int) -> int:
    if campaign.started_at is None:
        campaign.started_at = at
        campaign.status = Campaign.Status.SENDING
    done = plan_many(
        mailing_of(campaign, at), audience(campaign, campaign.started_at), at, after=campaign.after, limit=limit
    )
    campaign.planned += done.new
    campaign.after = done.last or campaign.after
    campaign.due_at = at + PAUSE
    if done.seen < limit:
        campaign.status, campaign.due_at, campaign.ended_at = Campaign.Status.DONE, None, at
    campaign.save(update_fields=["started_at", "status", "planned", "after", "due_at", "ended_at"])
    return done.seen


def stop(campaign: Campaign, at: datetime) -> int:
    """Nobody else gets it; returns how many mails that waited are withdrawn."""
    with transaction.atomic():
        row = Campaign.objects.select_for_update().get(pk=campaign.pk)
        if row.status in (Campaign.Status.PLANNED, Campaign.Status.SENDING):
            row.status, row.due_at, row.ended_at = Campaign.Status.STOPPED, None, at
            row.save(update_fields=["status", "due_at", "ended_at"])
        elif row.status != Campaign.Status.DONE:
            return 0
        since = row.started_at or at
        gone = withdraw_many(row.store_id, row.origin, since, Reason.CAMPAIGN_STOPPED, at)
        if gone and row.status == Campaign.Status.DONE:
            row.status, row.ended_at = Campaign.Status.STOPPED, at
            row.save(update_fields=["status", "ended_at"])
    campaign.refresh_from_db()
    return gone


def progress(campaign: Campaign) -> dict[str, Any]:
    """What became of its mails: {"planned": n, "accepted": n, …} and the reasons of what was not sent."""
    if campaign.started_at is None:
        return {"states": {}, "reasons": {}}
    states: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for status, reason, number in tally(campaign.store_id, campaign.origin, campaign.started_at):
        states[status] += number
        if status == Message.Status.SKIPPED:
            reasons[reason] += number
    return {"states": dict(states), "reasons": dict(reasons.most_common())}
