"""What is wrong in a shop, with its cause and what to do about it."""

# ruff: noqa: ARG001 -- one signature for all that are asked
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal
from urllib.parse import urlencode

from django.db.models import Q, Sum
from django.urls import reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.customers.models import PrivacyTask
from apps.dashboard import asked
from apps.flows import notices
from apps.flows.models import Flow
from apps.ingestion.models import Delivery, Errand
from apps.ingestion.progress import NOUN_WORDS
from apps.mail.models import Message
from apps.stores.models import Connection, Refusal, Store
from apps.stores.platforms.base import platforms
from apps.stores.rules import Rules
from apps.stores.troubles import Trouble, explain

SILENT: Final = timedelta(hours=24)
RECENT: Final = timedelta(days=7)
FAILED_OFTEN: Final = 3
MOST_TOLD: Final = 5
ONLY_THE_OWNER: Final = (Trouble.SCOPE_MISSING, Trouble.PROTECTED_DATA, Trouble.KEYS_READ_ONLY)
ASKED_ELSEWHERE: Final = (Trouble.OWN_RECOVERY_UNKNOWN,)
"""What only the owner can know stands in the list of what is left to do, to be ticked there."""
LASTING: Final = timedelta(minutes=30)
"""Shorter troubles of a shop mend themselves, and nobody need look."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One thing that is wrong: what, why, what to do, and where."""

    level: Literal["red", "amber"]
    said: str
    cause: str
    mend: str
    url: str = ""
    seen_url: str = ""
    """Where "seen" is said; '' for what stands until it is mended."""
    notice: int = 0


def alarms(store: Store, at: datetime, *, writes: bool = False) -> list[Alarm]:
    """Everything wrong with this shop, the worst first; who may not write is shown no button."""
    found = [alarm for ask in _ASKED for alarm in ask(store, at)]
    if not writes:
        found = [replace(alarm, seen_url="") for alarm in found]
    return sorted(found, key=lambda alarm: alarm.level != "red")


def page_of(store: Store) -> str:
    return reverse("admin:stores_store_change", args=[store.pk])


def _connection(store: Store, at: datetime) -> list[Alarm]:
    if not store.transport_problem:
        return []
    return [
        Alarm(
            level="red",
            said=_("The mail connection of %(store)s does not work.") % {"store": store.name},
            cause=store.transport_problem,
            mend=_("Check the mail connection in the shop's settings; the mail waits until then."),
            url=f"{page_of(store)}#sending",
        )
    ]


def _silent(store: Store, at: datetime) -> list[Alarm]:
    if store.status != Store.Status.ACTIVE:
        return []
    last = store.last_delivery_at
    if last is None:
        return [
            Alarm(
                level="amber",
                said=_("%(store)s has sent nothing yet.") % {"store": store.name},
                cause=_("No webhook ever arrived."),
                mend=_("Copy the webhook address from the shop's page into the shop, and save it there."),
                url=page_of(store),
            )
        ]
    if at - last < SILENT:
        return []
    return [
        Alarm(
            level="red",
            said=_("%(store)s has been silent for %(time)s.") % {"store": store.name, "time": timesince(last, at)},
            cause=_("No webhook arrived since then; platforms switch webhooks off after failures."),
            mend=_("Look at the shop's webhooks and switch them on again."),
            url=page_of(store),
        )
    ]


def _refused(store: Store, at: datetime) -> list[Alarm]:
    since = (at - timedelta(days=1)).date()
    rows = Refusal.objects.of(store).filter(day__gte=since).values("reason").annotate(sum=Sum("count"))
    return [
        Alarm(
            level="amber",
            said=_("%(count)s deliveries were refused since yesterday.") % {"count": row["sum"]},
            cause=str(Refusal.REASONS.get(row["reason"], row["reason"])),
            mend=_("Copy the secret from the shop once more, or leave it if a stranger is trying."),
            url=f"{page_of(store)}#door",
        )
        for row in rows
    ]


def _set_apart(store: Store, at: datetime) -> list[Alarm]:
    count = Delivery.objects.of(store).filter(state="quarantined", received_at__gte=at - RECENT).count()
    if not count:
        return []
    query = urlencode({"store": store.pk, "state": "quarantined"})
    return [
        Alarm(
            level="amber",
            said=_("%(count)s deliveries could not be read this week.") % {"count": count},
            cause=_("The shop sent something that is not as its platform describes."),
            mend=_("Open one to see the reason; after mending, process it again."),
            url=f"{reverse('admin:ingestion_delivery_changelist')}?{query}",
        )
    ]


def _doubts(store: Store, at: datetime) -> list[Alarm]:
    count = Message.objects.of(store).filter(status=Message.Status.UNKNOWN).count()
    if not count:
        return []
    query = urlencode({"store": store.pk, "state": "unknown"})
    return [
        Alarm(
            level="red",
            said=_("Of %(count)s mails it is not known whether they arrived.") % {"count": count},
            cause=_("The connection or this engine stopped between sending and the answer."),
            mend=_("Ask your mail provider, then say for each mail that it arrived, or send it again."),
            url=f"{reverse('admin:mail_message_changelist')}?{query}",
        )
    ]


def _flows(store: Store, at: datetime) -> list[Alarm]:
    flows = Flow.objects.of(store).filter(deleted_at__isnull=True)
    if store.status != Store.Status.ACTIVE or flows.filter(live=True).exists():
        return []
    query = urlencode({"store": store.pk})
    return [
        Alarm(
            level="amber",
            said=_("No flow of %(store)s is on.") % {"store": store.name},
            cause=_("Baskets are followed, but nobody gets a mail."),
            mend=_("Preview a flow and switch it on."),
            url=f"{reverse('admin:flows_flow_changelist')}?{query}",
        )
    ]


