"""The only reader of the time.

Entry points ask once and hand `at` down; everything below is a function of its arguments.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

from apps.core import db

MAX_SKEW = timedelta(seconds=5)
"""A process whose own clock differs more does not send (decision 8)."""

_offset: ContextVar[timedelta] = ContextVar("clock_offset", default=timedelta())


def now() -> datetime:
    """PostgreSQL's time, plus the offset of a travelling test, preview or simulation."""
    return _database_time() + _offset.get()


def skew() -> timedelta:
    """How far this process's own clock runs ahead of PostgreSQL's."""
    return datetime.now(UTC) - _database_time()


def _database_time() -> datetime:
    moment: datetime = db.rows("SELECT clock_timestamp()")[0][0]
    return moment


@contextmanager
def travelled(by: timedelta) -> Iterator[None]:
    """Within this block the clock stands `by` further (or earlier)."""
    token = _offset.set(_offset.get() + by)
    try:
        yield
    finally:
        _offset.reset(token)
