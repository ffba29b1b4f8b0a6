"""The engine's reading and writing: whole batches, never a row at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from apps.core import db
from apps.flows.taking import Run, Taken
from apps.stores.rules import Rules

RUN_COLUMNS = """e.id, e.store_id, e.flow_id, e.version_id, e.customer_id, e.cart_id, e.order_id, e.position,
    e.triggered_at, e.due_at, e.attempts"""

# Oldest first, then by key: two workers that meet on one moment take rows in the same order.
CLAIM = f"""
SELECT {RUN_COLUMNS} FROM flows_enrollment e
WHERE e.status = 'active' AND e.due_at <= %s
ORDER BY e.due_at, e.id LIMIT %s FOR UPDATE SKIP LOCKED
"""

_RUNNING = """
SELECT f.id, s.rules::text FROM flows_flow f JOIN stores_store s ON s.id = f.store_id
WHERE f.id = ANY(%s::bigint[]) AND s.status <> 'paused'
AND (f.live AND f.deleted_at IS NULL OR s.status = 'uninstalled')
"""

_NOTE = """
INSERT INTO flows_steprun (enrollment_id, position, kind, outcome, detail, at)
SELECT t.run, t.position, t.kind, t.outcome, t.detail, %s
FROM unnest(%s::bigint[], %s::smallint[], %s::text[], %s::text[], %s::jsonb[])
    AS t(run, position, kind, outcome, detail)
ON CONFLICT (enrollment_id, position) DO NOTHING
"""

_WRITE = """
UPDATE flows_enrollment e SET position = t.position, status = t.status, reason = t.reason, due_at = t.due_at,
    attempts = t.attempts, ended_at = CASE WHEN t.status = 'active' THEN NULL ELSE %s END
FROM unnest(%s::bigint[], %s::smallint[], %s::text[], %s::text[], %s::timestamptz[], %s::smallint[])
    AS t(id, position, status, reason, due_at, attempts)
WHERE e.id = t.id
"""


class Move(msgspec.Struct, frozen=True):
    """Where a run stands after a batch: waiting until `due_at`, or ended."""

    run_id: int
    position: int
    status: str = "active"
    reason: str = ""
    due_at: datetime | None = None
    attempts: int = 0


def run_of(row: Sequence[Any]) -> Run:
    """A row of RUN_COLUMNS."""
    return Run(**dict(zip(Run.__struct_fields__, row, strict=True)))


def claim(at: datetime, limit: int) -> list[Run]:
    """Lock the oldest that are due and that nobody else is advancing."""
    return [run_of(row) for row in db.rows(CLAIM, [at, limit])]


def running(flow_ids: Iterable[int]) -> dict[int, Rules]:
    """The rules of the shop, for each flow whose people may go on.

    A flow that is off or a shop that is paused holds them where they are. A shop that is gone does not:
    its runs must find their exit.
    """
    rows = db.rows(_RUNNING, [sorted(set(flow_ids))])
    return {flow_id: Rules.read(msgspec.json.decode(rules)) for flow_id, rules in rows}


def note(taken: Sequence[Taken], at: datetime) -> None:
    """Write down the steps taken, once each."""
    if not taken:
        return
    columns = [
        [step.case.run.id for step in taken],
        [step.case.position for step in taken],
        [step.case.step.kind for step in taken],
        [step.outcome for step in taken],
        [msgspec.json.encode(step.detail).decode() for step in taken],
    ]
    db.run(_NOTE, [at, *columns])


def write(moves: Sequence[Move], at: datetime) -> None:
    """Every run's new place, in one statement."""
    if not moves:
        return
    names = ("run_id", "position", "status", "reason", "due_at", "attempts")
    db.run(_WRITE, [at, *([getattr(move, name) for move in moves] for name in names)])
