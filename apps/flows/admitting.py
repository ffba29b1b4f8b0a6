"""Who stands at the doors of the flows that are on, and what they did before: whole batches, never one at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from apps.core import db
from apps.events.listeners import Told
from apps.flows import plans
from apps.flows.parts import Trigger
from apps.flows.plans import Plan
from apps.flows.reentry import IN_SHADOW, Past
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
    shadow: bool = False

    @property
    def trigger(self) -> Trigger:
        return self.plan.definition.trigger

    @property
    def lane(self) -> str:
        return lane_of(self.plan, shadow=self.shadow)

    def marked(self, occasion: str) -> str:
        """What was decided in shadow binds nothing that sends."""
        return IN_SHADOW + occasion if self.shadow else occasion

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
    occasion: str
    """What may begin a run only once for ever: this event, or what the trigger says."""
    triggered_at: datetime
    newest_at: datetime
    about: dict[str, Any] = {}
    position: int = 0
    """The step to begin with: a later one for whom the first makes no sense any more."""


_LIVE = """
SELECT f.id, f.store_id, f.version_id, f.live_since, s.holdout, s.rules::text, f.shadow
FROM flows_flow f JOIN stores_store s ON s.id = f.store_id
WHERE f.store_id = ANY(%s::bigint[]) AND f.live AND f.deleted_at IS NULL AND f.version_id IS NOT NULL
AND s.status = 'active'
"""

_AS_IF = """
SELECT f.id, f.store_id, f.version_id, %s::timestamptz, s.holdout, s.rules::text, f.shadow
FROM flows_flow f JOIN stores_store s ON s.id = f.store_id WHERE f.id = %s AND f.version_id IS NOT NULL
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
SELECT e.customer_id, e.version_id, s.rules::text, e.id, e.flow_id, e.subject, e.occasion, e.status, e.triggered_at,
    e.cart_id, c.last_activity_at
FROM flows_enrollment e JOIN stores_store s ON s.id = e.store_id
LEFT JOIN carts_cart c ON c.id = e.cart_id
WHERE e.customer_id = ANY(%s::bigint[]) ORDER BY e.id
"""


def lane_of(plan: Plan, *, shadow: bool) -> str:
    """A flow that only decides keeps nobody out of one that sends."""
    lane = plan.definition.trigger.lane
    return f"{lane}, in shadow" if lane and shadow else lane


def live_flows(store_ids: Collection[int]) -> list[LiveFlow]:
    """The flows of these shops that take people in."""
    return _read(db.rows(_LIVE, [sorted(store_ids)]))


def as_if_live(flow_id: int, since: datetime) -> LiveFlow | None:
    """A published flow as if it had been on since then; None when its plan cannot be read."""
    return next(iter(_read(db.rows(_AS_IF, [since, flow_id]))), None)


def _read(rows: Sequence[tuple[Any, ...]]) -> list[LiveFlow]:
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
            shadow=shadow,
        )
        for flow_id, store_id, version_id, since, holdout, rules, shadow in rows
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
    event_id, _store, customer_id, cart_id, order_id, subject, triggered_at, newest_at, said = row
    facts = msgspec.json.decode(said)
    return Newcoming(
        flow=flow,
        event_id=event_id,
        customer_id=customer_id,
        cart_id=cart_id,
        order_id=order_id,
        subject=subject,
        occasion=flow.marked(facts.get("occasion") or f"event:{event_id}"),
        triggered_at=triggered_at,
        newest_at=newest_at,
        about=flow.trigger.about(facts),
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
    run_id, flow_id, subject, occasion, status, triggered_at, cart_id, newest_at = run
    shadow = occasion.startswith(IN_SHADOW)
    return Past(
        id=run_id,
        flow_id=flow_id,
        lane=lane_of(plan, shadow=shadow) if plan else "",
        subject=subject,
        status=status,
        triggered_at=triggered_at,
        cart_id=cart_id,
        newest_at=newest_at,
        merge_within=plan.merge_within(rules) if plan else None,
        occasion=occasion,
        takes_over=plan is not None and plan.definition.trigger.takes_over,
    )
