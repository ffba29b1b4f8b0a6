"""Keeping figures and memberships true: at once for whoever did something, and every night for everybody.

At the shop's midnight its gap, thirds and scores are made anew and all its segments looked at, each in a statement:
that is when conditions that speak of days come true. After it a round goes through all people in key order, a bit per
tick, and makes good what was missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction

from apps.core import db
from apps.events import kinds
from apps.events.listeners import Told, listens
from apps.segments.entering import refresh_people, refresh_shop
from apps.segments.measuring import measure
from apps.segments.shopwide import measure_shop

BATCH: Final = 500
ROUND: Final = 2000
"""So many people per tick in the nightly round: a million within an hour and a half, and no load to notice."""
MIDNIGHT: Final = time(0)

_UNTOUCH = """
DELETE FROM segments_touched WHERE customer_id IN (
    SELECT customer_id FROM segments_touched WHERE customer_id = ANY(%s::bigint[])
    ORDER BY customer_id FOR UPDATE SKIP LOCKED)
"""


@listens(
    kinds.ORDER_PLACED, kinds.ORDER_PAID, kinds.ORDER_CANCELLED, kinds.ORDER_REFUNDED, kinds.CART_ABANDONED,
    kinds.MAIL_CLICKED, kinds.MAIL_OPENED, kinds.SURVEY_ANSWERED, kinds.REVIEW_GIVEN, kinds.CONSENT_CHANGED,
    kinds.CUSTOMER_UNSUBSCRIBED, kinds.CUSTOMER_SUPPRESSED, kinds.CUSTOMER_CREATED, kinds.CUSTOM,
)  # fmt: skip
def keep_people(events: Sequence[Told], at: datetime) -> None:
    """Whoever did something is measured anew before anybody above decides by it."""
    ids = sorted({event.customer_id for event in events if event.customer_id is not None})
    db.run(_UNTOUCH, [ids])
    keep(ids, at)


def keep(customers: Sequence[int], at: datetime, *, silently: bool = False) -> None:
    """Figures and memberships of these people, in the caller's transaction."""
    ids = sorted(set(customers))
    if ids:
        measure(ids, at)
        refresh_people(ids, at, silently=silently)


def keep_due(at: datetime) -> int:
    """One bit of what waits: people who were touched, else a shop whose midnight came, else a bit of a round."""
    return _keep_touched(at) or _keep_shop(at) or _go_round(at)


# Taken away first: whoever is touched meanwhile waits for us and is touched again.
_TAKE = """
DELETE FROM segments_touched WHERE customer_id IN (
    SELECT customer_id FROM segments_touched ORDER BY customer_id LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING customer_id, silent
"""


def _keep_touched(at: datetime) -> int:
    with transaction.atomic():
        taken = db.rows(_TAKE, [BATCH])
        keep([row[0] for row in taken if row[1]], at, silently=True)
        keep([row[0] for row in taken if not row[1]], at)
    return len(taken)


_DUE_SHOP = """
SELECT g.store_id, s.time_zone FROM segments_shopfigures g JOIN stores_store s ON s.id = g.store_id
WHERE g.due_at <= %s AND g.measured_at IS NOT NULL AND s.status <> 'uninstalled'
ORDER BY g.due_at, g.store_id LIMIT 1 FOR UPDATE OF g SKIP LOCKED
"""
_SHOP_KEPT = "UPDATE segments_shopfigures SET due_at = %s, after_customer = %s WHERE store_id = %s"


def _keep_shop(at: datetime) -> int:
    """A shop's midnight: thirds, scores and all segments; then its round begins."""
    with transaction.atomic():
        found = db.rows(_DUE_SHOP, [at])
        for store_id, zone in found:
            measure_shop(store_id, at)
            refresh_shop(store_id, at)
            db.run(_SHOP_KEPT, [next_midnight(at, ZoneInfo(zone)), 0, store_id])
    return len(found)


_NEWCOMERS = """
INSERT INTO segments_shopfigures (store_id, due_at, after_customer, buyers, gaps)
SELECT s.id, %(at)s, 0, 0, 0 FROM stores_store s
WHERE s.status <> 'uninstalled' AND NOT EXISTS (SELECT 1 FROM segments_shopfigures g WHERE g.store_id = s.id)
ON CONFLICT DO NOTHING
"""
_NEXT_ROUND = """
SELECT g.store_id, g.after_customer, g.measured_at, s.time_zone
FROM segments_shopfigures g JOIN stores_store s ON s.id = g.store_id WHERE g.after_customer IS NOT NULL
ORDER BY g.measured_at NULLS FIRST, g.store_id LIMIT 1 FOR UPDATE OF g SKIP LOCKED
"""
_NEXT_PEOPLE = """
SELECT id FROM customers_customer WHERE store_id = %s AND id > %s AND erased_at IS NULL ORDER BY id LIMIT %s
"""


def _go_round(at: datetime) -> int:
    """Measure the next people of a round; 0, so that the tick ends and the next bit waits for the next tick."""
    db.run(_NEWCOMERS, {"at": at})
    with transaction.atomic():
        for store_id, after, measured_at, zone in db.rows(_NEXT_ROUND):
            ids = [row[0] for row in db.rows(_NEXT_PEOPLE, [store_id, after, ROUND])]
            measure(ids, at)
            last = ids[-1] if len(ids) == ROUND else None
            db.run("UPDATE segments_shopfigures SET after_customer = %s WHERE store_id = %s", [last, store_id])
            if last is None and measured_at is None:
                _begin_shop(store_id, at, zone)
    return 0


def _begin_shop(store_id: int, at: datetime, zone: str) -> None:
    """After its very first round a shop has thirds and scores, and memberships that nobody is told of."""
    measure_shop(store_id, at)
    refresh_shop(store_id, at, silently=True)
    db.run(_SHOP_KEPT, [next_midnight(at, ZoneInfo(zone)), None, store_id])


def next_midnight(at: datetime, zone: ZoneInfo) -> datetime:
    """The next midnight where the shop is."""
    return datetime.combine(at.astimezone(zone).date() + timedelta(days=1), MIDNIGHT, zone)
