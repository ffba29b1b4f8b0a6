"""Telling events to their listeners, once each."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import msgspec
from django.db import transaction

from apps.core import db
from apps.events.listeners import Told, tell

log = logging.getLogger(__name__)

BATCH = 500
BACK_OFF = timedelta(seconds=30)

_CLAIM = """
SELECT e.id, e.store_id, e.customer_id, e.subject, e.kind, e.occurred_at, e.recorded_at, e.data::text
FROM (
    SELECT event_id FROM events_announcement
    WHERE due_at <= %(at)s ORDER BY due_at, event_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) AS due JOIN events_event e ON e.id = due.event_id
"""


def announce_due(at: datetime, limit: int = BATCH) -> int:
    """Tell a batch of announcements. Listeners' writes and the telling commit together.

    When a listener fails, the batch is told one by one, so that one bad event holds up nobody: it is put
    back with its reason and a pause.
    """
    try:
        with transaction.atomic():
            events = _claim(at, limit)
            tell(events, at)
            _heard([event.id for event in events])
        return len(events)
    except Exception:
        log.exception("a batch of announcements failed; telling them one by one")
    return sum(_announce_one(at) for _ in range(limit))


def _announce_one(at: datetime) -> int:
    event: Told | None = None
    try:
        with transaction.atomic():
            for event in _claim(at, 1):
                tell([event], at)
                _heard([event.id])
        return 1 if event else 0
    except Exception as problem:
        log.exception("an announcement failed")
        if event is not None:
            _put_back(event.id, at, f"{type(problem).__name__}: {problem}")
        return 0


def _claim(at: datetime, limit: int) -> list[Told]:
    found = db.rows(_CLAIM, {"at": at, "limit": limit})
    return [
        Told(
            id=row[0],
            store_id=row[1],
            customer_id=row[2],
            subject=row[3],
            kind=row[4],
            occurred_at=row[5],
            recorded_at=row[6],
            data=msgspec.json.decode(row[7]),
        )
        for row in found
    ]


def _heard(ids: list[int]) -> None:
    db.run("DELETE FROM events_announcement WHERE event_id = ANY(%s::bigint[])", [ids])


def _put_back(event_id: int, at: datetime, reason: str) -> None:
    db.run(
        "UPDATE events_announcement SET attempts = attempts + 1, reason = %s,"
        " due_at = %s::timestamptz + (%s::interval * power(2, least(attempts, 8))) WHERE event_id = %s",
        [reason[:500], at, BACK_OFF, event_id],
    )
