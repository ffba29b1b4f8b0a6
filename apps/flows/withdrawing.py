"""Taking back mail that still waits. What was claimed or is leaving is the gate's: it asks again itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from apps.core import db
from apps.core.reasons import Reason

# Locked in key order, and asked again under the lock: a message claimed meanwhile is left alone.
_WITHDRAW = """
WITH waiting AS MATERIALIZED (
    SELECT m.id, {reason} AS reason FROM mail_message m {wanted}
    AND m.status = 'planned' AND m.origin LIKE 'run:%%' ORDER BY m.id FOR UPDATE OF m
)
UPDATE mail_message m SET status = 'skipped', reason = w.reason, due_at = NULL, ended_at = %s,
    verdict = jsonb_build_object('at', %s::timestamptz, 'decided',
        jsonb_build_object('verdict', 'refused', 'reason', w.reason, 'facts', jsonb_build_object('by', 'flow')))
FROM waiting w WHERE m.id = w.id
"""

_OF_RUNS = _WITHDRAW.format(
    reason="t.reason",
    wanted="""
    JOIN flows_enrollment e ON e.customer_id = m.customer_id AND e.store_id = m.store_id
    JOIN unnest(%s::bigint[], %s::text[]) AS t(run, reason) ON t.run = e.id
    WHERE starts_with(m.origin, 'run:' || e.id || '/')""",
)

_OF_FLOW = _WITHDRAW.format(
    reason="%s::text",
    wanted="""
    JOIN flows_enrollment e ON e.customer_id = m.customer_id AND e.store_id = m.store_id AND e.flow_id = %s
    WHERE m.store_id = (SELECT store_id FROM flows_flow WHERE id = %s)
    AND starts_with(m.origin, 'run:' || e.id || '/')""",
)

_OF_STORES = _WITHDRAW.format(reason="%s::text", wanted="WHERE m.store_id = ANY(%s::bigint[])")


def withdraw_runs(reasons: Mapping[int, Reason | str], at: datetime) -> int:
    """Take back what these runs had waiting, each with its reason."""
    if not reasons:
        return 0
    return db.run(_OF_RUNS, [list(reasons), [str(reason) for reason in reasons.values()], at, at])


def withdraw_flow(flow_id: int, reason: Reason, at: datetime) -> int:
    """Take back everything one flow has waiting."""
    return db.run(_OF_FLOW, [reason, flow_id, flow_id, at, at])


def withdraw_stores(store_ids: Collection[int], reason: Reason, at: datetime) -> int:
    """Take back everything the flows of these shops have waiting."""
    return db.run(_OF_STORES, [reason, sorted(store_ids), at, at])
