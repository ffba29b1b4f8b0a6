"""Figures of people, made anew for whoever did something: one statement for all of them.

Made anew rather than added to: the same news twice, or late, changes nothing. Only orders that count are in it, and
money of the shop's own currency. Mail and clicks are read from the floor above, as rows; nothing of its code is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from apps.core import db
from apps.events.kinds import MAIL_OPENED
from apps.segments import rfm

OWN_GAPS_FROM: Final = 2
"""So many gaps of one's own make a habit; one gap may be a forgotten screw."""
SHOP_GAPS_FROM: Final = 20
"""So many gaps of all buyers stand in for one's own (as with products, product.md section 4)."""
LENGTHENED: Final = "1.5"
"""At risk: this many times the usual gap has passed."""
IGNORED: Final = 5
"""At risk: so many marketing mails since the last sign of life (scenario 16)."""

# A variant counts as its product, as where products are measured.
_PURCHASES = """
WITH bought AS (
    SELECT o.store_id, o.customer_id, o.id AS order_id, o.placed_at, o.currency, sum(l.total) AS total,
        coalesce(nullif(p.parent, ''), nullif(v.parent, ''), nullif(l.product, '')) AS product
    FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id
    LEFT JOIN catalog_product p ON p.store_id = o.store_id AND p.external_id = l.product AND l.product <> ''
    LEFT JOIN catalog_product v ON v.store_id = o.store_id AND v.external_id = l.variant AND l.product = ''
    WHERE o.customer_id = ANY(%(ids)s::bigint[]) AND o.counts AND l.quantity > 0
      AND coalesce(nullif(l.product, ''), nullif(v.parent, '')) IS NOT NULL
    GROUP BY o.id, 7
), gone AS (
    DELETE FROM segments_purchase b WHERE b.customer_id = ANY(%(ids)s::bigint[]) AND NOT EXISTS (
        SELECT 1 FROM bought n WHERE n.order_id = b.order_id AND n.product = b.product)
)
INSERT INTO segments_purchase AS b (store_id, customer_id, order_id, product, at, currency, total)
SELECT store_id, customer_id, order_id, product, placed_at, currency, total FROM bought
ON CONFLICT (order_id, product) DO UPDATE SET customer_id = excluded.customer_id, at = excluded.at,
    currency = excluded.currency, total = excluded.total
WHERE (b.customer_id, b.at, b.currency, b.total)
    IS DISTINCT FROM (excluded.customer_id, excluded.at, excluded.currency, excluded.total)
"""

USUAL_GAP: Final = f"""CASE WHEN coalesce(f.gaps, 0) >= {OWN_GAPS_FROM} THEN f.gap_days
    WHEN g.gaps >= {SHOP_GAPS_FROM} THEN g.gap_days END"""
"""Days between the orders of `f`: one's own, else the shop's (`g`), else NULL: not enough data."""
EXPECTED: Final = f"""((f.last_at AT TIME ZONE s.time_zone) + ({USUAL_GAP}) * interval '1 day')
    AT TIME ZONE s.time_zone"""
# Whoever has but one gap, in a shop that cannot say either, is measured by that one: it only holds back.
AT_RISK: Final = f"""coalesce(f.orders >= 2 AND f.received >= {IGNORED}
    AND %(at)s > f.last_at + coalesce({USUAL_GAP}, f.gap_days) * {LENGTHENED} * interval '1 day', false)"""
SCORES: Final = ", ".join(
    f"CASE WHEN f.orders > 0 THEN {rfm.score(value, f'g.{name}_cuts')} END AS {name}"
    for name, value in (("recency", "f.last_at"), ("frequency", "f.orders"), ("money", "f.spent"))
)

_SIGNS = f"""
SELECT max(at) FROM (
    SELECT max(t.at) AS at FROM mail_message m JOIN tracking_click t ON t.message_id = m.id AND t.machine = ''
        WHERE m.customer_id = w.id
    UNION ALL SELECT max(v.occurred_at) FROM events_event v WHERE v.customer_id = w.id
        AND v.kind = '{MAIL_OPENED}' AND coalesce(v.data ->> 'machine', '') = ''
    UNION ALL SELECT max(a.answered_at) FROM feedback_answer a WHERE a.customer_id = w.id
    UNION ALL SELECT max(r.written_at) FROM orders_review r WHERE r.customer_id = w.id
    UNION ALL SELECT max(r.written_at) FROM feedback_ownreview r WHERE r.customer_id = w.id
) AS signs
"""

