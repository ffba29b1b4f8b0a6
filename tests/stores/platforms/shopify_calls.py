"""What the tests of asking a Shopify shop share."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from apps.core.registry import load_all
from apps.stores.platforms.base import ShopFacts, platforms
from apps.stores.platforms.calling import CodeWanted, Door
from tests.stores.platforms.deliveries import FIXTURES

load_all("apps.stores.platforms")

shopify = platforms.get("shopify")
FACTS = ShopFacts(
    currency="EUR", language="nl", country="NL", url="https://theepot.example", shop_domain="theepot.myshopify.com"
)
DOOR = Door(url="https://mail.example.com/webhooks/shopify/abc/", secret="s" * 40)
ADA = "ada@shopper.example"
BEN = "ben@shopper.example"


def recorded(name: str) -> Any:
    """One of the answers in `fixtures/shopify/graphql`."""
    return json.loads((FIXTURES / "shopify" / "graphql" / f"{name}.json").read_text())


def whole_second(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)


def code(name: str, at: datetime, **more: Any) -> CodeWanted:
    at = whole_second(at)
    return CodeWanted(
        **{
            "code": name, "kind": "percent", "value": Decimal(10), "currency": "EUR", "starts_at": at,
            "ends_at": at + timedelta(days=3), "title": "Terug", "batch": "offer-1/monday",
        } | more
    )  # fmt: skip
