"""Recorded deliveries of both platforms, as the tests use them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from apps.core.registry import load_all
from apps.stores.errors import Ignored, Unreadable
from apps.stores.platforms.base import Envelope, Platform, Request, ShopFacts, platforms

load_all("apps.stores.platforms")

FIXTURES = Path(__file__).parents[3] / "fixtures"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = "a-shop's-own-secret"
SHOPS = {
    "woocommerce": ShopFacts(currency="EUR", language="nl", country="NL", url="http://127.0.0.1:8089"),
    "shopify": ShopFacts(currency="USD", language="en", country="US", url="https://shop.example.com"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    platform: str
    name: str
    topic: str
    body: bytes
    headers: Mapping[str, str]
    secret: str | None = None
    signed: bool = False

    def request(self, *, body: bytes | None = None, at: datetime = NOON, **more: str) -> Request:
        return Request(headers={**self.headers, **more}, body=self.body if body is None else body, at=at)

    def envelope(self, body: bytes | None = None) -> Envelope:
        return envelope(self.topic, self.body if body is None else body, self.headers)


def envelope(topic: str, body: Any, headers: Mapping[str, str] | None = None) -> Envelope:
    headers = headers or {}
    triggered = headers.get("x-shopify-triggered-at")
    return Envelope(
        topic=topic,
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        received_at=NOON,
        triggered_at=datetime.fromisoformat(triggered) if triggered else None,
        headers=headers,
    )


def lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def woocommerce() -> Iterator[Delivery]:
    for path in sorted((FIXTURES / "woocommerce").rglob("*.http.json")):
        recorded = json.loads(path.read_text())
        headers = lower(recorded["headers"])
        secret = recorded.get("effective_secret") or recorded.get("secret")
        yield Delivery(
            platform="woocommerce",
            name=str(path.relative_to(FIXTURES / "woocommerce")).removesuffix(".http.json"),
            topic=headers.get("x-wc-webhook-topic", "ping"),
            body=recorded["body"].encode(),
            headers=headers,
            secret=recorded.get("secret"),
            signed="x-wc-webhook-signature" in headers and secret is not None,
        )


def shopify() -> Iterator[Delivery]:
    root = FIXTURES / "shopify"
    for folder in (root, root / "2024-10"):
        for path in sorted(folder.glob("*.json")):
            if path.name != "HEADERS.json":
                name = str(path.relative_to(root)).removesuffix(".json")
                yield _shopify(name, shopify_topic(path.stem), path, {})
    for plan in sorted(root.glob("scenarios/*/DELIVERIES.json")):
        for one in json.loads(plan.read_text())["arrival_order"]:
            path = plan.parent / one["file"]
            name = str(path.relative_to(root)).removesuffix(".json")
            yield _shopify(name, one["headers"]["X-Shopify-Topic"], path, one["headers"])


def _shopify(name: str, topic: str, path: Path, headers: Mapping[str, str]) -> Delivery:
    return Delivery(platform="shopify", name=name, topic=topic, body=path.read_bytes(), headers=lower(headers))


def shopify_topic(stem: str) -> str:
    """`customers_email_marketing_consent_update` → `customers_email_marketing_consent/update`."""
    if "." in stem:
        return stem
    for family in ("variants", "bulk_operations", "order_transactions", "inventory_levels"):
        if stem.startswith(family + "_"):
            return f"{family}/{stem[len(family) + 1 :]}"
    if stem.startswith(("customers_data_", "customers_purchasing_", "discounts_", "app_", "orders_partially")):
        return stem.replace("_", "/", 1)
    return "/".join(stem.rsplit("_", 1))


def everything() -> list[Delivery]:
    return [*woocommerce(), *shopify()]


def platform(delivery: Delivery) -> Platform:
    return platforms.get(delivery.platform)


def told(delivery: Delivery, body: bytes | None = None) -> dict[str, Any]:
    """What a delivery becomes, as plain JSON."""
    try:
        seen = platform(delivery).translate(delivery.envelope(body), SHOPS[delivery.platform])
    except Ignored as error:
        return {"ignored": str(error)}
    except Unreadable as error:
        return {"unreadable": error.code}
    return {"snapshots": [{"snapshot": type(one).__name__} | msgspec.to_builtins(one, str_keys=True) for one in seen]}