_COLUMNS: Final = (
    "orders", "spent", "average", "last_total", "first_at", "last_at", "gaps", "gap_days", "expected_at", "recency",
    "frequency", "money", "rfm", "at_risk", "received", "engaged_at",
)  # fmt: skip

_FIGURES = f"""
WITH who AS (
    SELECT p.id, p.store_id, s.currency, s.time_zone FROM customers_customer p JOIN stores_store s ON s.id = p.store_id
    WHERE p.id = ANY(%(ids)s::bigint[]) AND p.erased_at IS NULL
), placed AS (
    SELECT w.id, o.id AS order_id, o.placed_at, o.total - o.refunded AS amount, o.currency = w.currency AS own,
        (o.placed_at AT TIME ZONE w.time_zone)::date AS day
    FROM who w JOIN orders_order o ON o.customer_id = w.id AND o.counts
), sums AS (
    SELECT id, count(*) AS orders, sum(amount) FILTER (WHERE own) AS spent, avg(amount) FILTER (WHERE own) AS average,
        (array_agg(amount ORDER BY placed_at DESC, order_id DESC) FILTER (WHERE own))[1] AS last_total,
        min(placed_at) AS first_at, max(placed_at) AS last_at
    FROM placed GROUP BY id
), gaps AS (
    SELECT id, count(*) AS n, round((percentile_cont(0.5) WITHIN GROUP (ORDER BY gap))::numeric, 2) AS median FROM (
        SELECT id, day - lag(day) OVER (PARTITION BY id ORDER BY day) AS gap
        FROM (SELECT DISTINCT id, day FROM placed) AS days
    ) AS g WHERE gap IS NOT NULL GROUP BY id
), f AS MATERIALIZED (
    SELECT w.id, w.store_id, coalesce(u.orders, 0) AS orders, coalesce(u.spent, 0) AS spent,
        round(u.average, 6) AS average, u.last_total, u.first_at, u.last_at, coalesce(g.n, 0) AS gaps,
        g.median AS gap_days, greatest(u.last_at, ({_SIGNS})) AS engaged_at
    FROM who w LEFT JOIN sums u ON u.id = w.id LEFT JOIN gaps g ON g.id = w.id
), heard AS MATERIALIZED (
    SELECT f.*, (SELECT count(*) FROM mail_message m WHERE m.customer_id = f.id AND m.kind = 'marketing'
        AND m.sending_at IS NOT NULL AND m.status = 'accepted' AND NOT m.shadow
        AND (f.engaged_at IS NULL OR m.sending_at > f.engaged_at)) AS received FROM f
), scored AS MATERIALIZED (
    SELECT f.*, {EXPECTED} AS expected_at, {AT_RISK} AS at_risk, {SCORES}
    FROM heard f JOIN stores_store s ON s.id = f.store_id LEFT JOIN segments_shopfigures g ON g.store_id = f.store_id
), told AS (
    SELECT *, {rfm.group("recency", "frequency", "money")} AS rfm FROM scored
)
INSERT INTO segments_figures AS k (customer_id, store_id, measured_at, {", ".join(_COLUMNS)})
SELECT id, store_id, %(at)s, {", ".join(_COLUMNS)} FROM told ORDER BY id
ON CONFLICT (customer_id) DO UPDATE SET store_id = excluded.store_id, measured_at = excluded.measured_at,
    {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS)}
WHERE k.measured_at <= excluded.measured_at
  AND ({", ".join(f"k.{name}" for name in _COLUMNS)})
    IS DISTINCT FROM ({", ".join(f"excluded.{name}" for name in _COLUMNS)})
"""


def measure(customers: Sequence[int], at: datetime) -> None:
    """Purchases and figures of these people, as their orders and mails are now."""
    ids = sorted(set(customers))
    if ids:
        db.run(_PURCHASES, {"ids": ids})
        db.run(_FIGURES, {"ids": ids, "at": at})


_TOUCH = """
INSERT INTO segments_touched AS k (customer_id, at, silent)
SELECT p.id, %s::timestamptz, %s::boolean FROM customers_customer p WHERE p.id = ANY(%s::bigint[]) ORDER BY p.id
ON CONFLICT (customer_id) DO UPDATE SET silent = k.silent AND excluded.silent
"""


def touch(customers: Sequence[int], at: datetime, *, silent: bool = False) -> None:
    """Remember that these people are to be measured anew, in the caller's transaction; it happens within seconds.

    For whoever changes what conditions ask without appending an event that is announced: tags, properties; `silent`
    for a shop's past, of which nobody is told.
    """
    ids = sorted(set(customers))
    if ids:
        db.run(_TOUCH, [at, silent, ids])
