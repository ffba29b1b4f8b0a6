"""What a shop's page shows beside its settings: its door, its texts and what went wrong."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from apps.dashboard.alarms import alarms
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
    }


def _secrets(store: Store, at: datetime) -> list[StoreSecret]:
    """The active ones: when they came and when they go, never what they are."""
    return list(secrets_ring.active(store, at))
