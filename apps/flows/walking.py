"""The engine's reading and writing: whole batches, never a row at a time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import msgspec

from apps.core import db
from apps.flows.taking import Run, Taken
from apps.stores.rules import Rules

RUN_COLUMNS = """e.id, e.store_id, e.flow_id, e.version_id, e.customer_id, e.cart_id, e.order_id, e.position,
    e.triggered_at, e.due_at, e.attempts, e.step_at, e.spoke, e.spoke_at, e.about::text"""

# Oldest first, then by key: two workers that meet on one moment take rows in the same order.
CLAIM = f"""
SELECT {RUN_COLUMNS} FROM flows_enrollment e
WHERE e.status = 'active' AND e.due_at <= %s
ORDER BY e.due_at, e.id LIMIT %s FOR UPDATE SKIP LOCKED
"""

# The same, and only what tells which step is due.
_CLAIM_PLACES = """
SELECT e.id, e.flow_id, e.version_id, e.position FROM flows_enrollment e
WHERE e.status = 'active' AND e.due_at <= %s
ORDER BY e.due_at, e.id LIMIT %s FOR UPDATE SKIP LOCKED
"""

_READ = f"SELECT {RUN_COLUMNS} FROM flows_enrollment e WHERE e.id = ANY(%s::bigint[]) ORDER BY e.due_at, e.id"

_RUNNING = """
SELECT f.id, s.rules::text, s.time_zone, f.shadow FROM flows_flow f JOIN stores_store s ON s.id = f.store_id
WHERE f.id = ANY(%s::bigint[]) AND s.status <> 'paused'
AND (f.live AND f.deleted_at IS NULL OR s.status = 'uninstalled')
"""

_COUNTRIES = "SELECT id, country FROM customers_customer WHERE id = ANY(%s::bigint[])"

_NOTE = """
INSERT INTO flows_steprun (enrollment_id, position, kind, outcome, detail, at)
SELECT t.run, t.position, t.kind, t.outcome, t.detail, %s
FROM unnest(%s::bigint[], %s::smallint[], %s::text[], %s::text[], %s::jsonb[])
    AS t(run, position, kind, outcome, detail)
ON CONFLICT (enrollment_id, position) DO NOTHING
"""

_WRITE = """
UPDATE flows_enrollment e SET position = t.position, status = t.status, reason = t.reason, due_at = t.due_at,
    attempts = t.attempts, step_at = t.step_at, spoke = t.spoke, spoke_at = t.spoke_at,
    ended_at = CASE WHEN t.status = 'active' THEN NULL ELSE %s END
FROM unnest(%s::bigint[], %s::smallint[], %s::text[], %s::text[], %s::timestamptz[], %s::smallint[],
    %s::timestamptz[], %s::smallint[], %s::timestamptz[])
    AS t(id, position, status, reason, due_at, attempts, step_at, spoke, spoke_at)
WHERE e.id = t.id
"""


BREATH = timedelta(seconds=1)
"""Who has just been asked for a mail is looked at again no sooner."""


class Place(msgspec.Struct, frozen=True):
    """Where a claimed run stands."""

    id: int
    flow_id: int
    version_id: int
    position: int


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """Where a run stands after a batch: waiting until `due_at`, or ended."""

    run_id: int
    position: int
    status: str = "active"
    reason: str = ""
    due_at: datetime | None = None
    attempts: int = 0
    step_at: datetime | None = None
    spoke: int | None = None
    spoke_at: datetime | None = None


_COLUMNS = Move.__struct_fields__


def stays(run: Run, *, due_at: datetime, attempts: int = 0) -> Move:
    """Look again at that moment: nothing else about the run changes, so no step is lost or brought forward."""
    return Move(
        run_id=run.id,
        position=run.position,
        due_at=due_at,
        attempts=attempts,
        step_at=run.step_at,
        spoke=run.spoke,
        spoke_at=run.spoke_at,
    )


def ends(run: Run, position: int, *, status: str = "completed", reason: str = "", attempts: int = 0) -> Move:
    """The run is over."""
    return Move(run_id=run.id, position=position, status=status, reason=reason, attempts=attempts)


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """Where a flow runs: by which rules, by which clock, and whether it only decides."""

    rules: Rules
    zone: str
    shadow: bool


def run_of(row: Sequence[Any]) -> Run:
    """A row of RUN_COLUMNS."""
    return Run(**dict(zip(Run.__struct_fields__, row, strict=True)))


def claim(at: datetime, limit: int) -> list[Run]:
    """Lock the oldest that are due and that nobody else is advancing."""
    return [run_of(row) for row in db.rows(CLAIM, [at, limit])]


def claim_places(at: datetime, limit: int) -> list[Place]:
    """Lock the oldest that are due, as `claim` does, and say no more than where they stand."""
    return [Place(*row) for row in db.rows(_CLAIM_PLACES, [at, limit])]


def read(run_ids: Sequence[int]) -> list[Run]:
    """Runs that are locked already, the oldest first."""
    return [run_of(row) for row in db.rows(_READ, [list(run_ids)])] if run_ids else []


def running(flow_ids: Iterable[int]) -> dict[int, Setting]:
    """Where each flow whose people may go on runs.

    A flow that is off or a shop that is paused holds them where they are. A shop that is gone does not:
    its runs must find their exit.
    """
    rows = db.rows(_RUNNING, [sorted(set(flow_ids))])
    return {flow_id: Setting(rules=_rules(rules), zone=zone, shadow=shadow) for flow_id, rules, zone, shadow in rows}


@lru_cache(maxsize=4096)
def _rules(text: str) -> Rules:
    return Rules.read(msgspec.json.decode(text))


def countries(customer_ids: Collection[int]) -> dict[int, str]:
    """Where these people live, as far as it is known."""
    return dict(db.rows(_COUNTRIES, [sorted(customer_ids)])) if customer_ids else {}


def note(taken: Sequence[Taken], at: datetime) -> None:
    """Write down the steps taken, once each."""
    if not taken:
        return
    columns = [
        [step.case.run.id for step in taken],
        [step.case.position for step in taken],
        [step.case.step.kind for step in taken],
        [step.outcome for step in taken],
        [msgspec.json.encode(step.detail).decode() if step.detail else "{}" for step in taken],
    ]
    db.run(_NOTE, [at, *columns])


def write(moves: Sequence[Move], at: datetime) -> None:
    """Every run's new place, in one statement."""
    if not moves:
        return
    db.run(_WRITE, [at, *([getattr(move, name) for move in moves] for name in _COLUMNS)])
