"""What all buyers of a shop do together: the usual gap and the thirds, and everybody's score by them.

Three statements per shop, each over all its people at once.
"""

from __future__ import annotations

from datetime import datetime

from apps.core import db
from apps.segments import rfm
from apps.segments.measuring import AT_RISK, EXPECTED, IGNORED, OWN_GAPS_FROM, SCORES

# Two orders of one day are one visit.
_GAPS = """
SELECT count(*) AS n, round((percentile_cont(0.5) WITHIN GROUP (ORDER BY gap))::numeric, 2) AS median FROM (
    SELECT day - lag(day) OVER (PARTITION BY customer_id ORDER BY day) AS gap FROM (
        SELECT DISTINCT o.customer_id, (o.placed_at AT TIME ZONE s.time_zone)::date AS day
        FROM orders_order o JOIN stores_store s ON s.id = o.store_id
        JOIN segments_figures f ON f.customer_id = o.customer_id AND f.orders > 1
        WHERE o.store_id = %(store)s AND o.counts
    ) AS days
) AS g WHERE gap IS NOT NULL
"""

_USUAL = f"""
INSERT INTO segments_shopfigures AS k (store_id, due_at, after_customer, measured_at, buyers, gaps, gap_days)
SELECT %(store)s, %(at)s, 0, %(at)s, 0, g.n, g.median FROM ({_GAPS}) AS g
ON CONFLICT (store_id) DO UPDATE SET measured_at = excluded.measured_at, gaps = excluded.gaps,
    gap_days = excluded.gap_days
"""

# Read off an index in its order, so nothing is sorted: the value at a third is that of the buyer of that rank.
_CUT = """ARRAY(SELECT {column} FROM segments_figures WHERE store_id = %(store)s AND {bought} ORDER BY {column}
    OFFSET greatest(ceil(n.n / 3.0)::bigint - 1, 0) LIMIT 1)
    || ARRAY(SELECT {column} FROM segments_figures WHERE store_id = %(store)s AND {bought} ORDER BY {column}
    OFFSET greatest(ceil(n.n * 2 / 3.0)::bigint - 1, 0) LIMIT 1)"""
_THIRDS = f"""
UPDATE segments_shopfigures k SET buyers = n.n,
    recency_cuts = CASE WHEN {{enough}} THEN {_CUT.format(column="last_at", bought="last_at IS NOT NULL")} END,
    frequency_cuts = CASE WHEN {{enough}} THEN {_CUT.format(column="orders", bought="orders > 0")} END,
    money_cuts = CASE WHEN {{enough}} THEN {_CUT.format(column="spent", bought="orders > 0")} END
FROM (SELECT count(*) AS n FROM segments_figures WHERE store_id = %(store)s AND orders > 0) AS n
WHERE k.store_id = %(store)s
""".replace("{enough}", f"n.n >= {rfm.BUYERS_FROM}")

# Each in one look at all people of the shop; only those whose figure changes are written.
_SCORE = f"""
WITH scored AS MATERIALIZED (
    SELECT * FROM (
        SELECT f.customer_id, f.recency AS r, f.frequency AS q, f.money AS m, {SCORES}
        FROM segments_figures f JOIN segments_shopfigures g ON g.store_id = f.store_id WHERE f.store_id = %(store)s
    ) AS t WHERE (r, q, m) IS DISTINCT FROM (recency, frequency, money)
)
UPDATE segments_figures f SET recency = t.recency, frequency = t.frequency, money = t.money,
    rfm = {rfm.group("t.recency", "t.frequency", "t.money")}
FROM scored t WHERE f.customer_id = t.customer_id
"""
_EXPECT = f"""
WITH told AS MATERIALIZED (
    SELECT * FROM (
        SELECT f.customer_id, f.expected_at AS old, {EXPECTED} AS expected_at
        FROM segments_figures f JOIN stores_store s ON s.id = f.store_id
        JOIN segments_shopfigures g ON g.store_id = f.store_id
        WHERE f.store_id = %(store)s AND f.orders > 0 AND f.gaps < {OWN_GAPS_FROM}
    ) AS t WHERE old IS DISTINCT FROM expected_at
)
UPDATE segments_figures f SET expected_at = t.expected_at
FROM told t WHERE f.customer_id = t.customer_id
"""
_RISK = f"""
WITH told AS MATERIALIZED (
    SELECT f.customer_id, f.at_risk AS old, {AT_RISK} AS at_risk
    FROM segments_figures f JOIN segments_shopfigures g ON g.store_id = f.store_id
    WHERE f.store_id = %(store)s AND (f.at_risk OR f.orders >= 2 AND f.received >= {IGNORED})
)
UPDATE segments_figures f SET at_risk = t.at_risk
FROM told t WHERE f.customer_id = t.customer_id AND t.old IS DISTINCT FROM t.at_risk
"""


def measure_shop(store_id: int, at: datetime) -> None:
    """The shop's own gap and thirds, and from them everybody's score, expected order and risk."""
    db.run(_USUAL, {"store": store_id, "at": at})
    score_shop(store_id)
    db.run(_EXPECT, {"store": store_id})
    db.run(_RISK, {"store": store_id, "at": at})


def score_shop(store_id: int) -> None:
    """Thirds and scores by the figures as they are."""
    db.run(_THIRDS, {"store": store_id})
    db.run(_SCORE, {"store": store_id})


_GRID = """
SELECT recency, frequency, money, count(*), sum(spent) FROM segments_figures
WHERE store_id = %s AND orders > 0 AND recency IS NOT NULL GROUP BY 1, 2, 3
"""


def grid(store_id: int) -> dict[int, tuple[int, object]]:
    """Cell (such as 323) → how many people, and what they spent in the shop's currency."""
    return {row[0] * 100 + row[1] * 10 + row[2]: (row[3], row[4]) for row in db.rows(_GRID, [store_id])}
