"""Who wants to hear of what. Floors above register here; floors below only append."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An event as a listener hears it."""

    id: int
    store_id: int
    customer_id: int | None
    subject: str
    kind: str
    occurred_at: datetime
    recorded_at: datetime
    """When we learned of it; may be long after it happened."""
    data: dict[str, Any]


Listener = Callable[[Sequence[Told], datetime], None]

_listeners: dict[str, list[Listener]] = defaultdict(list)
_order: list[Listener] = []


def listens(*kinds: str) -> Callable[[Listener], Listener]:
    """Call the function with all events of these kinds, in batches, inside one transaction with their telling."""

    def decorate(listener: Listener) -> Listener:
        for kind in kinds:
            _listeners[kind].append(listener)
        if listener not in _order:
            _order.append(listener)
        return listener

    return decorate


def listened() -> frozenset[str]:
    """Kinds that somebody hears; the others need no announcement."""
    return frozenset(_listeners)


def tell(events: Sequence[Told], at: datetime) -> None:
    """Every listener hears its own kinds, oldest first, in one call."""
    heard: dict[Listener, list[Told]] = defaultdict(list)
    for event in events:
        for listener in _listeners.get(event.kind, ()):
            heard[listener].append(event)
    # In the order in which they registered: a lower floor brings its sums up to date before a higher one asks them.
    for listener in _order:
        if batch := heard.get(listener):
            listener(sorted(batch, key=lambda event: (event.occurred_at, event.id)), at)
