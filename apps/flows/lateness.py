"""From when a step may really be taken: as planned, or later when the mail before it went late.

Two mails keep at least the gap the owner planned between them (decision 9). While the one before still
waits, the next waits with it; one that was skipped or refused is no reason to wait.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from apps.core import db
from apps.flows.plans import Plan
from apps.flows.taking import Run

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


def not_before(runs: Sequence[tuple[Run, Plan]], at: datetime) -> dict[int, datetime]:
    """Per run, from when the step at its position may be taken. A moment after `at` means: look again then."""
    earlier = _earlier_mails(runs)
    return {run.id: _moment(run, plan, earlier.get(run.id), at) for run, plan in runs}


def _earlier_mails(runs: Sequence[tuple[Run, Plan]]) -> dict[int, Earlier]:
    asked = [
        (run.id, run.store_id, f"run:{run.id}/step:{before}")
        for run, plan in runs
        if run.position < len(plan.steps) and (before := plan.spoke_before[run.position]) is not None
    ]
    if not asked:
        return {}
    rows = db.rows(_EARLIER, [list(column) for column in zip(*asked, strict=True)])
    return {run: (status, due_at, sending_at) for run, status, due_at, sending_at in rows}


def _moment(run: Run, plan: Plan, earlier: Earlier | None, at: datetime) -> datetime:
    if run.position >= len(plan.steps):
        return at
    moments = plan.definition.moments(run.triggered_at)
    planned, before = moments[run.position], plan.spoke_before[run.position]
    if earlier is None or before is None:
        return planned
    return after_mail(planned, planned - moments[before], earlier, at)


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
