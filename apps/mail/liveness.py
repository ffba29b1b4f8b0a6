"""Whether the process that held a mail still lives, and whether this one is about to leave.

Each sending process keeps one session of its own with an advisory lock. When the lock is free, the process is
gone: only then may a mail in doubt be called unknown before its deadline, and by nobody but the reconciler.
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Iterable

import psycopg
from celery.signals import worker_shutting_down
from django.db import connection, connections

from apps.core import db

LOCK_CLASS = 4711

Session = psycopg.Connection[tuple[object, ...]]

_guard = threading.Lock()
_held: dict[int, tuple[str, Session]] = {}
_leaving = threading.Event()


def holder() -> str:
    """This process's name, its lock taken on the first call and kept for as long as the process lives.

    A database that restarted has forgotten the lock: then the process goes on under a new name.
    """
    with _guard:
        kept = _held.get(os.getpid())
        if kept is not None and _answers(kept[1]):
            return kept[0]
        number = secrets.randbelow(2**31 - 1)
        session = _session()
        session.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK_CLASS, number])
        _held[os.getpid()] = (str(number), session)
        return str(number)


def _answers(session: Session) -> bool:
    try:
        session.execute("SELECT 1")
    except psycopg.Error:
        session.close()
        return False
    return True


def _session() -> Session:
    """A session beside Django's: it never ends with a task and never joins a transaction."""
    params = connections[connection.alias].get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold", "server_side_binding"):
        params.pop(name, None)
    # The process id tells an operator, and a test, which worker a name belongs to.
    return psycopg.connect(**params, autocommit=True, application_name=f"mandje-holder {os.getpid()}")


def release() -> None:
    """Let go, at an orderly end."""
    with _guard:
        kept = _held.pop(os.getpid(), None)
    if kept is not None:
        kept[1].close()


def dead(names: Iterable[str]) -> list[str]:
    """Those whose process has ended: their lock is free.

    Asked within one statement, so that nothing is left locked, also behind a pooler of transactions.
    """
    asked = sorted(set(names))
    known = [name for name in asked if name.isdigit()]
    found = db.rows(
        "SELECT name FROM unnest(%s::text[]) AS name WHERE pg_try_advisory_xact_lock(%s, name::int)",
        [known, LOCK_CLASS],
    )
    return [*(row[0] for row in found), *(name for name in asked if not name.isdigit())]


@worker_shutting_down.connect
def _told_to_leave(**_: object) -> None:
    _leaving.set()


def is_leaving() -> bool:
    """Whether this worker was asked to stop: what has not left yet is handed back."""
    return _leaving.is_set()
