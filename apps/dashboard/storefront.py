"""What a shop's page shows beside its settings: its door, its texts and what went wrong."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings

from apps.dashboard.alarms import alarms
from apps.ingestion.custom import ring
from apps.stores import secrets_ring
from apps.stores.adding import webhook_url
from apps.stores.models import Notice, Refusal, Store, StoreSecret


def facts_of(store: Store, at: datetime) -> dict[str, Any]:
    """The context of a shop's page."""
    return {
        "webhook_url": webhook_url(store),
        # What is merely still to do stands in the checklist beside it.
        "alarms": [alarm for alarm in alarms(store, at) if alarm.level == "red"],
        "notices": Notice.objects.of(store).order_by("kind", "-from_at"),
        "refusals": Refusal.objects.of(store).order_by("-day", "reason")[:20],
        "secrets": _secrets(store, at),
        "events_url": events_url(store),
        "event_secrets": list(ring.active(store, at)),
    }


def events_url(store: Store) -> str:
    """Where other apps tell what happened to a customer of this shop."""
    return f"{settings.ENV.public_url.rstrip('/')}/events/{store.key}/"


def _secrets(store: Store, at: datetime) -> list[StoreSecret]:
    """The active ones: when they came and when they go, never what they are."""
    return list(secrets_ring.active(store, at))
