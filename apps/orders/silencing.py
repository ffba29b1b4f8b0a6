"""An order silences: it ends every basket of its person that was begun before it.

Matched by basket key, whenever; and by person, address or account for baskets begun no later than the order.
The gate asks the same question again with the same sentence, just before a mail leaves.
"""

from __future__ import annotations

from collections.abc import Sequence

from apps.core import db

SAME_PERSON = """o.store_id = {c}.store_id AND o.silences AND o.placed_at >= {since} AND (
    o.customer_id = {c}.customer_id OR o.email_key = {c}.email_key OR o.account = {c}.account)"""

_NEAR = """
SELECT c.id FROM carts_cart c WHERE c.order_id = ANY(%(orders)s::bigint[])
UNION
SELECT k.cart_id FROM orders_orderkey w
JOIN carts_cartkey k ON (k.store_id, k.kind, k.value) = (w.store_id, w.kind, w.value)
WHERE w.order_id = ANY(%(orders)s::bigint[])
UNION
SELECT c.id FROM orders_order o JOIN carts_cart c ON c.customer_id = o.customer_id
WHERE o.id = ANY(%(orders)s::bigint[]) AND o.silences AND c.started_at <= o.placed_at
UNION
SELECT c.id FROM orders_order o JOIN carts_cart c ON c.store_id = o.store_id AND c.email_key = o.email_key
WHERE o.id = ANY(%(orders)s::bigint[]) AND o.silences AND c.started_at <= o.placed_at
UNION
SELECT c.id FROM orders_order o JOIN carts_cart c ON c.store_id = o.store_id AND c.account = o.account
WHERE o.id = ANY(%(orders)s::bigint[]) AND o.silences AND c.started_at <= o.placed_at
"""

_TIE = """
WITH found AS (
    SELECT k.cart_id, o.id AS order_id, o.placed_at, o.external_id FROM carts_cartkey k
    JOIN orders_orderkey w ON (k.store_id, k.kind, k.value) = (w.store_id, w.kind, w.value)
    JOIN orders_order o ON o.id = w.order_id AND o.silences
    WHERE k.cart_id = ANY(%(carts)s::bigint[])
  UNION ALL
    SELECT c.id, o.id, o.placed_at, o.external_id FROM carts_cart c
    JOIN orders_order o ON o.customer_id = c.customer_id
    WHERE c.id = ANY(%(carts)s::bigint[]) AND o.silences AND o.placed_at >= c.started_at
  UNION ALL
    SELECT c.id, o.id, o.placed_at, o.external_id FROM carts_cart c
    JOIN orders_order o ON o.store_id = c.store_id AND o.email_key = c.email_key
    WHERE c.id = ANY(%(carts)s::bigint[]) AND o.silences AND o.placed_at >= c.started_at
  UNION ALL
    SELECT c.id, o.id, o.placed_at, o.external_id FROM carts_cart c
    JOIN orders_order o ON o.store_id = c.store_id AND o.account = c.account
    WHERE c.id = ANY(%(carts)s::bigint[]) AND o.silences AND o.placed_at >= c.started_at
), first AS (
    SELECT DISTINCT ON (cart_id) cart_id, order_id FROM found ORDER BY cart_id, placed_at, external_id
)
UPDATE carts_cart c SET order_id = f.order_id
FROM unnest(%(carts)s::bigint[]) AS a(id) LEFT JOIN first f ON f.cart_id = a.id
WHERE c.id = a.id AND c.order_id IS DISTINCT FROM f.order_id RETURNING c.id
"""


def silence(orders: Sequence[int], carts: Sequence[int]) -> list[int]:
    """Tie baskets to the first of all orders that end them, and untie those that no order ends any more.

    Looks at these baskets and at all that these orders end or ended, each against every order known: whichever
    was recorded last, the same one is the first. Returns the ids of the baskets whose tie changed; the caller
    settles them.
    """
    near = [row[0] for row in db.rows(_NEAR, {"orders": list(orders)})] if orders else []
    both = sorted({*carts, *near})
    return sorted(row[0] for row in db.rows(_TIE, {"carts": both})) if both else []
