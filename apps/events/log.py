"""Writing in the diary, many lines at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from apps.core import db
from apps.core.sql import Sql
from apps.events.listeners import listened


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """A line for the diary. `source_key` makes it unique per store and kind: telling it twice adds nothing."""

    store_id: int
    customer_id: int | None
    subject: str
    kind: str
    occurred_at: datetime
    source_key: str
    data: dict[str, Any] = {}
    announced: bool = True
    """False keeps it out of the listeners' ears: too old to start anything."""


_APPEND = """
WITH told AS (
    SELECT * FROM unnest(%(stores)s::bigint[], %(customers)s::bigint[], %(subjects)s::text[], %(kinds)s::text[],
        %(moments)s::timestamptz[], %(keys)s::text[], %(data)s::jsonb[], %(announced)s::boolean[])
        AS t(store_id, customer_id, subject, kind, occurred_at, source_key, data, announced)
), added AS (
    INSERT INTO events_event (store_id, customer_id, subject, kind, occurred_at, recorded_at, shape, source_key, data)
    SELECT store_id, customer_id, subject, kind, occurred_at, %(at)s, 1, source_key, data FROM told
    ON CONFLICT (store_id, kind, source_key) DO NOTHING
    RETURNING id, store_id, kind, source_key
)
INSERT INTO events_announcement (event_id, due_at, attempts, reason)
SELECT added.id, %(at)s, 0, '' FROM added JOIN told USING (store_id, kind, source_key)
WHERE told.announced AND told.kind = ANY(%(heard)s::text[])
"""


KEPT: Final = timedelta(days=400)
"""The diary goes back 13 months: what would be thrown away tonight is not written."""


def as_history(events: Sequence[Happened], until: datetime | None, at: datetime) -> list[Happened]:
    """These lines, those of before `until` out of everybody's ears, and none that the diary no longer keeps."""
    if until is None:
        return list(events)
    return [
        event if event.occurred_at >= until else msgspec.structs.replace(event, announced=False)
        for event in events
        if event.occurred_at >= until or at - event.occurred_at < KEPT
    ]


def append(events: Sequence[Happened], at: datetime) -> None:
    """Write events once, with an announcement for those that somebody listens to, in the caller's transaction."""
    unique = {(event.store_id, event.kind, event.source_key): event for event in events}
    if not unique:
        return
    lines = sorted(unique.values(), key=lambda event: (event.store_id, event.kind, event.source_key))
    db.run(
        _APPEND,
        {
            "stores": [line.store_id for line in lines],
            "customers": [line.customer_id for line in lines],
            "subjects": [line.subject for line in lines],
            "kinds": [line.kind for line in lines],
            "moments": [line.occurred_at for line in lines],
            "keys": [line.source_key for line in lines],
            "data": [msgspec.json.encode(line.data).decode() for line in lines],
            "announced": [line.announced for line in lines],
            "heard": sorted(listened()),
            "at": at,
        },
    )


_APPEND_FROM = """
WITH {before}, told AS ({lines}), added AS (
    INSERT INTO events_event (store_id, customer_id, subject, kind, occurred_at, recorded_at, shape, source_key, data)
    SELECT store_id, customer_id, subject, kind, occurred_at, %s, 1, source_key, data FROM told
    ON CONFLICT (store_id, kind, source_key) DO NOTHING
    RETURNING id, kind
), announced AS (
    INSERT INTO events_announcement (event_id, due_at, attempts, reason)
    SELECT id, %s, 0, '' FROM added WHERE kind = ANY(%s::text[])
)
SELECT count(*) FROM added
"""


def append_from(before: Sql, lines: Sql, at: datetime) -> int:
    """Write the events that a SELECT yields, however many, in one statement with what makes them.

    `before` are the CTEs that `lines` reads, changes included; `lines` yields store_id, customer_id, subject, kind,
    occurred_at, source_key and data. Returns how many were new.
    """
    statement = _APPEND_FROM.format(before=before.text, lines=lines.text)
    return int(db.rows(statement, [*before.params, *lines.params, at, at, sorted(listened())])[0][0])
