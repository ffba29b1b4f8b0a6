"""From when a step may really be taken: as planned, or later when the mail before it went late.

Two mails keep at least the gap the owner planned between them (decision 9). While the one before still
waits, the next waits with it; one that was skipped or refused is no reason to wait. A run carries along which
mail was its last and when that was planned, so that the distance holds over branches and versions alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from apps.core import db
from apps.flows import layout
from apps.flows.plans import Plan
from apps.flows.taking import Run
from apps.flows.zones import Zones

GRACE = timedelta(minutes=15)
GRACE_SHARE = 10
"""Up to a tenth of the gap, and never more than the grace, is not late: seconds must not add up."""
PATIENCE = timedelta(minutes=5)
BREATH = timedelta(seconds=1)

_EARLIER = """
SELECT t.run, m.status, m.due_at, m.sending_at
FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS t(run, store_id, origin)
JOIN mail_message m ON m.store_id = t.store_id AND m.origin = t.origin
"""

Earlier = tuple[str, datetime | None, datetime | None]


class Standing(msgspec.Struct, frozen=True):
    """A run at its step: when the step is planned, and when the mail before it was, if there was one."""

    run: Run
    planned: datetime
    spoke: int | None = None
    spoke_at: datetime | None = None


def standing(run: Run, plan: Plan, zones: Zones) -> Standing:
    """Where this run stands. What it brought along counts; only what is missing is counted from the beginning."""
    if run.step_at is not None:
        return Standing(run, run.step_at, run.spoke, run.spoke_at)
    moments = layout.moments(plan.nodes, run.triggered_at, zones)
    planned = moments[run.position]
    if run.spoke is not None:
        return Standing(run, planned, run.spoke, run.spoke_at)
    before = next((place for place in reversed(plan.nodes[run.position].way) if plan.nodes[place].step.speaks), None)
    return Standing(run, planned, before, None if before is None else moments[before])


def not_before(standings: Sequence[Standing], at: datetime) -> dict[int, datetime]:
    """Per run, from when the step at its position may be taken. A moment after `at` means: look again then."""
    earlier = _earlier_mails(standings)
    return {one.run.id: _moment(one, earlier.get(one.run.id), at) for one in standings}


def _earlier_mails(standings: Sequence[Standing]) -> dict[int, Earlier]:
    asked = [
        (one.run.id, one.run.store_id, f"run:{one.run.id}/step:{one.spoke}")
        for one in standings
        if one.spoke is not None
    ]
    if not asked:
        return {}
    rows = db.rows(_EARLIER, [list(column) for column in zip(*asked, strict=True)])
    return {run: (status, due_at, sending_at) for run, status, due_at, sending_at in rows}


def _moment(one: Standing, earlier: Earlier | None, at: datetime) -> datetime:
    if earlier is None or one.spoke_at is None:
        return one.planned
    return after_mail(one.planned, max(one.planned - one.spoke_at, timedelta()), earlier, at)


def after_mail(planned: datetime, gap: timedelta, earlier: Earlier, at: datetime) -> datetime:
    """The planned moment, moved by the lateness of the mail before."""
    status, due_at, sending_at = earlier
    match status:
        case "planned" if due_at is not None:
            return max(planned, due_at + gap, at + max(min(gap, PATIENCE), BREATH))
        case "claimed":
            # In hand this moment: its due_at is the end of a lease, and no promise.
            return max(planned, at + max(min(gap, PATIENCE), BREATH))
        case "sending" | "accepted" | "unknown" if sending_at is not None:
            kept = sending_at + gap
            return kept if kept - planned > min(gap / GRACE_SHARE, GRACE) else planned
        case _:
            return planned
