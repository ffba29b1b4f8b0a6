"""Codes seen in orders: used, given back, or used by somebody else.

An order as it is now decides, whatever was heard of it before, and in whatever order. An unpaid order uses nothing
(it is a basket, decision 12), a cancelled one gives its code back; one that was wholly refunded has used it all the
same, as shops count it, but cost nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from apps.core import db
from apps.events import kinds
from apps.events.listeners import Told, listens
from apps.offers.ending import KEPT

USES = "(o.silences AND o.stage <> 'cancelled' AND o.gone_at IS NULL)"

_NEAR = """
SELECT c.id FROM orders_order o CROSS JOIN LATERAL jsonb_array_elements_text(o.codes) AS w(code)
JOIN offers_code c ON c.store_id = o.store_id AND c.code = upper(trim(w.code))
WHERE o.id = ANY(%(orders)s::bigint[])
UNION SELECT c.id FROM offers_code c WHERE c.order_id = ANY(%(orders)s::bigint[])
ORDER BY 1
"""

# The first order that uses a code has used it. Its discount is shared by the codes it names; an amount takes no
# more than it is worth, and free shipping what shipping was expected to cost: no order says what it saved.
_SETTLE = f"""
WITH uses AS (
    SELECT DISTINCT ON (c.id) c.id, o.id AS order_id, o.placed_at, o.currency,
        CASE WHEN o.stage = 'refunded' OR (o.refunded >= o.total AND o.total > 0) THEN 0
            WHEN f.kind = 'free_shipping' THEN c.expected
            WHEN f.kind IN ('amount', 'credit') AND f.currency = o.currency
                THEN least(f.value, abs(coalesce((o.amounts ->> 'discount')::numeric, f.value)))
            ELSE abs(coalesce((o.amounts ->> 'discount')::numeric, 0)) / jsonb_array_length(o.codes) END AS discount,
        c.customer_id IS NOT NULL AND (o.customer_id IS NOT NULL OR o.email_key IS NOT NULL OR o.account IS NOT NULL)
            AND o.customer_id IS DISTINCT FROM c.customer_id AND o.email_key IS DISTINCT FROM cu.email_key
            AND NOT EXISTS (SELECT 1 FROM customers_customerkey k WHERE k.customer_id = c.customer_id
                AND k.kind = 'account' AND k.value = o.account) AS leaked
    FROM offers_code c JOIN offers_offer f ON f.id = c.offer_id
    LEFT JOIN customers_customer cu ON cu.id = c.customer_id
    JOIN orders_order o ON o.store_id = c.store_id AND (o.id = ANY(%(orders)s::bigint[]) OR o.id = c.order_id)
        AND {USES} AND EXISTS (SELECT 1 FROM jsonb_array_elements_text(o.codes) AS w(code)
            WHERE upper(trim(w.code)) = c.code)
    WHERE c.id = ANY(%(codes)s::bigint[])
    ORDER BY c.id, o.placed_at, o.id
)
UPDATE offers_code c SET
    status = CASE WHEN u.id IS NOT NULL THEN 'redeemed'
        WHEN c.status = 'redeemed' THEN CASE WHEN c.ends_at >= %(at)s THEN 'issued' ELSE 'expired' END
        ELSE c.status END,
    due_at = CASE WHEN u.id IS NOT NULL THEN NULL
        WHEN c.status = 'redeemed' THEN CASE WHEN c.ends_at >= %(at)s THEN c.ends_at ELSE c.ends_at + %(kept)s END
        ELSE c.due_at END,
    issued_at = coalesce(c.issued_at, c.given_at), token = CASE WHEN u.id IS NULL THEN c.token END,
    order_id = u.order_id, redeemed_at = u.placed_at, discount = coalesce(u.discount, 0),
    discount_currency = coalesce(u.currency, ''),
    leaked_at = CASE WHEN u.leaked THEN u.placed_at END
FROM offers_code a LEFT JOIN uses u ON u.id = a.id
WHERE c.id = a.id AND a.id = ANY(%(codes)s::bigint[]) AND (u.id IS NOT NULL OR c.status = 'redeemed')
"""


@listens(kinds.ORDER_PLACED, kinds.ORDER_CANCELLED, kinds.ORDER_REFUNDED)
def hear(events: Sequence[Told], at: datetime) -> None:
    """An order happened: the codes it names are settled with it."""
    settle(sorted({int(event.data["order"]) for event in events if event.data.get("order")}), at)


def settle(orders: Sequence[int], at: datetime) -> int:
    """Settle every code that these orders name or had used; returns how many codes that were."""
    if not orders:
        return 0
    with transaction.atomic():
        near = [row[0] for row in db.rows(_NEAR, {"orders": list(orders)})]
        if not near:
            return 0
        db.run("SELECT id FROM offers_code WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE", [near])
        db.run(_SETTLE, {"orders": list(orders), "codes": near, "at": at, "kept": KEPT})
    return len(near)


_NEWS = """
SELECT o.id FROM orders_order o WHERE o.id IN (SELECT c.order_id FROM offers_code c WHERE c.order_id IS NOT NULL
    AND c.redeemed_at > %(since)s)
  AND NOT EXISTS (SELECT 1 FROM offers_code c JOIN orders_order x ON x.id = c.order_id
    WHERE c.order_id = o.id AND x.silences AND x.stage <> 'cancelled' AND x.gone_at IS NULL)
ORDER BY o.id LIMIT 500
"""


def settle_undone(since: datetime, at: datetime) -> int:
    """Orders that stopped counting without an event (thrown away in the shop) give their codes back too."""
    return settle([row[0] for row in db.rows(_NEWS, {"since": since})], at)
