"""What happened to orders, as events: derived from before and after, never from a topic's name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

from apps.customers.identity import People
from apps.events import kinds
from apps.events.log import Happened, append, as_history
from apps.orders.recording import Change

HOLDS_STOCK: Final = timedelta(minutes=50)
"""Less than WooCommerce's hour: its cron is not punctual to the minute."""


def tell(changes: Sequence[Change], people: People, at: datetime, history_until: datetime | None = None) -> None:
    """Append an event for each fact that is new; of what is history nobody is told."""
    append(as_history([event for change in changes for event in _news_of(change, people, at)], history_until, at), at)


def _news_of(change: Change, people: People, at: datetime) -> Iterator[Happened]:
    now = change.state
    if now.test:
        return
    # By its fact, not by whether it silences: an order that was cancelled since had been placed all the same.
    if now.placed_at and not change.placed:
        yield _event(change, people, kinds.ORDER_PLACED, now.placed_at)
    if now.paid_at and not change.paid:
        yield _event(change, people, kinds.ORDER_PAID, now.paid_at)
    if now.fulfilled_at and not change.fulfilled:
        yield _event(change, people, kinds.ORDER_FULFILLED, now.fulfilled_at)
    if now.delivered_at and not change.delivered:
        yield _event(change, people, kinds.ORDER_DELIVERED, now.delivered_at)
    if now.stage == "cancelled" and not change.cancelled:
        yield _cancelled(change, people, now.cancelled_at or now.modified_at or at)
    if now.refunded > change.refunded:
        yield _event(change, people, kinds.ORDER_REFUNDED, now.modified_at or at, key=f":{now.refunded}")
    yield from _unpaid(change, people, at)


def _unpaid(change: Change, people: People, at: datetime) -> Iterator[Happened]:
    """Each change anew: the first mail comes so long after the last of them."""
    now = change.state
    if now.awaits_buyer and now.modified_stamp != change.awaited:
        yield _event(change, people, kinds.ORDER_UNPAID, now.modified_at or at, key=f":{now.modified_stamp}")


def _cancelled(change: Change, people: People, moment: datetime) -> Happened:
    event = _event(change, people, kinds.ORDER_CANCELLED, moment)
    return msgspec.structs.replace(event, data={**event.data, "timer": True}) if _by_timer(change, moment) else event


def _by_timer(change: Change, moment: datetime) -> bool:
    """Nobody cancelled it: WooCommerce lets go of stock held for a pending order, by default after an hour.

    What a person cancels is cancelled sooner, or had failed before (that timer leaves failed orders alone).
    """
    now, before = change.state, change.modified_at or change.state.created_at
    if now.placed_at is not None or before is None or change.status not in ("", "pending"):
        return False
    return moment - before >= HOLDS_STOCK


def _event(change: Change, people: People, kind: str, moment: datetime, key: str = "") -> Happened:
    state = change.state
    return Happened(
        store_id=state.store_id,
        customer_id=people.who_bought(state.store_id, state.email_key, state.account),
        subject=f"order:{state.id}",
        kind=kind,
        occurred_at=moment,
        source_key=f"{state.external_id}{key}",
        data=_facts(state.id, state.total, state.refunded, state.currency),
    )


def _facts(order_id: int | None, total: Decimal, refunded: Decimal, currency: str) -> dict[str, Any]:
    return {"order": order_id, "total": str(total), "refunded": str(refunded), "currency": currency}
