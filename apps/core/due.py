"""Waiting is a row with `due_at`.

Six queues (delivery, announcement, cart, enrollment, message, errand) share one sentence: claim what is due, do it,
stamp it. A tick drains its queue in batches and stops when nothing is due or its time is up; the next tick
goes on. Nothing is lost when a tick dies, because nothing was ever anywhere but in the row.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

SLICE_SECONDS = 20.0
"""A tick hands its thread back after this long, so that deploys and other queues get a turn."""

_guard = threading.Lock()
_draining: Counter[str] = Counter()


def tick(queue: str, step: Callable[[], int], *, at_once: int = 1) -> int:
    """Drain a queue, unless this process already does so in `at_once` threads.

    Without that a long queue would collect a new thread with every tick until none is left for the others:
    an order would wait behind the mails it silences.
    """
    with _guard:
        if _draining[queue] >= at_once:
            return 0
        _draining[queue] += 1
    try:
        return drain(step)
    finally:
        with _guard:
            _draining[queue] -= 1


def drain(step: Callable[[], int], seconds: float = SLICE_SECONDS) -> int:
    """Call `step` until it finds nothing or the slice is over; returns how many rows it did in all."""
    stop = time.monotonic() + seconds
    total = 0
    while True:
        done = step()
        total += done
        if not done or time.monotonic() > stop:
            return total
