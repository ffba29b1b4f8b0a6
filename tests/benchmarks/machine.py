"""What processes cost, read from /proc: CPU seconds and resident memory, children included."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

PROC = Path("/proc")
TICK = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name; empty when the process is gone."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def parent(pid: int) -> int:
    return int(_stat(pid)[1])


def family(roots: Iterable[int]) -> list[int]:
    """These processes with everything they started that still lives."""
    parents = {int(entry.name): _stat(int(entry.name)) for entry in PROC.iterdir() if entry.name.isdigit()}
    found = list(roots)
    for one in found:
        found += [pid for pid, fields in parents.items() if fields and int(fields[1]) == one and pid not in found]
    return found


def cpu_seconds(roots: Iterable[int]) -> float:
    """User and system time of these families, their ended children too."""
    fields = [_stat(pid) for pid in family(roots)]
    return sum(sum(map(int, one[11:15])) for one in fields if one) / TICK


def on_core(pid: int) -> float:
    """Seconds this process has had a core, to the nanosecond; its children are not counted."""
    return int((PROC / str(pid) / "schedstat").read_text().split()[0]) / 1e9


@dataclass(slots=True)
class Watch:
    """Wall and CPU seconds since it was made."""

    roots: tuple[int, ...]
    began: float = field(default_factory=time.perf_counter)
    spent: float = 0.0

    def __post_init__(self) -> None:
        self.spent = cpu_seconds(self.roots)

    def read(self) -> tuple[float, float]:
        return time.perf_counter() - self.began, cpu_seconds(self.roots) - self.spent


def resident(roots: Iterable[int]) -> tuple[float, float]:
    """Megabytes of these families: each page shared out among those who share it (PSS), and RSS as `top` adds it."""
    shared = counted = 0
    for pid in family(roots):
        for line in _rollup(pid):
            name, _, value = line.partition(":")
            if name in ("Pss", "Rss"):
                kilobytes = int(value.split()[0])
                shared, counted = shared + kilobytes * (name == "Pss"), counted + kilobytes * (name == "Rss")
    return shared / 1024, counted / 1024


def _rollup(pid: int) -> list[str]:
    try:
        return (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return []


def words() -> str:
    """The machine, so that a figure means something."""
    cpu = next(
        (line.split(":")[1].strip() for line in (PROC / "cpuinfo").read_text().splitlines() if "model name" in line),
        platform.machine(),
    )
    memory = int((PROC / "meminfo").read_text().split()[1]) / 1024**2
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    return (
        f"{os.cpu_count()} cores ({cpu}), {memory:.0f} GB, {platform.system()}, Python {platform.python_version()};"
        f" load average at the start {load}"
    )
