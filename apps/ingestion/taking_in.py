"""What a shop answered goes in by the same door as what it told."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

import msgspec
from django.db import transaction

from apps.carts.abandonment import pass_over
from apps.core import db
from apps.customers.erasure import lock_store
from apps.ingestion.recording import News, record
from apps.stores.snapshots import CartSeen, OrderSeen, Snapshot

log = logging.getLogger(__name__)

BATCH = 500
"""Snapshots a transaction: the shop's own deliveries wait no longer for it than for one another."""


def take_in(
    store_id: int, seen: Sequence[Snapshot], *, asked_at: datetime, history_until: datetime | None, at: datetime
) -> int:
    """Record answers of one shop; returns how many could not be. Opens its own transactions.

    What happened before `history_until` is history: kept, counted, and starting nothing. Answers are of `asked_at`,
    when nothing in them says more.
    """
    present = [_present(one) for one in seen]
    return sum(
        _record(store_id, present[first : first + BATCH], asked_at, history_until, at)
        for first in range(0, len(present), BATCH)
    )


def _present(seen: Snapshot) -> Snapshot:
    """What the shop shows when asked is there, also when we had heard that it was thrown away (decision 17)."""
    if isinstance(seen, OrderSeen) and not seen.restored:
        return msgspec.structs.replace(seen, restored=True)
    return seen


def _record(
    store_id: int, seen: Sequence[Snapshot], asked_at: datetime, history_until: datetime | None, at: datetime
) -> int:
    """All of them, or by halves: what the database refuses stands alone in the end."""
    try:
        with transaction.atomic():
            lock_store(store_id)
            # A history fills empty tables: a plan that was right for the first page reads all that came since.
            db.run("SET LOCAL plan_cache_mode = force_custom_plan")
            record([News(store_id=store_id, arrived_at=asked_at, seen=one) for one in seen], at, history_until)
            if history_until is not None:
                baskets = [(store_id, *key) for one in seen if isinstance(one, CartSeen) for key in one.keys]
                pass_over(baskets, history_until)
    except Exception:
        if len(seen) == 1:
            log.exception("an answer of store %s could not be recorded", store_id)
            return 1
        middle = len(seen) // 2
        return sum(_record(store_id, half, asked_at, history_until, at) for half in (seen[:middle], seen[middle:]))
    return 0
