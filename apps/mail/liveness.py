"""Whether the process that held a mail still lives.

Each sending process keeps one session of its own with an advisory lock. When the lock is free, the process is
gone: only then may a mail in doubt be called unknown before its deadline, and by nobody but the reconciler.
"""

from __future__ import annotations

import os
import secrets
import threading

import psycopg
from django.db import connection, connections

from apps.core import db

LOCK_CLASS = 4711

_guard = threading.Lock()
_held: dict[int, tuple[str, psycopg.Connection[tuple[object, ...]]]] = {}


def holder() -> str:
    """This process's name, its lock taken on the first call and kept for as long as the process lives."""
    with _guard:
        kept = _held.get(os.getpid())
        if kept is not None and not kept[1].closed:
            return kept[0]
        number = secrets.randbelow(2**31 - 1)
        session = _session()
        session.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK_CLASS, number])
        _held[os.getpid()] = (str(number), session)
        return str(number)


def _session() -> psycopg.Connection[tuple[object, ...]]:
    """A session beside Django's: it never ends with a task and never joins a transaction."""
    params = connections[connection.alias].get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold", "server_side_binding"):
        params.pop(name, None)
    return psycopg.connect(**params, autocommit=True, application_name="mandje-holder")


def release() -> None:
    """Let go, at an orderly end."""
    with _guard:
        kept = _held.pop(os.getpid(), None)
    if kept is not None:
        kept[1].close()


def is_dead(name: str) -> bool:
    """Whether the process with this name has ended: its lock is free."""
    if not name.isdigit():
        return True
    free = db.rows("SELECT pg_try_advisory_lock(%s, %s)", [LOCK_CLASS, int(name)])[0][0]
    if free:
        db.rows("SELECT pg_advisory_unlock(%s, %s)", [LOCK_CLASS, int(name)])
    return bool(free)
