"""The diary when persons merge, ask for a copy, or are forgotten; and when its lines go.

What happened never changes. Whom it happened to is a mapping: a merge points it at the row that is left, an
erasure deletes it. Both, and retention, say so to the trigger that refuses everything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from apps.core import db, retention
from apps.core.following import Erasing, Following, exporting, follow, keeping, staying


@contextmanager
def rewriting() -> Iterator[None]:
    """Within this block the diary lets itself be changed, in this transaction alone."""
    db.run("SELECT set_config('mandje.erasing', 'on', true)")
    yield
    # Not in a `finally`: after an error the transaction is over, and the setting with it.
    db.run("SELECT set_config('mandje.erasing', 'off', true)")


def _move(_store_id: int, kept: int, gone: int) -> None:
    with rewriting():
        db.run("UPDATE events_event SET customer_id = %s WHERE customer_id = %s", [kept, gone])


def _forget(who: Erasing) -> None:
    """The line stays for the sums; nothing leads from it to the person any more."""
    db.run(
        "UPDATE events_announcement SET reason = '' WHERE reason <> ''"
        " AND event_id IN (SELECT id FROM events_event WHERE customer_id = ANY(%s::bigint[]))",
        [list(who.customers)],
    )
    with rewriting():
        db.run(
            "UPDATE events_event SET customer_id = NULL WHERE customer_id = ANY(%s::bigint[])",
            [list(who.customers)],
        )


follow(
    Following(
        model="events.Event",
        columns=("customer_id",),
        move=_move,
        export=exporting("events_event", "occurred_at, recorded_at, kind, subject, data", order="1, id"),
        erase=_forget,
    )
)
follow(
    Following(
        model="events.Announcement",
        move=staying,
        export=exporting(
            "events_announcement a JOIN events_event e ON e.id = a.event_id",
            "a.due_at, a.attempts, e.kind",
            where="e.customer_id = %s",
        ),
        # Its reason goes with the event's mapping, while that still stands.
        erase=keeping,
    )
)

# Lines are numbered as they are written: the lowest numbers are the oldest, so no index on the moment is needed.
_OLDEST = """
SELECT id FROM (SELECT id, recorded_at FROM events_event ORDER BY id LIMIT %(limit)s) AS first
WHERE recorded_at < %(before)s
"""


@retention.rule("events", keep="13 months")
def _events(before: datetime, limit: int) -> int:
    old = [row[0] for row in db.rows(_OLDEST, {"before": before, "limit": limit})]
    db.run("DELETE FROM events_announcement WHERE event_id = ANY(%s::bigint[])", [old])
    with rewriting():
        return db.run("DELETE FROM events_event WHERE id = ANY(%s::bigint[])", [old])
