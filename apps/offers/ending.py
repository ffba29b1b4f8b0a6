"""What ends: codes nobody used expire, are told of three days before, and leave the shop a month later."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from django.db import transaction

from apps.core import db
from apps.events import kinds
from apps.events.log import Happened, append
from apps.offers.issuing import is_money
from apps.stores.access import access_of, note_trouble
from apps.stores.errors import ShopTrouble
from apps.stores.platforms.base import platforms
from apps.stores.platforms.calling import CodeMade

log = logging.getLogger(__name__)

BATCH: Final = 500
REMIND_DAYS: Final = 3
KEPT: Final = timedelta(days=30)
"""Thousands of old codes slow the shop's own pages (woocommerce.md 2.6)."""
AGAIN: Final = timedelta(days=1)
ENOUGH: Final = timedelta(days=90)
"""A code the shop will not let go, because an order we never saw used it, is left there after this."""
LEASE: Final = timedelta(minutes=10)

_SOON = """
SELECT c.id, c.store_id, c.customer_id, c.offer_id, c.ends_at FROM offers_code c
JOIN stores_store s ON s.id = c.store_id
WHERE c.status = 'issued' AND c.customer_id IS NOT NULL AND s.status = 'active'
  AND c.ends_at > %(at)s AND c.ends_at < %(at)s::timestamptz + make_interval(days => %(days)s + 2)
  AND (c.ends_at AT TIME ZONE s.time_zone)::date - %(days)s <= (%(at)s AT TIME ZONE s.time_zone)::date
  AND (c.ends_at AT TIME ZONE s.time_zone)::date - 2 * %(days)s >= (c.issued_at AT TIME ZONE s.time_zone)::date
"""
"""Days of the shop's own calendar. An offer so short that its news is still fresh is not repeated."""


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """A valid code whose last day comes near, unused."""

    code_id: int
    store_id: int
    customer_id: int
    offer_id: int
    ends_at: datetime


def codes_ending(store_id: int, *, days: int = REMIND_DAYS, at: datetime) -> list[Ending]:
    """The unused codes of a shop whose last day is so many days away, or nearer."""
    found = db.rows(f"{_SOON} AND c.store_id = %(store)s ORDER BY c.id", {"at": at, "days": days, "store": store_id})
    return [_ending(row) for row in found]


def _ending(row: tuple[Any, ...]) -> Ending:
    return Ending(code_id=row[0], store_id=row[1], customer_id=row[2], offer_id=row[3], ends_at=row[4])


def tell_ending(at: datetime, limit: int = BATCH) -> int:
    """Append `offer.ending` once for each code that ends in three days and was not used."""
    with transaction.atomic():
        found = db.rows(
            f"{_SOON} AND c.ending_told_at IS NULL ORDER BY c.ends_at, c.id LIMIT %(limit)s"
            " FOR NO KEY UPDATE OF c SKIP LOCKED",
            {"at": at, "days": REMIND_DAYS, "limit": limit},
        )
        endings = [_ending(row) for row in found]
        append([_told(one, at) for one in endings], at)
        db.run(
            "UPDATE offers_code SET ending_told_at = %s WHERE id = ANY(%s::bigint[])",
            [at, [one.code_id for one in endings]],
        )
    return len(endings)


def _told(one: Ending, at: datetime) -> Happened:
    return Happened(
        store_id=one.store_id,
        customer_id=one.customer_id,
        subject=f"code:{one.code_id}",
        kind=kinds.OFFER_ENDING,
        occurred_at=at,
        source_key=str(one.code_id),
        data={"code": one.code_id, "offer": one.offer_id, "ends_at": one.ends_at.isoformat()},
    )


_EXPIRE = """
UPDATE offers_code c SET status = CASE WHEN c.issued_at IS NULL AND c.attempts = 0 THEN 'withdrawn' ELSE 'expired' END,
    due_at = CASE WHEN c.issued_at IS NULL AND c.attempts = 0 THEN NULL ELSE c.ends_at + %(kept)s END, token = NULL
FROM (
    SELECT id FROM offers_code WHERE status IN ('wanted', 'issuing', 'issued') AND ends_at < %(at)s
    ORDER BY ends_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) AS over WHERE c.id = over.id
"""


