"""From a kept post to snapshots: one per event, or none when it cannot be read any more."""

from __future__ import annotations

import hashlib

import msgspec

from apps.ingestion.custom import payloads
from apps.ingestion.custom.payloads import Told, Wrong
from apps.stores.errors import Unreadable
from apps.stores.platforms.base import Envelope
from apps.stores.platforms.cleaning import aware, email, key
from apps.stores.snapshots import CustomSeen, Person

TOPIC = "mandje.events"
"""The topic of such a delivery, whatever the shop runs on."""


def translate(envelope: Envelope) -> list[CustomSeen]:
    """The events of one post. Raises Unreadable."""
    try:
        told = payloads.read(envelope.body, envelope.received_at)
    except Wrong as wrong:
        raise Unreadable(wrong.code, f"{wrong.detail} - at `{wrong.field}`") from None
    message = (envelope.headers or {}).get("webhook-id", "")
    return [_seen(one, message) for one in told]


def _seen(told: Told, message: str) -> CustomSeen:
    # Its own id, else its content within its message: a batch may lose others, and this one stays the same.
    content = msgspec.json.encode(told)
    own = f"id:{told.id}" if told.id else f"{message}:{hashlib.sha256(content).hexdigest()}"
    return CustomSeen(
        at=aware(told.time),
        tie=(0, hashlib.sha256(content).hexdigest()),
        person=Person(account=key(told.customer_id), email=email(told.email)),
        name=told.kind,
        order=told.order or "",
        properties=dict(told.properties),
        tags=None if told.tags is None else tuple(told.tags),
        birthday=None if told.birthday is None else (int(told.birthday[:2]), int(told.birthday[3:])),
        key=hashlib.sha256(own.encode("utf-8", "replace")).hexdigest(),
    )
