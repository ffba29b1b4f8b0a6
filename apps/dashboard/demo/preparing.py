"""The demo shop: a store whose clock runs in seconds, so that a newcomer sees the whole story in a minute."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from apps.flows.models import Flow
from apps.flows.presets import install_kit
from apps.flows.publishing import go_live, publish
from apps.stores.adding import add, draft
from apps.stores.models import Store
from apps.stores.settings_changing import change, read_changes

NAME: Final = "De Groene Theepot"
KIT: Final = "starting"
FLOW: Final = "abandoned-checkout"
# From the trigger, as in the preset, only in seconds (decision 9).
WAITS: Final = ("3s", "45s", "90s")

# The rules are off so that mail leaves at any hour (decision 11); a real shop keeps them.
SETTINGS: Final[Mapping[str, str]] = {
    "name": NAME,
    "language": "nl",
    "formality": "je",
    "country": "NL",
    "currency": "EUR",
    "time_zone": "Europe/Amsterdam",
    "abandon_after": "8s",
    "quiet": "off",
    "sunday": "on",
    "window": "off",
    "caps": "off",
    "holdout": "off",
    "run_every": "off",
    "merge_within": "off",
    "feed_max_age": "off",
    "from_email": "hallo@degroenetheepot.example",
    "from_name": "Sanne van De Groene Theepot",
    "postal_address": "Theeweg 8, 5571 AB Bergeijk",
    "registration_number": "KvK 12345678",
    "notice.order": "We kunnen je mailen over wat je bij ons kocht. Afmelden kan altijd.",
    "profile.shipping_cost": "4.95",
    "profile.free_shipping_from": "50.00",
    "profile.delivery_time": "Voor 17.00 uur besteld, morgen in huis.",
    "profile.return_days": "30",
    "profile.return_note": "Retour is gratis.",
    "profile.payment_methods": "iDEAL, Bancontact, PayPal",
    "profile.warranty": "Twee jaar garantie op alles van aardewerk.",
    "profile.safety_line": "Veilig betalen; gegevens gaan nooit naar anderen.",
    "profile.phone": "+31 20 123 45 67",
    "profile.email": "hallo@degroenetheepot.example",
    "profile.opening_hours": "ma t/m vr 9.00-17.00 uur",
    "profile.reply_time": "binnen één werkdag",
    "profile.brand_line": "Losse thee en aardewerk uit de Kempen.",
    "profile.value_line": "Elke theepot is met de hand gedraaid.",
    "profile.service_line": "Vragen over thee? We denken graag mee.",
    "profile.signature": "Sanne van De Groene Theepot",
    "profile.legal_name": "De Groene Theepot B.V.",
    "profile.colour": "#2f6b4f",
}


def prepare(at: datetime) -> Store:
    """The demo shop with its flow running; made once, and then only kept at the engine's address."""
    store = Store.objects.filter(is_demo=True).order_by("pk").first()
    if store is not None:
        return _moved(store, at)
    return _made(at)


@transaction.atomic
def _made(at: datetime) -> Store:
    pairs = [f"{name}={text}" for name, text in {**SETTINGS, **_addresses()}.items()]
    store = add(draft("woocommerce", pairs, [secrets.token_urlsafe(24)]), at, demo=True)
    install_kit(store, KIT, at)
    flow = Flow.objects.of(store).get(slug=FLOW)
    flow.draft = in_seconds(flow.draft)
    flow.save(update_fields=["draft"])
    publish(flow, at)
    go_live(flow, at)
    return store


def _moved(store: Store, at: datetime) -> Store:
    """The engine may listen elsewhere today, and the shop lives on it."""
    addresses = _addresses()
    if store.url != addresses["url"]:
        change(store, read_changes(f"{name}={text}" for name, text in addresses.items()), at)
    return store


def _addresses() -> dict[str, str]:
    home = settings.ENV.public_url
    return {"url": f"{home}/theepot", "profile.logo": f"{home}/static/demo/logo.png"}


def in_seconds(plan: dict[str, Any]) -> dict[str, Any]:
    """The same flow with waits of seconds, one after the other."""
    waits = iter(WAITS)
    steps = [{**step, "wait": next(waits, WAITS[-1])} if "wait" in step else step for step in plan["steps"]]
    return {**plan, "steps": steps}
