"""Runs that begin, give way, speak of a newer basket or wait anew: whole batches, never one at a time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec

from apps.core import db
from apps.core.reasons import Reason
from apps.flows.admitting import Newcoming
from apps.flows.withdrawing import withdraw_runs


class Beginning(msgspec.Struct, frozen=True):
    """A run to begin; `cart_id` may have become a newer basket than it began with."""

    found: Newcoming
    cart_id: int | None = None


class Moved(msgspec.Struct, frozen=True):
    """A run that has said nothing yet, and counts from a later moment."""

    run_id: int
    triggered_at: datetime
    due_at: datetime


class Repointed(msgspec.Struct, frozen=True):
    run_id: int
    cart_id: int | None


_BEGIN = """
INSERT INTO flows_enrollment (store_id, flow_id, version_id, customer_id, cart_id, order_id, subject, occasion, about,
    status, reason, position, triggered_at, entered_at, due_at, attempts)
SELECT t.store, t.flow, t.version, t.customer, t.cart, t.ordered, t.subject, t.occasion, t.about, t.status, t.reason,
    t.position, t.triggered_at, %s, t.due_at, 0
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[],
    %s::jsonb[], %s::text[], %s::text[], %s::smallint[], %s::timestamptz[], %s::timestamptz[])
    AS t(store, flow, version, customer, cart, ordered, subject, occasion, about, status, reason, position,
         triggered_at, due_at)
ON CONFLICT DO NOTHING
"""

_REPLACE = """
UPDATE flows_enrollment SET status = 'exited', reason = %s, due_at = NULL, ended_at = %s
WHERE id = ANY(%s::bigint[]) AND status = 'active'
"""

# A first mail that was asked for is not taken back: the run goes on as it was.
_MOVE = """
UPDATE flows_enrollment e SET triggered_at = t.triggered_at, due_at = t.due_at, step_at = NULL
FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS t(id, triggered_at, due_at)
WHERE e.id = t.id AND e.status = 'active' AND e.position = 0 AND e.triggered_at < t.triggered_at
"""

_REPOINT = """
UPDATE flows_enrollment e SET cart_id = t.cart FROM unnest(%s::bigint[], %s::bigint[]) AS t(id, cart)
WHERE e.id = t.id AND e.status = 'active'
"""

# What still waits speaks of the newer basket too; what was claimed is already being written.
_REPOINT_MAIL = """
UPDATE mail_message m SET cart_id = e.cart_id FROM flows_enrollment e
WHERE e.id = ANY(%s::bigint[]) AND m.customer_id = e.customer_id AND m.store_id = e.store_id
AND m.status = 'planned' AND starts_with(m.origin, 'run:' || e.id || '/')
"""


def replace(run_ids: Sequence[int], at: datetime) -> None:
    """End the runs whose basket is an old story, and what they still had waiting."""
    if run_ids:
        db.run(_REPLACE, [Reason.NEWER_BASKET, at, sorted(run_ids)])
        withdraw_runs(dict.fromkeys(run_ids, Reason.NEWER_BASKET), at)


def repoint(runs: Sequence[Repointed]) -> None:
    """These runs are about a newer basket from now on; the steps they took stay taken."""
    if runs:
        db.run(_REPOINT, [[run.run_id for run in runs], [run.cart_id for run in runs]])
        db.run(_REPOINT_MAIL, [[run.run_id for run in runs]])


def move(runs: Sequence[Moved]) -> None:
    """Let these runs wait anew, from their later moment."""
    if runs:
        columns = [[getattr(run, name) for run in runs] for name in ("run_id", "triggered_at", "due_at")]
        db.run(_MOVE, columns)


def begin(beginnings: Sequence[Beginning], held_out: Collection[tuple[int, int]], at: datetime) -> int:
    """Insert the runs; the control group's are over before they begin."""
    if not beginnings:
        return 0
    rows = [_row(new, (new.found.flow.id, new.found.customer_id) in held_out) for new in beginnings]
    return db.run(_BEGIN, [at, *(list(column) for column in zip(*rows, strict=True))])


def _row(new: Beginning, held_out: bool) -> tuple[Any, ...]:
    found, flow = new.found, new.found.flow
    return (
        flow.store_id,
        flow.id,
        flow.version_id,
        found.customer_id,
        new.cart_id,
        found.order_id,
        found.subject,
        found.occasion,
        msgspec.json.encode(found.about).decode(),
        "held_out" if held_out else "active",
        Reason.HELD_OUT if held_out else "",
        found.position,
        found.triggered_at,
        None if held_out else flow.plan.definition.moments(found.triggered_at)[found.position],
    )
