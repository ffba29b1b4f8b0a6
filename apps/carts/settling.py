"""Status and due moment of a basket, derived from its facts after a batch was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from apps.core import db
from apps.events import kinds
from apps.events.log import Happened, append

_SETTLE = """
UPDATE carts_cart c SET status = w.status, due_at = w.due_at
FROM (
    SELECT raw.id, raw.status, raw.old_status,
        CASE WHEN raw.status = 'active' THEN raw.due_at END AS due_at
    FROM (
        SELECT c.id, c.status AS old_status, c.last_activity_at + s.abandon_after AS due_at,
            CASE WHEN c.order_id IS NOT NULL OR c.completed_at IS NOT NULL THEN 'ordered'
                 WHEN (c.content_stamp <> '' AND c.lines = '[]'::jsonb) OR c.gone_at >= c.last_activity_at
                     THEN 'emptied'
                 WHEN c.status = 'abandoned' AND c.abandoned_at >= c.last_activity_at
                      AND c.told_customer_id IS NOT DISTINCT FROM c.customer_id THEN 'abandoned'
                 ELSE 'active' END AS status
        FROM carts_cart c JOIN stores_store s ON s.id = c.store_id WHERE c.id = ANY(%s::bigint[])
    ) AS raw
) AS w
WHERE c.id = w.id AND (c.status, c.due_at) IS DISTINCT FROM (w.status, w.due_at)
RETURNING c.id, c.store_id, c.customer_id, w.old_status, c.status, c.last_activity_at, c.order_id
"""


def settle(ids: Sequence[int], at: datetime) -> None:
    """Set the status of these baskets and tell what changed.

    A basket left behind starts waiting again when something was added, or when its person became known.
    """
    if not ids:
        return
    changed = db.rows(_SETTLE, [sorted(set(ids))])
    append([event for row in changed if (event := _told(row)) is not None], at)


def _told(row: tuple) -> Happened | None:  # type: ignore[type-arg]
    cart_id, store_id, customer_id, old, new, moment, order_id = row
    if old == new or new not in ("ordered", "emptied"):
        return None
    return Happened(
        store_id=store_id,
        customer_id=customer_id,
        subject=f"cart:{cart_id}",
        kind=kinds.CART_ORDERED if new == "ordered" else kinds.CART_EMPTIED,
        occurred_at=moment,
        source_key=f"{cart_id}:{order_id or 0}:{moment:%Y%m%dT%H%M%S.%f}",
        data={"cart": cart_id, "order": order_id},
    )
