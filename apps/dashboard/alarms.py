"""What is wrong in a shop, with its cause and what to do about it."""

# ruff: noqa: ARG001 -- one signature for all that are asked
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from urllib.parse import urlencode

from django.db.models import Sum
from django.urls import reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from apps.customers.models import PrivacyTask
from apps.flows.models import Flow
from apps.ingestion.models import Delivery
from apps.mail.models import Message
from apps.stores.models import Refusal, Store

SILENT: Final = timedelta(hours=24)
RECENT: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One thing that is wrong: what, why, what to do, and where."""

    level: Literal["red", "amber"]
    said: str
    cause: str
    mend: str
    url: str = ""


def alarms(store: Store, at: datetime) -> list[Alarm]:
    """Everything wrong with this shop, the worst first."""
    found = [alarm for ask in _ASKED for alarm in ask(store, at)]
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


_ASKED: Final[Sequence[Callable[[Store, datetime], list[Alarm]]]] = (
    _connection, _silent, _refused, _set_apart, _doubts, _flows, _privacy,
)  # fmt: skip
