"""Watching and ending processes that need not be our children."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import time

POLL_SECONDS = 0.02


def is_alive(pid: int) -> bool:
    """Whether the process exists and has not ended."""
    _reap(pid)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def wait(pid: int, *, seconds: float | None = None) -> bool:
    """Waits until the process has ended; False when the time was up first."""
    if sys.platform == "linux":
        return _wait_on_descriptor(pid, seconds)
    return _wait_by_asking(pid, seconds)


def end(pid: int, first: signal.Signals, *, patience: float) -> None:
    """Asks the process to end, and insists when it does not."""
    for sign in (first, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)
        if wait(pid, seconds=patience):
            return


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port."""
    with socket.socket() as probe:
        # Servers reuse a port whose last connections still linger; so does the question.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _reap(pid: int) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _wait_on_descriptor(pid: int, seconds: float | None) -> bool:
    if sys.platform != "linux":
        raise NotImplementedError
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        _reap(pid)
        return True
    try:
        ended = bool(select.select([watched], [], [], seconds)[0])
    finally:
        os.close(watched)
    _reap(pid)
    return ended


def _wait_by_asking(pid: int, seconds: float | None) -> bool:
    until = None if seconds is None else time.monotonic() + seconds
    while is_alive(pid):
        if until is not None and time.monotonic() > until:
            return False
        time.sleep(POLL_SECONDS if seconds is not None else 1)
    return True
