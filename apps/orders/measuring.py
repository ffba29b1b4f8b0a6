"""What the orders say of the products, made anew every night: what goes with what, how long one lasts, what sells.

One statement per shop and question. A variant counts as its product: who bought the blue one bought the pot. The
tables stand with the catalogue; the orders are a floor above it, so the counting is done here.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction

from apps.core import db

SUPPORT: Final = 3
"""So many orders, or people, must have had both."""
KEPT: Final = 20
"""Pairs kept per product: a mail shows four."""
LARGEST: Final = 50
"""Who bought more different things than this is a reseller, and says nothing of what goes together."""
LOOKED_BACK: Final = "730 days"
NIGHT: Final = time(3)
RETRY: Final = timedelta(hours=1)

_BOUGHT = f"""
bought AS (
    SELECT DISTINCT o.id AS order_id, o.customer_id AS person, (o.placed_at AT TIME ZONE s.time_zone)::date AS day,
        coalesce(nullif(p.parent, ''), nullif(v.parent, ''), nullif(l.product, '')) AS product, o.placed_at
    FROM orders_order o JOIN stores_store s ON s.id = o.store_id JOIN orders_orderline l ON l.order_id = o.id
    LEFT JOIN catalog_product p ON p.store_id = o.store_id AND p.external_id = l.product AND l.product <> ''
    LEFT JOIN catalog_product v ON v.store_id = o.store_id AND v.external_id = l.variant AND l.product = ''
    WHERE o.store_id = %(store)s AND o.counts AND o.placed_at <= %(at)s
      AND o.placed_at > %(at)s::timestamptz - interval '{LOOKED_BACK}' AND l.quantity > 0
      AND coalesce(nullif(l.product, ''), nullif(v.parent, '')) IS NOT NULL
)
"""

# Lift keeps out what everybody buys anyway; of the rest the likeliest first (confidence), then the most telling.
_PAIR = f"""
WITH {_BOUGHT}, units AS (
    SELECT 'order' AS kind, order_id AS unit, product FROM bought
    UNION SELECT 'person', person, product FROM bought WHERE person IS NOT NULL
), fair AS (
    SELECT kind, unit FROM units GROUP BY 1, 2 HAVING count(*) <= {LARGEST}
), counted AS (
    SELECT u.* FROM units u JOIN fair USING (kind, unit)
), wholes AS (
    SELECT kind, count(DISTINCT unit) AS n FROM counted GROUP BY 1
), singles AS (
    SELECT kind, product, count(*) AS n FROM counted GROUP BY 1, 2
), pairs AS (
    SELECT a.kind, a.product, b.product AS other, count(*) AS n FROM counted a
    JOIN counted b ON b.kind = a.kind AND b.unit = a.unit AND b.product <> a.product
    GROUP BY 1, 2, 3 HAVING count(*) >= {SUPPORT}
), rated AS (
    SELECT p.*, p.n::numeric / one.n AS confidence, p.n::numeric * w.n / (one.n::numeric * two.n) AS lift
    FROM pairs p JOIN singles one ON (one.kind, one.product) = (p.kind, p.product)
    JOIN singles two ON (two.kind, two.product) = (p.kind, p.other) JOIN wholes w ON w.kind = p.kind
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY kind, product ORDER BY confidence DESC, lift DESC, other) AS place
    FROM rated WHERE lift >= 1
), kept AS (
    INSERT INTO catalog_pairing AS c (store_id, kind, product, other, support, confidence, lift)
    SELECT %(store)s, kind, product, other, n, round(confidence, 6), round(least(lift, 999999999), 4)
    FROM ranked WHERE place <= {KEPT}
    ON CONFLICT (store_id, kind, product, other) DO UPDATE SET support = excluded.support,
        confidence = excluded.confidence, lift = excluded.lift
    RETURNING kind, product, other
)
DELETE FROM catalog_pairing c WHERE c.store_id = %(store)s AND NOT EXISTS (
    SELECT 1 FROM ranked r WHERE r.place <= {KEPT} AND (r.kind, r.product, r.other) = (c.kind, c.product, c.other))
"""

# Days in the shop's own calendar: two orders of one day are one visit, not a repeat.
_GAPS = f"""
WITH {_BOUGHT}, visits AS (
    SELECT DISTINCT person, product, day FROM bought WHERE person IS NOT NULL
), gaps AS (
    SELECT product, day - lag(day) OVER (PARTITION BY person, product ORDER BY day) AS gap FROM visits
), medians AS (
    SELECT product, percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) AS median, count(*) AS n
    FROM gaps WHERE gap IS NOT NULL GROUP BY 1
), sales AS (
    SELECT product, count(DISTINCT order_id) AS n FROM bought
    WHERE placed_at > %(at)s::timestamptz - interval '365 days' GROUP BY 1
)
UPDATE catalog_product p SET gap_days = f.median, gap_count = f.repeats, sold = f.sold
FROM (
    SELECT q.id, round(m.median::numeric, 2) AS median, coalesce(m.n, 0) AS repeats, coalesce(s.n, 0) AS sold
    FROM catalog_product q LEFT JOIN medians m ON m.product = q.external_id
    LEFT JOIN sales s ON s.product = q.external_id WHERE q.store_id = %(store)s
) AS f
WHERE p.id = f.id AND (p.gap_days, p.gap_count, p.sold) IS DISTINCT FROM (f.median, f.repeats, f.sold)
"""

_NEWCOMERS = """
INSERT INTO catalog_measuring (store_id, due_at) SELECT s.id, %(at)s FROM stores_store s
WHERE s.status <> 'uninstalled' AND NOT EXISTS (SELECT 1 FROM catalog_measuring m WHERE m.store_id = s.id)
ON CONFLICT DO NOTHING
"""

_NEXT = """
SELECT m.store_id, s.time_zone FROM catalog_measuring m JOIN stores_store s ON s.id = m.store_id
WHERE m.due_at <= %(at)s AND s.status <> 'uninstalled'
ORDER BY m.due_at, m.store_id LIMIT 1 FOR UPDATE OF m SKIP LOCKED
"""


def measure_due(at: datetime) -> int:
    """Measure the shop that waited longest; returns how many shops that were."""
    db.run(_NEWCOMERS, {"at": at})
    with transaction.atomic():
        found = db.rows(_NEXT, {"at": at})
        for store_id, zone in found:
            measure(store_id, at)
            db.run(
                "UPDATE catalog_measuring SET due_at = %s, measured_at = %s WHERE store_id = %s",
                [next_night(at, ZoneInfo(zone)), at, store_id],
            )
    return len(found)


def measure(store_id: int, at: datetime) -> None:
    """Count one shop's orders of two years: pairs, gaps and sales."""
    db.run(_PAIR, {"store": store_id, "at": at})
    db.run(_GAPS, {"store": store_id, "at": at})


def next_night(at: datetime, zone: ZoneInfo) -> datetime:
    """The next three o'clock where the shop is."""
    local = at.astimezone(zone)
    day = local.date() if local.time() < NIGHT else local.date() + timedelta(days=1)
    return datetime.combine(day, NIGHT, zone)
