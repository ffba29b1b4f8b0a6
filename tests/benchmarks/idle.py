"""What the whole engine takes while nothing happens: memory, and a share of one core."""

from __future__ import annotations

import os
import time

from tests.benchmarks import crowd, machine, stack
from tests.benchmarks.machine import Watch
from tests.benchmarks.stage import Stage
from tests.benchmarks.table import Line

STORES, SETTLE, SECONDS = 10, 20, 60
MEMORY_BAR, CPU_BAR = 512, 2.0


def measure(stage: Stage) -> list[Line]:
    from django.db import connection

    from apps.core import clock

    for number in range(STORES):
        crowd.switch_on(crowd.open_store(f"Shop{number}"), clock.now())
    connection.close()
    with stack.running(stage) as engine:
        parts = {**engine.pids, "PostgreSQL": stage.postmaster(), "Redis": _redis()}
        time.sleep(SETTLE)
        watches = {name: Watch((pid,)) for name, pid in parts.items()}
        time.sleep(SECONDS)
        shares = {name: watch.read()[1] / SECONDS * 100 for name, watch in watches.items()}
        sizes = {name: machine.resident([pid]) for name, pid in parts.items()}
    return [_line(shares, sizes)]


def _redis() -> int:
    """The Redis of this run: its keeper wrote down which."""
    from pathlib import Path

    return int((Path(os.environ["MANDJE_HOME"]) / "redis.pid").read_text())


def _line(shares: dict[str, float], sizes: dict[str, tuple[float, float]]) -> Line:
    memory, counted, cpu = (
        sum(one[0] for one in sizes.values()),
        sum(one[1] for one in sizes.values()),
        sum(shares.values()),
    )
    return Line(
        path=f"the whole stack, idle with {STORES} stores",
        peer="–",
        measured=f"{memory:.0f} MB, {cpu:.1f} % of one core",
        bar=f"≤ {MEMORY_BAR} MB, ≤ {CPU_BAR:.0f} % of one core",
        met=memory <= MEMORY_BAR and cpu <= CPU_BAR,
        details=(
            f"shared pages counted once (PSS); as `top` adds them up (RSS): {counted:.0f} MB; over {SECONDS} s",
            *(f"{name}: {sizes[name][0]:.0f} MB (RSS {sizes[name][1]:.0f}), {shares[name]:.2f} %" for name in sizes),
        ),
    )
