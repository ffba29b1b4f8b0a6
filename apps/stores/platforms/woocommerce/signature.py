"""Is this really from the shop? WooCommerce's signature, its ping, and the companion's two
versions.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import uuid
from collections.abc import Mapping
from datetime import datetime

from apps.stores.errors import SignatureRefused
from apps.stores.platforms.base import Admitted, Keyring, Request

COMPANION_TOPICS = frozenset({"cart.updated", "cart.emptied", "consent.changed", "privacy.erase"})
TOLERANCE = 300
"""Seconds a companion's timestamp may be off (decision 20)."""

_PING = re.compile(rb"webhook_id=\d{1,20}\s*\Z")
_AGENT = re.compile(r"WooCommerce/(\d+(?:\.\d+){0,3})")
_TIMESTAMP = re.compile(r"\d{1,12}", re.ASCII)
_TIMED = re.compile(rb'"(?:date_modified(?:_gmt)?|at)"\s*:\s*"')
_KEPT = ("user-agent", "x-wc-webhook-source", "x-wc-webhook-id", "x-wc-webhook-delivery-id")
# What WordPress decodes, no more: no &apos;, and of hexadecimal forms only the quotes and the
# ampersand.
_NAMED = {"amp": "&", "lt": "<", "gt": ">", "quot": '"'}
_SPECIAL = re.compile(r"&(amp|lt|gt|quot|#0*(?:34|38|39|60|62)|#[xX]0*(?:22|26|27));")


def key_of(secret: str) -> bytes:
    """The bytes WooCommerce signs with: the secret after `wp_specialchars_decode(…, ENT_QUOTES)`,
    one pass.
    """
    if "&" in secret:
        secret = _SPECIAL.sub(_special, secret)
    return secret.encode("utf-8", "surrogatepass")


def _special(match: re.Match[str]) -> str:
    entity = match[1]
    if entity in _NAMED:
        return _NAMED[entity]
    return chr(int(f"0{entity[1:]}", 0) if entity[1] in "xX" else int(entity[1:]))


def digest(message: bytes, secret: str) -> bytes:
    return base64.b64encode(hmac.digest(key_of(secret), message, "sha256"))


def authenticate(request: Request, ring: Keyring) -> Admitted:
    headers = request.headers
    given = headers.get("x-wc-webhook-signature", "")
    if not given and "x-wc-webhook-topic" not in headers and _PING.match(request.body):
        # Sent once, unsigned, while the webhook is made; a refusal would look like a broken
        # address.
        return Admitted(topic="ping", dedupe_key="ping", store=False)
    companion = _is_companion(headers)
    signed, version = _signed_message(request, ring) if companion else (request.body, 1)
    if not _any_matches(given, signed, ring.secrets):
        raise SignatureRefused("the signature is not this store's")
    return _admitted(request, version=version, companion=companion)


def _is_companion(headers: Mapping[str, str]) -> bool:
    # By topic as well: leaving the companion's own headers out must not lead around its timestamp.
    names_itself = "x-rcv-timestamp" in headers or "x-rcv-signature-version" in headers
    return names_itself or headers.get("x-wc-webhook-topic", "") in COMPANION_TOPICS


def _signed_message(request: Request, ring: Keyring) -> tuple[bytes, int]:
    """What a companion signed (decision 20): `timestamp.body`, or the body alone until version 2
    was once seen.
    """
    if request.headers.get("x-rcv-signature-version", "1").strip() != "2":
        if ring.signature_version >= 2:
            raise SignatureRefused("this store signs with a timestamp")
        return request.body, 1
    stamp = request.headers.get("x-rcv-timestamp", "")
    if not _TIMESTAMP.fullmatch(stamp) or abs(request.at.timestamp() - int(stamp)) > TOLERANCE:
        raise SignatureRefused("the timestamp is not of these five minutes")
    return stamp.encode() + b"." + request.body, 2


def _any_matches(given: str, message: bytes, secrets: tuple[str, ...]) -> bool:
    """Tries every secret whatever the outcome, so that time tells nothing."""
    claimed = given.strip().encode("utf-8", "replace")
    matches = [hmac.compare_digest(digest(message, secret), claimed) for secret in secrets if secret]
    return any(matches)


def _admitted(request: Request, *, version: int, companion: bool) -> Admitted:
    headers = request.headers
    topic = headers.get("x-wc-webhook-topic", "").strip()[:100]
    agent = _AGENT.search(headers.get("user-agent", ""))
    return Admitted(
        # A companion may use its webhook's own topic name for its batches.
        topic=topic.replace("rcv_cart.", "cart.", 1) if companion else topic,
        dedupe_key=_dedupe_key(request, topic),
        external_id=headers.get("x-wc-webhook-delivery-id", "")[:100],
        version=agent[1] if agent else "",
        signature_version=version,
        headers={name: headers[name][:300] for name in _KEPT if name in headers},
    )


def _dedupe_key(request: Request, topic: str) -> str:
    """Decision 17. The Delivery-ID is no key: two deliveries of one second share it."""
    parts = [
        request.headers.get("x-wc-webhook-id", "").encode("utf-8", "replace"),
        topic.encode("utf-8", "replace"),
    ]
    if not _TIMED.search(request.body):
        # `{"id": 23}` looks the same when the thing is trashed a second time.
        parts.append(request.at.strftime("%Y-%m-%dT%H").encode())
    return hashlib.sha256(b"\0".join([*parts, request.body])).hexdigest()


def sign(topic: str, body: bytes, secret: str, at: datetime, headers: Mapping[str, str]) -> dict[str, str]:
    """The headers the shop would send. Ids of a recorded delivery are kept, others are made."""
    given = {name.lower(): value for name, value in headers.items()}
    if not topic or topic == "ping":
        return {"User-Agent": _agent(given), "Content-Type": "application/x-www-form-urlencoded"}
    made = {
        "User-Agent": _agent(given),
        "Content-Type": "application/json",
        "X-WC-Webhook-Source": given.get("x-wc-webhook-source", "https://shop.example/"),
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-Delivery-ID": given.get("x-wc-webhook-delivery-id", ""),
    }
    if topic in COMPANION_TOPICS:
        return made | _sign_companion(body, secret, at, made)
    return made | _sign_native(topic, body, secret, given, made)


def _agent(given: Mapping[str, str]) -> str:
    return given.get("user-agent", "WooCommerce/11.0.1 Hookshot (WordPress/7.0.4)")


def _sign_native(
    topic: str, body: bytes, secret: str, given: Mapping[str, str], made: Mapping[str, str]
) -> dict[str, str]:
    resource, _, event = topic.partition(".")
    return {
        "X-WC-Webhook-Resource": resource,
        "X-WC-Webhook-Event": event,
        "X-WC-Webhook-Signature": digest(body, secret).decode(),
        "X-WC-Webhook-ID": given.get("x-wc-webhook-id", "1"),
        "X-WC-Webhook-Delivery-ID": made["X-WC-Webhook-Delivery-ID"] or uuid.uuid4().hex,
    }


def _sign_companion(body: bytes, secret: str, at: datetime, made: Mapping[str, str]) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    return {
        "X-Rcv-Timestamp": stamp,
        "X-Rcv-Signature-Version": "2",
        "X-WC-Webhook-Signature": digest(stamp.encode() + b"." + body, secret).decode(),
        "X-WC-Webhook-Delivery-ID": made["X-WC-Webhook-Delivery-ID"] or str(uuid.uuid4()),
    }
