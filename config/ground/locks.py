"""File locks that the kernel lets go of, however a process ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def take(path: Path, *, shared: bool = False) -> int:
    """Waits for the lock and returns the descriptor that holds it."""
    held = _open(path)
    fcntl.flock(held, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
    return held


def try_take(path: Path) -> int | None:
    """The descriptor that holds the lock alone, or None when others have it."""
    held = _open(path)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(held)
        return None
    return held


def is_held(path: Path) -> bool:
    """Whether somebody holds the lock alone at this moment."""
    probe = _open(path)
    try:
        # Shared, so that two who ask do not take each other for the holder.
        fcntl.flock(probe, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(probe)
    return False


def is_shared(path: Path) -> bool:
    """Whether others hold the lock together at this moment."""
    held = try_take(path)
    if held is not None:
        os.close(held)
    return held is None and not is_held(path)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Holds the lock for the length of a block."""
    held = take(path)
    try:
        yield
    finally:
        os.close(held)


def _open(path: Path) -> int:
    # Closed on exec, so a program started by a holder does not keep the lock; a fork does.
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
