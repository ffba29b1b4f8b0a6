"""What runs wait for: whether it happened, and waking them the moment it is told.

A step that waits asks the diary itself, so the event and the time-out cannot both be missed: waking only moves the
moment at which the run is looked at. An event that is told late but happened in time counts from when it happened.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec

from apps.core import db
from apps.core.forms import fields_of
from apps.events.listeners import Told, listens
from apps.flows import plans
from apps.flows.parts import steps

_FIRST = """
SELECT t.run, (SELECT min(e.occurred_at) FROM events_event e
    WHERE e.customer_id = t.customer_id AND e.store_id = t.store_id AND e.kind = t.kind
    AND e.occurred_at >= t.since AND e.occurred_at <= t.until AND (t.name = '' OR e.data ->> 'name' = t.name))
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[])
    AS t(run, store_id, customer_id, kind, name, since, until)
"""

_INSIDE = """
SELECT e.id, e.customer_id, e.version_id, e.position FROM flows_enrollment e
WHERE e.status = 'active' AND e.customer_id = ANY(%s::bigint[]) AND e.due_at > %s
"""

# Asked again under the lock: who went on meanwhile is no longer waiting.
_WAKE = """
WITH waiting AS MATERIALIZED (
    SELECT e.id FROM flows_enrollment e
    JOIN unnest(%(runs)s::bigint[], %(positions)s::smallint[]) AS t(id, position) ON t.id = e.id
    WHERE e.status = 'active' AND e.position = t.position AND e.due_at > %(at)s ORDER BY e.id FOR UPDATE OF e
)
UPDATE flows_enrollment e SET due_at = %(at)s FROM waiting w WHERE e.id = w.id
"""


class Awaited(msgspec.Struct, frozen=True, kw_only=True):
    """What one run waits for. `name` '' is any; it must happen between the two moments."""

    run_id: int
    store_id: int
    customer_id: int
    kind: str
    name: str
    since: datetime
    until: datetime


def first_since(awaited: Sequence[Awaited]) -> dict[int, datetime]:
    """By run, when it happened first; runs to whom it did not are left out."""
    columns = [[getattr(one, name) for one in awaited] for name in Awaited.__struct_fields__]
    return {run: moment for run, moment in db.rows(_FIRST, columns) if moment is not None} if awaited else {}


def listen() -> None:
    """Hear whatever a step may wait for."""
    spec = next(spec for spec in fields_of(steps.get("wait_for")) if spec.name == "event")
    listens(*spec.choices)(on_happening)


def on_happening(events: Sequence[Told], at: datetime) -> None:
    wake(events, at)


def wake(events: Sequence[Told], at: datetime) -> int:
    """Have everybody looked at who waits for one of these; returns how many."""
    told: dict[int, list[Told]] = defaultdict(list)
    for event in events:
        if event.customer_id is not None:
            told[event.customer_id].append(event)
    inside = db.rows(_INSIDE, [sorted(told), at]) if told else []
    known = plans.load({version for _, _, version, _ in inside})
    awake = [
        (run, position)
        for run, customer, version, position in inside
        if (plan := known.get(version)) is not None and position < len(plan.nodes)
        and (answered := getattr(plan.nodes[position].step, "is_answered_by", None)) is not None
        and any(answered(event.kind, event.data) for event in told[customer])
    ]  # fmt: skip
    if not awake:
        return 0
    return db.run(
        _WAKE, {"at": at, "runs": [run for run, _ in awake], "positions": [position for _, position in awake]}
    )
