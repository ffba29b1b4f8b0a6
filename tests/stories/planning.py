"""Flows of an owner's own making, in the words of their file, with mails that ship with the engine."""

from __future__ import annotations

from typing import Any

from tests.shopkeeping import Shop

ANY = "thank-you-first-order-1"
"""A mail that needs nothing but its person."""


def live(shop: Shop, name: str, trigger: Any, **changes: Any) -> Any:
    """A flow of one mail, on from this moment; returns it."""
    from apps.flows import definition, plans, presets, publishing

    words = {
        "flow": name, "name": name.capitalize(), "purpose": "other", "priority": "after_purchase", "trigger": trigger,
        "reentry": "per_subject", "exits": ["unsubscribed", "suppressed", "store_off"],
        "steps": [{"send_email": ANY}],
    }  # fmt: skip
    plan = definition.read({**words, **changes})
    plans.forget()
    presets.install_missing_templates(shop.store, plan)
    flow = publishing.save_draft(shop.store.pk, plan)
    publishing.publish(flow, shop.world.at)
    publishing.go_live(flow, shop.world.at)
    return flow


def preset(shop: Shop, name: str) -> Any:
    """A flow that ships with the engine, on from this moment."""
    from apps.flows import plans, presets, publishing

    plans.forget()
    flow = presets.install(shop.store, name, shop.world.at)
    publishing.go_live(flow, shop.world.at)
    return flow
