"""What a shop's page shows beside its settings: how it is connected, what is missing, what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from apps.dashboard.alarms import alarms
from apps.flows.models import Flow
from apps.mail.models import Message
from apps.stores import secrets_ring
from apps.stores.adding import webhook_url
from apps.stores.models import Notice, Refusal, Store, StoreSecret


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of the checklist."""

    done: bool
    said: str
    mend: str


def facts_of(store: Store, at: datetime) -> dict[str, Any]:
    """The context of a shop's page."""
    return {
        "webhook_url": webhook_url(store),
        "checklist": checklist(store),
        "alarms": alarms(store, at),
        "no_feed": store.feed == Store.Feed.NONE,
        "notices": Notice.objects.of(store).order_by("kind", "-from_at"),
        "refusals": Refusal.objects.of(store).order_by("-day", "reason")[:20],
        "secrets": _secrets(store, at),
    }


def _secrets(store: Store, at: datetime) -> list[StoreSecret]:
    """The active ones: when they came and when they go, never what they are."""
    return list(secrets_ring.active(store, at))


def checklist(store: Store) -> list[Item]:
    """What a shop needs before its mail can work."""
    own = bool(store.transport_sealed)
    sends = own or not settings.ENV.email_url.startswith("outbox")
    flows = Flow.objects.of(store).filter(deleted_at__isnull=True)
    return [
        Item(
            done=store.last_delivery_at is not None,
            said=_("The shop sends webhooks"),
            mend=_("Copy the address above into the shop."),
        ),
        Item(done=bool(store.from_email), said=_("A sender address"), mend=_("Fill in who the mails are from.")),
        Item(
            done=bool(store.postal_address),
            said=_("A postal address"),
            mend=_("The law wants it below every mail."),
        ),
        Item(
            done=sends,
            said=_("A mail connection"),
            mend=_("Until then mail stays in the outbox and nothing leaves."),
        ),
        Item(
            done=Notice.objects.of(store).filter(kind="opt_in", until_at__isnull=True).exists(),
            said=_("The text of the opt-in box"),
            mend=_("A consent counts only with the words that stood there."),
        ),
        Item(
            done=store.feed != Store.Feed.NONE,
            said=_("A second way to hear of orders"),
            mend=_("Without it an order whose webhook is lost cannot stop a mail."),
        ),
        Item(
            done=flows.filter(live=True).exists(),
            said=_("A flow is on"),
            mend=_("Preview a flow and switch it on."),
        ),
        Item(
            done=Message.objects.of(store).filter(status="accepted").exists(),
            said=_("A first mail was sent"),
            mend=_("It comes with the first basket that is left behind."),
        ),
    ]
