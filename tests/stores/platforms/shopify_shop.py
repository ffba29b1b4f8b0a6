"""What the tests of Shopify share."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from apps.stores.platforms.base import Keyring, Request, platforms
from tests.stores.platforms.deliveries import (
    NOON,
    SECRET,
    SHOPS,
    envelope,
    lower,
    shopify,
)

shop = platforms.get("shopify")
RECORDED = {one.name: one for one in shopify()}
FACTS = SHOPS["shopify"]
DOMAIN = "example-shop.myshopify.com"
CHECKOUT = RECORDED["scenarios/recovered/04_checkouts_update"]
ORDER = RECORDED["scenarios/recovered/05_orders_create"]


def ring(*secrets: str, domain: str = DOMAIN) -> Keyring:
    return Keyring(store_id=1, secrets=secrets or (SECRET,), shop_domain=domain)


def signed(body: bytes = CHECKOUT.body, topic: str = "checkouts/update", **more: str) -> Request:
    headers = lower(shop.sign(topic, body, SECRET, NOON, {"X-Shopify-Shop-Domain": DOMAIN}))
    return Request(headers=headers | more, body=body, at=NOON)


def body_of(name: str, **changes: Any) -> dict[str, Any]:
    return json.loads(RECORDED[name].body) | changes


def seen(topic: str, body: Any, headers: dict[str, str] | None = None, **facts: Any) -> list[Any]:
    return list(shop.translate(envelope(topic, body, headers), replace(FACTS, **facts)))


def checkout(**changes: Any) -> Any:
    return seen("checkouts/update", json.loads(CHECKOUT.body) | changes)[0]


def order(**changes: Any) -> Any:
    return seen("orders/updated", json.loads(ORDER.body) | changes)[0]
