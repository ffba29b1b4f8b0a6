"""The one sentence that says an order of this person was placed since the basket was begun.

By the basket itself, the customer, the address and the account: whatever links an order to a person
(decision 3). Each way has its own index, so they stand apart and not in one OR.
"""

from __future__ import annotations

from typing import Final

SINCE: Final = "coalesce(c.started_at, e.triggered_at)"

ORDER_PLACED: Final = f"""(
    coalesce(c.status = 'ordered', false)
    OR EXISTS (SELECT FROM orders_order o
        WHERE o.customer_id = e.customer_id AND o.silences AND o.placed_at >= {SINCE})
    OR EXISTS (SELECT FROM orders_order o
        WHERE o.store_id = e.store_id AND o.silences AND o.email_key = ANY (ARRAY[p.email_key, c.email_key]::text[])
        AND o.placed_at >= {SINCE})
    OR EXISTS (SELECT FROM customers_customerkey k
        JOIN orders_order o ON o.store_id = e.store_id AND o.silences AND o.account = k.value
        WHERE k.customer_id = e.customer_id AND k.kind = 'account' AND o.placed_at >= {SINCE})
    OR EXISTS (SELECT FROM orders_order o
        WHERE o.store_id = e.store_id AND o.silences AND o.account = c.account AND o.placed_at >= {SINCE})
)"""
