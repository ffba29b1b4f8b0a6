"""Users of an embedded ground as real processes, and a look at who is alive."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from config.defaults import ROOT

JOIN = (
    "import sys; from pathlib import Path; from config.ground import instance;"
    "found = instance.ensure(Path(sys.argv[1]));"
    "print(found.database_url, flush=True); sys.stdin.read()"
)


class User:
    """A process that uses the ground until it is told to go."""

    def __init__(self, home: Path, *, python: str = sys.executable, **how: object) -> None:
        settings = {"cwd": ROOT, **how}
        self.process = subprocess.Popen(  # type: ignore[call-overload]
            [python, "-c", JOIN, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **settings,
        )
        self.database_url: str = self.process.stdout.readline().strip()

    def leave(self) -> None:
        self.process.communicate("", timeout=10)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=10)


def alive_in(home: Path) -> set[int]:
    """Processes that were started for this home, whoever their parent is now."""
    mark = str(home)
    return {
        int(folder.name)
        for folder in Path("/proc").iterdir()
        if folder.name.isdigit() and int(folder.name) != os.getpid() and _speaks_of(folder, mark)
    }


def names_in(home: Path) -> list[str]:
    """Those that are alive, by what they were called with."""
    names = []
    for number in alive_in(home):
        with contextlib.suppress(OSError):
            names.append(
                Path(f"/proc/{number}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:200]
            )
    return names


def _speaks_of(folder: Path, mark: str) -> bool:
    with contextlib.suppress(OSError):
        if (folder / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return False
        told = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        return mark in told.decode(errors="replace")
    return False


def until(true: Callable[[], bool], *, seconds: float = 30) -> bool:
    """Waits for something other processes bring about."""
    for _ in _ticks(seconds):
        if true():
            return True
    return true()


def _ticks(seconds: float) -> Iterator[None]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(0.05)
