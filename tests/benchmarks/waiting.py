"""Claiming who is due among those who wait: a million, and ten times as many.

The engine's own claim and its own write on its own table and indexes, committed batch by batch, as in `claims`. Ten
thousand are due, scattered over the table; all others wait for a moment in the coming month. What counts is the time
on a core of both the asker and its PostgreSQL process.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.benchmarks import claims
from tests.benchmarks.stage import Stage
from tests.benchmarks.table import Line

BATCH, BAR = claims.BATCH, 2.0


def measure(stage: Stage) -> list[Line]:
    small = 1_000_000 if stage.full else 100_000
    found = {}
    for rows in (small, small * 10):
        with stage.copy(f"waiting_{rows}") as place:
            found[rows] = claims._size(place, rows, claims._ENROLLMENTS, _places)
    (few, (batch, idle)), (many, (large, large_idle)) = found.items()
    return [
        Line(
            path=f"claim {BATCH} due people among those who wait",
            peer=f"same table at {few:,} and {many:,} people",
            measured=f"{large / batch:.2f} × the time on a core a batch; idle poll {max(idle, large_idle):.2f} ms",
            bar=f"≤ {BAR:.0f} × the time",
            met=large / batch <= BAR,
            details=tuple(
                f"{rows:,} waiting: {one:.1f} ms a batch, idle poll {poll:.3f} ms"
                for rows, (one, poll) in found.items()
            ),
        )
    ]


def _places(at: datetime) -> int:
    """Claim as the engine does, and look again tomorrow."""
    from django.db import transaction

    from apps.core import db
    from apps.flows import walking

    with transaction.atomic():
        places = walking.claim_places(at, BATCH)
        db.run(
            "UPDATE flows_enrollment SET due_at = %s WHERE id = ANY(%s::bigint[])",
            [at + timedelta(days=1), [place.id for place in places]],
        )
    return len(places)
