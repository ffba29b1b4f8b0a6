"""Is this really from Shopify, and for this shop? (shopify.md 1.1 and 1.2)"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

from apps.stores.errors import SignatureRefused
from apps.stores.platforms.base import Admitted, Keyring, Request

_KEPT = (
    "user-agent",
    "x-shopify-shop-domain",
    "x-shopify-api-version",
    "x-shopify-event-id",
    "x-shopify-name",
    "x-shopify-test",
)
_ID = re.compile(r"[\x21-\x7e]{8,100}")


def authenticate(request: Request, ring: Keyring) -> Admitted:
    """The signature covers the body only, so the shop named beside it must be this store."""
    headers = request.headers
    if not _any_matches(headers.get("x-shopify-hmac-sha256", ""), request.body, ring.secrets):
        raise SignatureRefused("the signature is not this store's")
    domain = headers.get("x-shopify-shop-domain", "").strip().lower()
    if ring.shop_domain and domain != ring.shop_domain.strip().lower():
        raise SignatureRefused("the delivery is for another shop")
    topic = headers.get("x-shopify-topic", "").strip()[:100]
    if not topic:
        raise SignatureRefused("a delivery names its topic")
    return Admitted(
        topic=topic,
        dedupe_key=_dedupe_key(headers.get("x-shopify-webhook-id", ""), topic, request.body),
        external_id=headers.get("x-shopify-webhook-id", "")[:100],
        triggered_at=_triggered_at(headers.get("x-shopify-triggered-at", "")),
        version=headers.get("x-shopify-api-version", "")[:20],
        test=headers.get("x-shopify-test", "").strip().lower() == "true",
        headers={name: headers[name][:300] for name in _KEPT if name in headers},
    )


def _any_matches(given: str, body: bytes, secrets: tuple[str, ...]) -> bool:
    """Tries every secret whatever the outcome, so that time tells nothing."""
    try:
        claimed = base64.b64decode(given.strip(), validate=True)
    except (binascii.Error, ValueError):
        return False
    matches = [hmac.compare_digest(_digest(body, secret), claimed) for secret in secrets if secret]
    return any(matches)


def _digest(body: bytes, secret: str) -> bytes:
    return hmac.digest(secret.encode("utf-8", "surrogatepass"), body, "sha256")


def _dedupe_key(webhook_id: str, topic: str, body: bytes) -> str:
    """One id per delivery, the same on its retries (decision 17)."""
    if _ID.fullmatch(webhook_id):
        return webhook_id
    return hashlib.sha256(topic.encode("utf-8", "replace") + b"\0" + body).hexdigest()


def _triggered_at(value: str) -> datetime | None:
    """Nine fraction digits are usual; Python cuts them to six."""
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def sign(topic: str, body: bytes, secret: str, at: datetime, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers Shopify would send. Ids and times of a recorded delivery are kept, others are
    made.
    """
    given = {name.lower(): value for name, value in headers.items()}
    triggered = at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
    made = {
        "User-Agent": "Shopify-Captain-Hook",
        "Content-Type": "application/json",
        "X-Shopify-Topic": topic,
        "X-Shopify-Shop-Domain": given.get("x-shopify-shop-domain", "example-shop.myshopify.com"),
        "X-Shopify-API-Version": given.get("x-shopify-api-version", "2026-10"),
        "X-Shopify-Webhook-Id": given.get("x-shopify-webhook-id") or str(uuid.uuid4()),
        "X-Shopify-Event-Id": given.get("x-shopify-event-id") or str(uuid.uuid4()),
        "X-Shopify-Triggered-At": given.get("x-shopify-triggered-at") or triggered,
        "X-Shopify-Hmac-Sha256": base64.b64encode(_digest(body, secret)).decode(),
    }
    optional = {"X-Shopify-Test": "x-shopify-test", "X-Shopify-Name": "x-shopify-name"}
    return made | {name: given[key] for name, key in optional.items() if key in given}
