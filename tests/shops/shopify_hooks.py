"""Webhooks of a pretended Shopify: subscriptions, their refusals, and deliveries that may fail."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import uuid
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.shops.shopify_things import gid

PROTECTED = ("CARTS_", "CHECKOUTS_", "ORDERS_", "CUSTOMERS_", "CUSTOMER_", "REFUNDS_", "FULFILLMENT")
NOT_APPROVED = (
    "This app is not approved to subscribe to webhook topics containing protected customer data. See "
    "https://shopify.dev/docs/apps/launch/protected-customer-data for more details."
)
_NEEDS = {"ORDERS": "read_orders", "CHECKOUTS": "read_orders", "CARTS": "read_orders", "REFUNDS": "read_orders",
          "CUSTOMERS": "read_customers", "PRODUCTS": "read_products", "VARIANTS": "read_products",
          "FULFILLMENTS": "read_fulfillments", "FULFILLMENT": "read_fulfillments"}  # fmt: skip
MOST_FAILURES = 8


class Hooks:
    def __init__(self, domain: str) -> None:
        self.domain = domain
        self.all: dict[str, dict[str, Any]] = {}
        self.version = "2026-10"
        self._failures: Counter[str] = Counter()
        self._next = 1_927_961_000_000

    def topics(self) -> set[str]:
        return {one["topic"] for one in self.all.values()}

    def forgets(self, topic: str) -> None:
        """Somebody, or Shopify itself, removed it."""
        self.all = {key: one for key, one in self.all.items() if one["topic"] != topic}

    def delivers(self, topic: str, body: dict[str, Any], *, secret: str, at: datetime | None = None) -> list[int]:
        """Send this to all who asked for it; after eight failures in a row a subscription is gone."""
        statuses = []
        for key, one in list(self.all.items()):
            if one["topic"] == topic.upper().replace("/", "_"):
                statuses.append(self._sent(key, one["uri"], topic, body, secret, at or datetime.now(UTC)))
        return statuses

    def _sent(self, key: str, uri: str, topic: str, body: dict[str, Any], secret: str, at: datetime) -> int:
        raw = json.dumps(body).encode()
        headers = {
            "User-Agent": "Shopify-Captain-Hook", "Content-Type": "application/json", "X-Shopify-Topic": topic,
            "X-Shopify-Shop-Domain": self.domain, "X-Shopify-API-Version": self.version,
            "X-Shopify-Webhook-Id": str(uuid.uuid4()), "X-Shopify-Event-Id": str(uuid.uuid4()),
            "X-Shopify-Triggered-At": at.strftime("%Y-%m-%dT%H:%M:%S.%f000Z"),
            "X-Shopify-Hmac-Sha256": base64.b64encode(hmac.digest(secret.encode(), raw, hashlib.sha256)).decode(),
        }  # fmt: skip
        try:
            status = requests.post(uri, data=raw, headers=headers, timeout=5, allow_redirects=False).status_code
        except requests.RequestException:
            status = 0
        self._failures[key] = 0 if 200 <= status < 300 else self._failures[key] + 1
        if self._failures[key] >= MOST_FAILURES:
            del self.all[key]
        return status

    # --- answering ---

    def does_webhookSubscriptions(self, args: dict[str, Any], shop: Any) -> Any:  # noqa: N802
        wanted = args.get("topics")
        return [one for one in self.all.values() if not wanted or one["topic"] in wanted]

    def does_webhookSubscriptionCreate(self, args: dict[str, Any], shop: Any) -> Any:  # noqa: N802
        topic, wanted = str(args["topic"]), args["webhookSubscription"]
        if why := self._objection(topic, wanted, shop):
            return _refused(*why)
        self._next += 1
        key = gid("WebhookSubscription", self._next)
        self.all[key] = {
            "id": key, "topic": topic, "uri": wanted["uri"], "format": str(wanted.get("format") or "JSON"),
            "filter": wanted.get("filter"), "includeFields": wanted.get("includeFields") or [],
            "apiVersion": {"handle": self.version},
        }  # fmt: skip
        return {"webhookSubscription": self.all[key], "userErrors": []}

    def _objection(self, topic: str, wanted: dict[str, Any], shop: Any) -> tuple[list[str], str] | None:
        uri = wanted.get("uri") or ""
        parts = urlsplit(uri)
        if parts.scheme != "https" and parts.hostname != "127.0.0.1":
            return ["webhookSubscription", "callbackUrl"], f"Address protocol {parts.scheme}:// is not supported"
        if not shop.protected and topic.startswith(PROTECTED):
            return ["webhookSubscription"], NOT_APPROVED
        scope = _NEEDS.get(topic.split("_", maxsplit=1)[0], "")
        if topic == "CUSTOMERS_MERGE":
            scope = "read_customer_merge"
        if scope and scope not in shop.scopes:
            return ["topic"], f"You do not have permission to create or update webhooks with {topic.lower()} topic"
        same = (topic, uri, wanted.get("filter"))
        if same in {(one["topic"], one["uri"], one["filter"]) for one in self.all.values()}:
            return ["webhookSubscription", "callbackUrl"], "Address for this topic has already been taken"
        return None

    def does_webhookSubscriptionUpdate(self, args: dict[str, Any], shop: Any) -> Any:  # noqa: N802
        one = self.all.get(args["id"])
        if one is None:
            return _refused(["id"], "Webhook subscription does not exist")
        wanted = args["webhookSubscription"]
        one |= {name: wanted[name] for name in ("uri", "filter", "includeFields") if name in wanted}
        one["format"] = str(wanted.get("format") or one["format"])
        return {"webhookSubscription": one, "userErrors": []}


def _refused(where: list[str], message: str) -> dict[str, Any]:
    return {"webhookSubscription": None, "userErrors": [{"field": where, "message": message}]}
