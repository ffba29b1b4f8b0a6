"""Flows that are on, for rows that need many of them; their mails are never written here."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from apps.flows.models import Flow
    from apps.stores.models import Store


def switched_on(store: Store, slug: str, trigger: Any, at: datetime) -> Flow:
    """A flow of one mail that began to run an hour ago."""
    from apps.flows import definition, publishing
    from apps.flows.models import Flow, Version

    plan = definition.read(
        {
            "flow": slug, "name": slug.capitalize(), "purpose": "winback", "priority": "win_back", "trigger": trigger,
            "filter": ["address_known"], "reentry": {"every": "30d"},
            "exits": ["order_placed", "unsubscribed", "suppressed", "store_off"],
            "steps": [{"wait": "1d"}, {"send_email": "mail-1"}],
        }
    )  # fmt: skip
    flow = Flow.objects.create(store=store, slug=slug, name=plan.name, draft=plan.plain())
    flow.version = Version.objects.create(flow=flow, number=1, definition=plan.plain(), published_at=at)
    flow.save(update_fields=["version"])
    publishing.go_live(flow, at - timedelta(hours=1))
    return flow
