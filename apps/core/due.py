"""Waiting is a row with `due_at`.

Five queues (delivery, announcement, cart, enrollment, message) share one sentence: claim what is due, do it,
stamp it. A tick drains its queue in batches and stops when nothing is due or its time is up; the next tick
goes on. Nothing is lost when a tick dies, because nothing was ever anywhere but in the row.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Self

from django.db import models

SLICE_SECONDS = 20.0
"""A tick hands its thread back after this long, so that deploys and other queues get a turn."""


class DueQuerySet(models.QuerySet[models.Model]):
    """Rows that wait for a moment."""

    def due(self, at: datetime) -> Self:
        return self.filter(due_at__lte=at)


def drain(step: Callable[[], int], seconds: float = SLICE_SECONDS) -> int:
    """Call `step` until it finds nothing or the slice is over; returns how many rows it did in all."""
    stop = time.monotonic() + seconds
    total = 0
    while True:
        done = step()
        total += done
        if not done or time.monotonic() > stop:
            return total
