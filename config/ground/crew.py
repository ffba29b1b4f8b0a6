"""The programs of a Procfile as children: started, watched, restarted, stopped in order."""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from config.ground import processes

STOP_SECONDS = 10
LONGEST_PAUSE = 30.0
# A child that lived this long had started well: its next fall is a first one.
SETTLED_SECONDS = 60
PR_SET_PDEATHSIG = 1


def read_procfile(path: Path) -> dict[str, str]:
    """Name -> command line, in the order of the file."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return {name.strip(): line.strip() for name, line in (line.split(":", 1) for line in lines)}


@dataclass(slots=True)
class Child:
    """One program and the process that runs it now."""

    name: str
    line: str
    falls: int = 0
    started: float = 0.0
    again_at: float = 0.0
    process: subprocess.Popen[bytes] | None = None
    heard: bytes = b""

    def pause(self, now: float) -> float:
        """How long to wait before starting it again."""
        self.falls = 1 if now - self.started > SETTLED_SECONDS else self.falls + 1
        return min(2.0 ** (self.falls - 1), LONGEST_PAUSE)


@dataclass(slots=True)
class Crew:
    """Children that live and end together."""

    folder: Path
    environment: Mapping[str, str]
    say: Callable[[str, str], None]
    children: list[Child] = field(default_factory=list)
    _voices: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)

    def start(self, name: str, line: str) -> None:
        """Adds a program and starts it."""
        child = Child(name, line)
        self.children.append(child)
        self._run(child)

    def listen(self, seconds: float) -> None:
        """Passes on what the children say, for a while at most, and looks after the fallen."""
        for key, _ in self._voices.select(seconds):
            self._hear(key.data)
        now = time.monotonic()
        for child in self.children:
            self._look_after(child, now)

    def stop(self) -> None:
        """Asks each in turn, the last started first, and insists after ten seconds."""
        for child in reversed(self.children):
            self._end(child)
        self.children.clear()

    def _run(self, child: Child) -> None:
        child.started = time.monotonic()
        child.process = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {child.line}"],
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # Safe here: this process has one thread.
            preexec_fn=_die_with_parent,  # noqa: PLW1509
        )
        if child.process.stdout is not None:
            os.set_blocking(child.process.stdout.fileno(), False)
            self._voices.register(child.process.stdout, selectors.EVENT_READ, child)

    def _look_after(self, child: Child, now: float) -> None:
        if child.process is None:
            if now >= child.again_at:
                self._run(child)
            return
        code = child.process.poll()
        if code is not None:
            self._bury(child)
            pause = child.pause(now)
            child.again_at = now + pause
            self.say(child.name, f"ended ({code}); again in {pause:.0f} s")

    def _end(self, child: Child) -> None:
        if child.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.process.pid, signal.SIGTERM)
        until = time.monotonic() + STOP_SECONDS
        while child.process.poll() is None and time.monotonic() < until:
            # Still listening: a full pipe would hold up the very one that should end.
            for key, _ in self._voices.select(processes.POLL_SECONDS * 5):
                self._hear(key.data)
        self._bury(child)

    def _bury(self, child: Child) -> None:
        """Ends what is left of its group and closes its pipe."""
        if child.process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process.wait()
        self._hear(child)
        self._hang_up(child)
        child.process = None

    def _hear(self, child: Child) -> None:
        if child.process is None or child.process.stdout is None or child.process.stdout.closed:
            return
        try:
            said = os.read(child.process.stdout.fileno(), 65536)
        except BlockingIOError:
            return
        if not said:
            self._hang_up(child)
        *lines, child.heard = (child.heard + said).split(b"\n")
        for line in lines:
            self.say(child.name, line.decode(errors="replace"))

    def _hang_up(self, child: Child) -> None:
        pipe = child.process.stdout if child.process else None
        if pipe is not None and not pipe.closed:
            with contextlib.suppress(KeyError):
                self._voices.unregister(pipe)
            pipe.close()


def _die_with_parent() -> None:
    """On Linux a child is told when its supervisor was killed."""
    if sys.platform == "linux":
        _libc().prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)
