"""Stores whose inbox holds an order that nobody has read yet: their basket mails wait a moment."""

from __future__ import annotations

from collections.abc import Sequence

from apps.core import db

PATIENCE = "3 seconds"
"""Orders are read within a second; only a backlog or a worker that died leaves them longer."""

_BEHIND = f"""
SELECT DISTINCT d.store_id FROM ingestion_delivery d
WHERE d.state = 'waiting' AND d.store_id = ANY(%s::bigint[]) AND d.topic LIKE 'order%%'
  AND d.received_at < clock_timestamp() - interval '{PATIENCE}'
"""


def stores_behind(stores: Sequence[int]) -> set[int]:
    """Which of these stores have an unread order delivery older than a moment."""
    return {row[0] for row in db.rows(_BEHIND, [list(stores)])}
