"""What a person ordered and spent, recomputed for whoever a batch touched.

Recomputing is idempotent under replays, where adding up would not be.
"""

from __future__ import annotations

from collections.abc import Sequence

from apps.core import db

_COUNTS = """
UPDATE customers_customer c SET orders_count = t.n, first_order_at = t.first, last_order_at = t.last,
    last_paid_at = t.paid
FROM (
    SELECT p.id, count(o.id) FILTER (WHERE o.counts) AS n, min(o.placed_at) FILTER (WHERE o.counts) AS first,
        max(o.placed_at) FILTER (WHERE o.counts) AS last,
        max(o.paid_at) FILTER (WHERE o.counts) AS paid
    FROM unnest(%s::bigint[]) AS p(id) LEFT JOIN orders_order o ON o.customer_id = p.id GROUP BY p.id
) AS t
WHERE c.id = t.id AND (c.orders_count, c.first_order_at, c.last_order_at, c.last_paid_at)
    IS DISTINCT FROM (t.n, t.first, t.last, t.paid)
"""

_SPENT = """
INSERT INTO customers_customertotal AS c (customer_id, currency, orders, spent)
SELECT o.customer_id, o.currency, count(*), sum(o.total - o.refunded) FROM orders_order o
WHERE o.customer_id = ANY(%s::bigint[]) AND o.counts GROUP BY 1, 2
ON CONFLICT (customer_id, currency) DO UPDATE SET orders = excluded.orders, spent = excluded.spent
WHERE (c.orders, c.spent) IS DISTINCT FROM (excluded.orders, excluded.spent)
"""

_NOTHING_LEFT = """
DELETE FROM customers_customertotal t WHERE t.customer_id = ANY(%s::bigint[]) AND NOT EXISTS (
    SELECT 1 FROM orders_order o WHERE o.customer_id = t.customer_id AND o.currency = t.currency AND o.counts)
"""


def recompute(customers: Sequence[int]) -> None:
    """Orders, spending per currency, first and last order of these people."""
    ids = sorted(set(customers))
    if ids:
        for statement in (_COUNTS, _SPENT, _NOTHING_LEFT):
            db.run(statement, [ids])