def _privacy(store: Store, at: datetime) -> list[Alarm]:
    waiting = PrivacyTask.objects.of(store).filter(done_at__isnull=True).order_by("deadline").first()
    if waiting is None:
        return []
    return [
        Alarm(
            level="red" if waiting.deadline < at else "amber",
            said=_("Somebody asked about their data."),
            cause=waiting.get_action_display(),
            mend=_("Do it before %(day)s.") % {"day": f"{waiting.deadline:%d-%m-%Y}"},
            url=reverse("admin:customers_privacytask_changelist"),
        )
    ]


def _shop_troubles(store: Store, at: datetime) -> list[Alarm]:
    """The shop cannot be asked, and why; else the nouns of it that cannot."""
    known = Connection.objects.of(store).exclude(trouble="").first()
    if known is not None:
        return [_trouble(store, known.trouble, known.trouble_values, since=known.trouble_since, at=at)]
    wrong = Errand.objects.of(store).exclude(trouble__in=("", Trouble.NOT_OFFERED))
    failing = wrong.filter(Q(failures__gte=FAILED_OFTEN) | Q(due_at__isnull=True) | Q(trouble__in=ONLY_THE_OWNER))
    return [_trouble(store, one.trouble, one.trouble_values, what=one.what) for one in failing.order_by("pk")]


def _trouble(
    store: Store,
    code: str,
    values: dict[str, str],
    *,
    what: str = "",
    since: datetime | None = None,
    at: datetime | None = None,
) -> Alarm:
    sentence, mend = explain(code, values)
    of = {"store": store.name, "what": NOUN_WORDS.get(what, "")}
    said = _("The %(what)s of %(store)s cannot be fetched.") if what else _("%(store)s cannot be asked.")
    lasts = since is None or at is None or at - since > LASTING
    return Alarm(level="red" if lasts else "amber", said=said % of, cause=sentence, mend=mend, url=page_of(store))


def _findings(store: Store, at: datetime) -> list[Alarm]:
    """What the last look at the shop's own settings found and could not mend."""
    known = Connection.objects.of(store).first()
    if known is None or not known.credentials_sealed:
        return []
    found = [
        one
        for one in known.report.get("findings") or []
        if not one.get("mended") and one["trouble"] not in ASKED_ELSEWHERE
    ]
    return [
        Alarm(
            level="red" if one.get("blocks") else "amber",
            said=_("Something in %(store)s needs your hand.") % {"store": store.name},
            cause=explain(one["trouble"], one.get("values") or {})[0],
            mend=explain(one["trouble"], one.get("values") or {})[1],
            url=page_of(store),
        )
        for one in found
    ]


def _no_keys(store: Store, at: datetime) -> list[Alarm]:
    """The shop could be asked and is not: an order whose webhook is lost silences nothing."""
    if store.is_demo or store.feed != Store.Feed.NONE or not platforms.get(store.platform).ways:
        return []
    sentence, mend = explain(Trouble.NO_KEYS, {})
    said = _("%(store)s is not connected.") % {"store": store.name}
    return [Alarm(level="amber", said=said, cause=sentence, mend=mend, url=page_of(store))]


def _feed(store: Store, at: datetime) -> list[Alarm]:
    """No news of orders for longer than the owner allows: basket mail waits."""
    longest, last = Rules.of(store).feed_max_age, store.orders_polled_at
    if store.feed == Store.Feed.NONE or store.status != Store.Status.ACTIVE or longest is None:
        return []
    if last is not None and at - last <= longest:
        return []
    age = timesince(last, at) if last else ""
    said = (
        _("No orders were fetched from %(store)s for %(time)s.")
        if last
        else _("No orders were fetched from %(store)s yet.")
    )
    return [
        Alarm(
            level="red" if last else "amber",
            said=said % {"store": store.name, "time": age},
            cause=_("Basket mail waits, for the basket may have been bought meanwhile."),
            mend=_("Look at the connection on the shop's page; press Check again."),
            url=page_of(store),
        )
    ]


def _low_scores(store: Store, at: datetime) -> list[Alarm]:
    """Somebody is not content, and nobody of the shop has said that it is looked after."""
    newest = asked.waiting(store).first()
    if newest is None:
        return []
    count = asked.waiting(store).count()
    said = ngettext("%(count)s low score waits for you.", "%(count)s low scores wait for you.", count)
    return [
        Alarm(
            level="red",
            said=said % {"count": count},
            cause=asked.source_of(newest),
            mend=_("Write to the person today, then say that it is looked after. Promotions to them wait meanwhile."),
            url=f"{reverse('admin:feedback_lowscore_changelist')}?{urlencode({'store': store.pk, 'open': 'yes'})}",
        )
    ]


def _told_by_flows(store: Store, at: datetime) -> list[Alarm]:
    """What flows told the owner this week, the newest first."""
    return [
        Alarm(
            level="amber",
            said=told.text,
            cause=_("Your flow “%(flow)s” says so about %(who)s.") % {"flow": told.flow, "who": told.email or "…"},
            mend=_("Look at this customer. The same was mailed to the shop's own address."),
            url=reverse("admin:customers_customer_change", args=[told.customer_id]),
            seen_url=reverse("dashboard:told-seen", args=[store.pk]),
            notice=told.id,
        )
        for told in notices.of_store(store.pk, unseen=True, limit=MOST_TOLD)
        if at - told.at < RECENT
    ]


_ASKED: Final[Sequence[Callable[[Store, datetime], list[Alarm]]]] = (
    _connection, _shop_troubles, _feed, _findings, _no_keys, _silent, _refused, _set_apart, _doubts, _low_scores,
    _told_by_flows, _flows, _privacy,
)  # fmt: skip