def expire_due(at: datetime, limit: int = BATCH) -> int:
    """Codes whose last second is past: unused. One the shop was never asked for is gone at once."""
    return db.run(_EXPIRE, {"at": at, "kept": KEPT, "limit": limit})


_TAKE_BACK = """
UPDATE offers_code c SET status = CASE WHEN c.status = 'wanted' AND c.attempts = 0 THEN 'withdrawn' ELSE 'expired' END,
    due_at = CASE WHEN c.status = 'wanted' AND c.attempts = 0 THEN NULL ELSE %(at)s END, token = NULL
WHERE c.id = ANY(%(ids)s::bigint[]) AND c.status IN ('wanted', 'issuing', 'issued')
"""


def take_back(codes: Sequence[int], at: datetime) -> int:
    """These codes are not to be used: nobody was told of them. The shop deletes them with the next tick."""
    return db.run(_TAKE_BACK, {"ids": list(codes), "at": at})


_CLAIM = """
WITH next AS (
    SELECT c.store_id FROM offers_code c JOIN stores_store s ON s.id = c.store_id
    JOIN stores_connection n ON n.store_id = s.id AND n.credentials_sealed <> ''
    WHERE c.status = 'expired' AND c.due_at <= %(at)s AND s.status = 'active'
      AND (n.paused_until IS NULL OR n.paused_until <= %(at)s)
    ORDER BY c.due_at, c.id LIMIT 1
)
UPDATE offers_code c SET due_at = %(lease)s, token = %(token)s
FROM (
    SELECT c.id FROM offers_code c JOIN next USING (store_id) WHERE c.status = 'expired' AND c.due_at <= %(at)s
    ORDER BY c.due_at, c.id LIMIT %(limit)s FOR UPDATE OF c SKIP LOCKED
) AS due, stores_store s, offers_offer f
WHERE c.id = due.id AND s.id = c.store_id AND f.id = c.offer_id
RETURNING c.id, c.store_id, s.platform, c.code, c.external_id, c.parent, f.kind
"""

_CLOSE = """
UPDATE offers_code c SET status = CASE WHEN t.gone OR c.ends_at < %(enough)s THEN 'withdrawn' ELSE 'expired' END,
    due_at = CASE WHEN t.gone OR c.ends_at < %(enough)s THEN NULL ELSE %(again)s END, trouble = t.trouble, token = NULL
FROM unnest(%(ids)s::bigint[], %(gone)s::boolean[], %(troubles)s::text[]) AS t(id, gone, trouble)
WHERE c.id = t.id AND c.status = 'expired' AND c.token = %(token)s
"""


def withdraw_due(at: datetime, limit: int = 100) -> int:
    """Delete a batch of one shop's old unused codes there; returns how many were taken in hand."""
    token = uuid.uuid4()
    found = db.rows(_CLAIM, {"at": at, "lease": at + LEASE, "token": token, "limit": limit})
    if not found:
        return 0
    store_id, platform = found[0][1], platforms.get(found[0][2])
    # Credit on an account ends by itself, and what has no number in the shop cannot be named there.
    made = [
        CodeMade(code=row[3], external_id=row[4], parent=row[5])
        for row in found
        if row[4] and not is_money(row[6], platform)
    ]
    try:
        left = {refused.code.upper(): refused.trouble.value for refused in platform.withdraw(access_of(store_id), made)}
    except ShopTrouble as trouble:
        note_trouble(store_id, trouble, at)
        left = {one.code: trouble.trouble.value for one in made}
    db.run(
        _CLOSE,
        {
            "ids": [row[0] for row in found],
            "gone": [row[3] not in left for row in found],
            "troubles": [left.get(row[3], "") for row in found],
            "again": at + AGAIN,
            "enough": at - ENOUGH,
            "token": token,
        },
    )
    return len(found)
