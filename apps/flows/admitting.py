"""The entrance's reading and writing: whole batches of newcomers, never one at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from apps.core import db
from apps.core.reasons import Reason
from apps.events.listeners import Told
from apps.flows import plans
from apps.flows.parts import Trigger
from apps.flows.plans import Plan
from apps.flows.reentry import Past
from apps.flows.withdrawing import withdraw_runs
from apps.stores.rules import Rules


class LiveFlow(msgspec.Struct, frozen=True, kw_only=True):
    """A flow that is on, with what it was published as and the rules of its shop."""

    id: int
    store_id: int
    version_id: int
    live_since: datetime
    store_holdout: Decimal
    rules: Rules
    plan: Plan

    @property
    def trigger(self) -> Trigger:
        return self.plan.definition.trigger

    @property
    def rank(self) -> int:
        return self.plan.definition.rank

    @property
    def merge_within(self) -> timedelta | None:
        return self.plan.merge_within(self.rules)


class Newcoming(msgspec.Struct, frozen=True, kw_only=True):
    """A person at the door of one flow, because of one event."""

    flow: LiveFlow
    event_id: int
    customer_id: int
    cart_id: int | None
    order_id: int | None
    subject: str
    triggered_at: datetime
    newest_at: datetime


class Beginning(msgspec.Struct, frozen=True):
    """A run to begin; `cart_id` may have become a newer basket than it began with."""

    found: Newcoming
    cart_id: int | None = None


class Repointed(msgspec.Struct, frozen=True):
    run_id: int
    cart_id: int | None


_LIVE = """
SELECT f.id, f.store_id, f.version_id, f.live_since, s.holdout, s.rules::text
FROM flows_flow f JOIN stores_store s ON s.id = f.store_id
WHERE f.store_id = ANY(%s::bigint[]) AND f.live AND f.deleted_at IS NULL AND f.version_id IS NOT NULL
AND s.status = 'active'
"""

_CANDIDATES = """
WITH told AS (
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[],
        %s::jsonb[])
        AS t(id, store_id, customer_id, kind, subject, occurred_at, data)
)
SELECT found.event_id, found.store_id, found.customer_id, found.cart_id, found.order_id, found.subject,
    found.triggered_at, found.newest_at, found.facts::text
FROM ({candidates}) AS found
"""

# In key order, so that two batches that share people wait instead of locking each other out.
_LOCK = "SELECT id FROM customers_customer WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE"

_PAST = """
SELECT e.customer_id, e.version_id, s.rules::text, e.id, e.flow_id, e.subject, e.status, e.triggered_at, e.cart_id,
    c.last_activity_at
FROM flows_enrollment e JOIN stores_store s ON s.id = e.store_id LEFT JOIN carts_cart c ON c.id = e.cart_id
WHERE e.customer_id = ANY(%s::bigint[]) ORDER BY e.id
"""

_BEGIN = """
INSERT INTO flows_enrollment (store_id, flow_id, version_id, customer_id, cart_id, order_id, subject, occasion, status,
    reason, position, triggered_at, entered_at, due_at, attempts)
SELECT t.store, t.flow, t.version, t.customer, t.cart, t.ordered, t.subject, t.occasion, t.status, t.reason, 0,
    t.triggered_at, %s, t.due_at, 0
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[],
    %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[])
    AS t(store, flow, version, customer, cart, ordered, subject, occasion, status, reason, triggered_at, due_at)
ON CONFLICT DO NOTHING
"""

_REPLACE = """
UPDATE flows_enrollment SET status = 'exited', reason = %s, due_at = NULL, ended_at = %s
WHERE id = ANY(%s::bigint[]) AND status = 'active'
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


def live_flows(store_ids: Collection[int]) -> list[LiveFlow]:
    """The flows of these shops that take people in."""
    rows = db.rows(_LIVE, [sorted(store_ids)])
    known = plans.load(row[2] for row in rows)
    return [
        LiveFlow(
            id=flow_id,
            store_id=store_id,
            version_id=version_id,
            live_since=since,
            store_holdout=holdout,
            rules=Rules.read(msgspec.json.decode(rules)),
            plan=known[version_id],
        )
        for flow_id, store_id, version_id, since, holdout, rules in rows
        if version_id in known and since is not None
    ]


def candidates(trigger: type[Trigger], flows: Sequence[LiveFlow], events: Sequence[Told]) -> list[Newcoming]:
    """Who stands at the doors of these flows, all of one kind of trigger.

    What we had heard of before a flow was on starts nothing, so switching it on mails no old baskets. When it
    happened does not matter here: a delivery may come hours late, and `max_age` bounds that.
    """
    heard = [event for event in events if event.kind in trigger.hears]
    if not heard:
        return []
    by_store: dict[int, list[LiveFlow]] = defaultdict(list)
    for flow in flows:
        by_store[flow.store_id].append(flow)
    learned = {event.id: event.recorded_at for event in heard}
    rows = db.rows(_CANDIDATES.format(candidates=trigger.candidates), _told(heard))
    return [
        _newcoming(flow, row)
        for row in rows
        for flow in by_store[row[1]]
        if learned[row[0]] >= flow.live_since and flow.trigger.accepts(msgspec.json.decode(row[8]))
    ]


def _told(events: Sequence[Told]) -> list[list[Any]]:
    names = ("id", "store_id", "customer_id", "kind", "subject", "occurred_at")
    columns = [[getattr(event, name) for event in events] for name in names]
    return [*columns, [msgspec.json.encode(event.data).decode() for event in events]]


def _newcoming(flow: LiveFlow, row: tuple[Any, ...]) -> Newcoming:
    event_id, _store, customer_id, cart_id, order_id, subject, triggered_at, newest_at, _facts = row
    return Newcoming(
        flow=flow,
        event_id=event_id,
        customer_id=customer_id,
        cart_id=cart_id,
        order_id=order_id,
        subject=subject,
        triggered_at=triggered_at,
        newest_at=newest_at,
    )


def lock_people(customer_ids: Collection[int]) -> None:
    """Until the transaction ends nobody else begins a run, or records an order, for these people."""
    if customer_ids:
        db.rows(_LOCK, [sorted(customer_ids)])


def past_runs(customer_ids: Collection[int]) -> dict[int, list[Past]]:
    """Every run these people are or were in, oldest first."""
    found: dict[int, list[Past]] = {customer: [] for customer in customer_ids}
    rows = db.rows(_PAST, [sorted(customer_ids)]) if customer_ids else []
    known = plans.load(row[1] for row in rows)
    for customer, version_id, rules, *run in rows:
        found[customer].append(_past(known.get(version_id), Rules.read(msgspec.json.decode(rules)), run))
    return found


def _past(plan: Plan | None, rules: Rules, run: list[Any]) -> Past:
    run_id, flow_id, subject, status, triggered_at, cart_id, newest_at = run
    return Past(
        id=run_id,
        flow_id=flow_id,
        lane=plan.definition.trigger.lane if plan else "",
        subject=subject,
        status=status,
        triggered_at=triggered_at,
        cart_id=cart_id,
        newest_at=newest_at,
        merge_within=plan.merge_within(rules) if plan else None,
    )


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
        f"event:{found.event_id}",
        "held_out" if held_out else "active",
        Reason.HELD_OUT if held_out else "",
        found.triggered_at,
        None if held_out else flow.plan.definition.moments(found.triggered_at)[0],
    )
