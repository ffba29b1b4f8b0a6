"""Deliveries into rows, beside the way one writes it at first: an `update_or_create` per row and event.

Both read the same stored deliveries and leave the same customers, accounts, orders, lines, order keys, events,
announcements and totals. Ours goes on doing what the peer does not: it claims under a lease, looks for baskets to
silence and keeps tombstones.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median

from tests.benchmarks import crowd, naive, orders
from tests.benchmarks.machine import Watch
from tests.benchmarks.stage import Stage
from tests.benchmarks.table import Line

BAR = 40
Cost = tuple[float, float]
"""Wall and CPU milliseconds a delivery."""


def measure(stage: Stage) -> list[Line]:
    from apps.core import clock

    many, few, rounds = (10_000, 1_000, 3) if stage.full else (3_000, 150, 3)
    roots, at = (os.getpid(), stage.postmaster()), clock.now() - timedelta(hours=1)
    ours: list[Cost] = []
    theirs: list[Cost] = []
    _warm(at)
    for number in range(rounds):
        theirs.append(_theirs(few, at, 1_000_000 * (number + 1), roots))
        ours.append(_ours(many, at, 1_000_000 * (number + 1), roots))
    return [_line(ours, theirs, many, few)]


def _warm(at: datetime) -> None:
    _theirs(5, at, 10_000_000, (os.getpid(),))
    _ours(50, at, 10_000_000, (os.getpid(),))


def _bodies(count: int, at: datetime, first: int) -> Sequence[bytes]:
    return list(orders.stream(count, at, first=first))


def _ours(count: int, at: datetime, first: int, roots: tuple[int, ...]) -> Cost:
    from apps.core import clock
    from apps.ingestion.processing import process_due

    store = crowd.open_store(f"Ours{first}")
    crowd.keep(store, "order.updated", _bodies(count, at, first), clock.now())

    def work() -> None:
        while process_due(clock.now()):
            pass

    found = _timed(work, count, roots)
    _expect(store.pk, count)
    return found


def _theirs(count: int, at: datetime, first: int, roots: tuple[int, ...]) -> Cost:
    from apps.core import clock

    store = crowd.open_store(f"Naive{first}")
    crowd.keep(store, "order.updated", _bodies(count, at, first), clock.now())
    found = _timed(lambda: naive.process(store), count, roots)
    _expect(store.pk, count)
    return found


def _expect(store_id: int, count: int) -> None:
    """Nothing was left out by either."""
    from apps.ingestion.models import Delivery
    from apps.orders.models import Order, OrderLine

    known = Order.objects.filter(store_id=store_id).count()
    assert known == count - count // orders.REPEATED, known
    assert OrderLine.objects.filter(order__store_id=store_id).count() == known * orders.LINES
    assert not Delivery.objects.filter(store_id=store_id).exclude(state="done").exists()


def _timed(work: Callable[[], object], count: int, roots: tuple[int, ...]) -> Cost:
    watch = Watch(roots)
    work()
    wall, cpu = watch.read()
    time.sleep(0.2)
    return wall / count * 1000, cpu / count * 1000


def _line(ours: list[Cost], theirs: list[Cost], many: int, few: int) -> Line:
    wall = median(one[0] for one in theirs) / median(one[0] for one in ours)
    cpu = median(one[1] for one in theirs) / median(one[1] for one in ours)
    size = len(next(orders.stream(1, datetime.now(UTC)))) / 1024
    return Line(
        path="deliveries → rows",
        peer="per-event `update_or_create`",
        measured=f"{wall:.0f} × as fast, {cpu:.0f} × less CPU",
        bar=f"≥ {BAR} ×",
        met=min(wall, cpu) >= BAR,
        details=(
            f"orders of four lines, {size:.1f} KB, every fifth one told before",
            _costs("ours", ours, many),
            _costs("the peer", theirs, few),
        ),
    )


def _costs(who: str, rounds: list[Cost], count: int) -> str:
    wall, cpu = (median(one[place] for one in rounds) for place in (0, 1))
    return f"{who}: {1000 / wall:,.0f} deliveries/s, {cpu:.2f} ms CPU each ({len(rounds)} rounds of {count:,})"
