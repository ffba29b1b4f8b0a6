"""What the tests of WooCommerce share."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from apps.stores.platforms.base import Keyring, platforms
from apps.stores.platforms.woocommerce import WooCommerce
from tests.stores.platforms.deliveries import (
    SHOPS,
    envelope,
    woocommerce,
)

shop = platforms.get("woocommerce")
assert isinstance(shop, WooCommerce)
RECORDED = {one.name: one for one in woocommerce()}
SIGNED = [one for one in RECORDED.values() if one.signed]
FACTS = SHOPS["woocommerce"]


def ring(*secrets: str | None, version: int = 1) -> Keyring:
    return Keyring(store_id=1, secrets=tuple(one for one in secrets if one), signature_version=version)


def order(**changes: Any) -> dict[str, Any]:
    return json.loads(RECORDED["order.created.block-pending"].body) | changes


def seen(body: dict[str, Any], topic: str = "order.updated", **facts: Any) -> list[Any]:
    return list(shop.translate(envelope(topic, body), replace(FACTS, **facts)))
