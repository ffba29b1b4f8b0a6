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

LATER_ORDERS: Final = """SELECT FROM orders_order o WHERE o.customer_id = e.customer_id AND o.silences
    AND o.id IS DISTINCT FROM e.order_id
    AND o.placed_at > coalesce((SELECT b.placed_at FROM orders_order b WHERE b.id = e.order_id), e.triggered_at)"""
"""The orders of this person after the one that the run is about; of a run about none, since it began."""

NOT_USED_YET: Final = """(SELECT max(a.answered_at) + interval '14 days' FROM feedback_answer a
    JOIN feedback_survey v ON v.id = a.survey_id
    WHERE a.customer_id = e.customer_id AND a.store_id = e.store_id AND a.replaced_at IS NULL
        AND v.slug = 'silent' AND a.said ->> '' = 'not_used')"""
"""Until when nobody is asked back who has not used yet what was bought: tips help them first (scenario 11)."""

SILENCE: Final = "silence"
"""The lane of flows that write to people who stay away: one of them at a time."""
