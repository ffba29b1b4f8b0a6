"""Baskets that fell silent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from apps.core import db
from apps.core.durations import parse_duration_or_off
from apps.events import kinds
from apps.events.log import Happened, append

BATCH = 500

_CLAIM = """
WITH due AS (
    SELECT id FROM carts_cart WHERE due_at <= %(at)s ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE carts_cart c SET status = 'abandoned', abandoned_at = c.due_at, told_customer_id = c.customer_id, due_at = NULL
FROM due, stores_store s WHERE c.id = due.id AND s.id = c.store_id
RETURNING c.id, c.store_id, c.customer_id, c.abandoned_at, c.reached_checkout, c.total::text, c.currency,
    jsonb_array_length(c.lines), c.unmailable, s.rules ->> 'max_age', s.status
"""


def abandon_due(at: datetime, limit: int = BATCH) -> int:
    """Mark a batch of silent baskets as left behind and tell of it, in one transaction."""
    with transaction.atomic():
        found = db.rows(_CLAIM, {"at": at, "limit": limit})
        append([_told(row, at) for row in found], at)
    return len(found)


_LEAVE_BEHIND = """
WITH old AS (
    SELECT c.id FROM carts_cart c WHERE c.status = 'active' AND c.due_at <= %(until)s AND c.id IN (
        SELECT k.cart_id FROM carts_cartkey k
        JOIN unnest(%(stores)s::bigint[], %(kinds)s::text[], %(values)s::text[]) AS t(store_id, kind, value)
            ON (k.store_id, k.kind, k.value) = (t.store_id, t.kind, t.value))
    ORDER BY c.id FOR UPDATE
)
UPDATE carts_cart c SET status = 'abandoned', abandoned_at = c.due_at, told_customer_id = c.customer_id, due_at = NULL
FROM old WHERE c.id = old.id
"""


def pass_over(keys: Sequence[tuple[int, str, str]], until: datetime) -> int:
    """Baskets that had fallen silent before we knew the shop, by (store, kind, value): left behind, and nobody told."""
    if not keys:
        return 0
    stores, kinds_, values = (list(column) for column in zip(*keys, strict=True))
    return db.run(_LEAVE_BEHIND, {"until": until, "stores": stores, "kinds": kinds_, "values": values})


def _told(row: tuple, at: datetime) -> Happened:  # type: ignore[type-arg]
    cart_id, store_id, customer_id, moment, checkout, total, currency, lines, unmailable, max_age, status = row
    return Happened(
        store_id=store_id,
        customer_id=customer_id,
        subject=f"cart:{cart_id}",
        kind=kinds.CART_ABANDONED,
        occurred_at=moment,
        source_key=f"{cart_id}:{moment:%Y%m%dT%H%M%S.%f}:{customer_id or 0}",
        data={
            "cart": cart_id,
            "reached_checkout": checkout,
            "total": total or "0",
            "currency": currency,
            "lines": lines,
            "unmailable": unmailable,
        },
        announced=status == "active" and _is_fresh(moment, max_age, at),
    )


def _is_fresh(moment: datetime, max_age: str | None, at: datetime) -> bool:
    """A basket that came in a day late starts nothing: the shopper has moved on."""
    limit = max_age_of(max_age)
    return limit is None or at - moment <= limit


def max_age_of(setting: str | None) -> timedelta | None:
    """The store's `max_age` rule; 24 hours when it was never set, None when it is off."""
    if not setting:
        return timedelta(hours=24)
    duration = parse_duration_or_off(setting)
    return duration.delta if duration else None
