"""Letting people in: which of the flows that heard of something begin a run, for whom, and for whom not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec
from django.db import transaction

from apps.core.reasons import Reason
from apps.events.listeners import Told, listens
from apps.events.log import Happened, append
from apps.flows import admitting, beginning
from apps.flows.admitting import LiveFlow, Newcoming
from apps.flows.beginning import Beginning, Moved, Repointed
from apps.flows.holdout import draw
from apps.flows.judging import Subject, judge
from apps.flows.parts import triggers
from apps.flows.reentry import Again, Begin, Declined, Merge, Newcomer, Past, decide, rule

DECLINED: Final = "flow.declined"
"""In the diary of whoever was at the door and did not get in; `data.reason` says why."""


class LetIn(msgspec.Struct, frozen=True, kw_only=True):
    """How many runs began, the control group's included; and how often each reason was given, `held_out` among them."""

    began: int
    declined: Counter[str]


def listen() -> None:
    """Hear whatever any trigger wants to hear."""
    heard = {kind for _, trigger in triggers.items() for kind in trigger.hears}
    listens(*sorted(heard))(on_trigger)


def on_trigger(events: Sequence[Told], at: datetime) -> None:
    enroll(events, at)


def enroll(events: Sequence[Told], at: datetime) -> int:
    """Begin the runs these events give rise to; returns how many began, the control group included.

    Hearing an event again changes nothing. Whoever writes orders or suppressions of these people waits for
    us or we for them, so nobody gets in beside an order.
    """
    with transaction.atomic():
        flows = admitting.live_flows({event.store_id for event in events})
        return let_in(at_the_door(flows, events), at).began


def let_in(newcoming: Sequence[Newcoming], at: datetime, late: Sequence[Newcoming] = ()) -> LetIn:
    """Begin what may begin, in the caller's transaction. Who comes too `late` is only written down."""
    admitting.lock_people({found.customer_id for found in newcoming})
    allowed, refused = _judged(newcoming, at)
    entrance = _Entrance(admitting.past_runs({found.customer_id for found in allowed}))
    for found in allowed:
        entrance.answer(found)
    return _write(entrance, [*refused, *((found, Reason.STALE) for found in late)], at)


def at_the_door(flows: Sequence[LiveFlow], events: Sequence[Told]) -> list[Newcoming]:
    """Everybody for whom a live flow's trigger fits; the first in a lane's order of priority, oldest first."""
    by_trigger: dict[type[Any], list[LiveFlow]] = defaultdict(list)
    for flow in flows:
        by_trigger[type(flow.trigger)].append(flow)
    found = [
        newcoming for trigger, group in by_trigger.items() for newcoming in admitting.candidates(trigger, group, events)
    ]
    found.sort(key=lambda new: (new.triggered_at, new.event_id, new.flow.rank, new.flow.id))
    return found


def _judged(newcoming: Sequence[Newcoming], at: datetime) -> tuple[list[Newcoming], list[tuple[Newcoming, str]]]:
    verdicts = judge((_subject(key, found) for key, found in enumerate(newcoming)), at)
    allowed, refused = [], []
    for key, found in enumerate(newcoming):
        verdict = verdicts.get(key)
        if verdict is not None and not verdict.reason:
            allowed.append(found)
        elif verdict is not None:
            refused.append((found, verdict.reason))
    return allowed, refused


def _subject(key: int, found: Newcoming) -> Subject:
    within = found.flow.merge_within
    return Subject(
        key=key,
        store_id=found.flow.store_id,
        customer_id=found.customer_id,
        cart_id=found.cart_id,
        order_id=found.order_id,
        triggered_at=found.triggered_at,
        merges_until=None if within is None else found.triggered_at + within,
        about=msgspec.json.encode(found.about).decode(),
        rulebook=found.flow.plan.rules,
    )


class _Entrance:
    """Decides one after the other, so that the second basket of a batch meets the run of the first."""

    def __init__(self, past: dict[int, list[Past]]) -> None:
        self.past = past
        self.beginnings: list[tuple[Beginning, Past]] = []
        self.merged: dict[int, Past] = {}
        self.moved: dict[int, Moved] = {}
        self.replaced: list[int] = []
        self.declined: list[tuple[Newcoming, str]] = []
        self.heard: set[tuple[int, int, str]] = set()

    def answer(self, found: Newcoming) -> None:
        # Of the flows of one lane that one event speaks to, the first in priority has it.
        lane = found.flow.lane or f"flow {found.flow.id}"
        if (key := (found.event_id, found.customer_id, lane)) in self.heard:
            return
        self.heard.add(key)
        match decide(_newcomer(found), self.past[found.customer_id]):
            case Begin(instead_of=old):
                self._leave(old)
                self._begin(found)
            case Merge(into=run):
                self._merge(found, run)
            case Again(run=run):
                self._move(found, run)
            case Declined(reason=reason, replaced=old):
                self._leave(old)
                if reason:
                    self.declined.append((found, reason))

    def _begin(self, found: Newcoming) -> None:
        past = _as_past(found)
        self.past[found.customer_id].append(past)
        self.beginnings.append((Beginning(found), past))

    def _merge(self, found: Newcoming, run: Past) -> None:
        run.cart_id, run.newest_at = found.cart_id, found.newest_at
        if run.id is not None:
            self.merged[run.id] = run

    def _move(self, found: Newcoming, run: Past) -> None:
        if found.triggered_at <= run.triggered_at:
            return
        run.triggered_at = found.triggered_at
        if run.id is not None:
            due_at = found.flow.plan.definition.moments(found.triggered_at)[0]
            self.moved[run.id] = Moved(run.id, found.triggered_at, due_at)

    def _leave(self, old: Past | None) -> None:
        if old is None:
            return
        old.status = "exited"
        if old.id is not None:
            self.replaced.append(old.id)
            self.merged.pop(old.id, None)
            self.moved.pop(old.id, None)


def _newcomer(found: Newcoming) -> Newcomer:
    plan = found.flow.plan.definition
    return Newcomer(
        flow_id=found.flow.id,
        lane=found.flow.lane,
        subject=found.subject,
        triggered_at=found.triggered_at,
        cart_id=found.cart_id,
        newest_at=found.newest_at,
        reentry=rule(plan.reentry, found.flow.rules.run_every),
        occasion=found.occasion,
        takes_over=found.flow.trigger.takes_over,
    )


def _as_past(found: Newcoming) -> Past:
    return Past(
        id=None,
        flow_id=found.flow.id,
        lane=found.flow.lane,
        subject=found.subject,
        status="active",
        triggered_at=found.triggered_at,
        cart_id=found.cart_id,
        newest_at=found.newest_at,
        merge_within=found.flow.merge_within,
        occasion=found.occasion,
        takes_over=found.flow.trigger.takes_over,
    )


def _write(entrance: _Entrance, refused: Sequence[tuple[Newcoming, str]], at: datetime) -> LetIn:
    # First who leaves: only then is there room for who begins.
    beginning.replace(entrance.replaced, at)
    beginning.repoint([Repointed(run.id, run.cart_id) for run in entrance.merged.values() if run.id])
    beginning.move(list(entrance.moved.values()))
    beginnings = [
        msgspec.structs.replace(
            new,
            cart_id=past.cart_id,
            found=msgspec.structs.replace(new.found, triggered_at=past.triggered_at),
        )
        for new, past in entrance.beginnings
        if past.status == "active"
    ]
    shares = {(new.found.flow.id, new.found.customer_id): _share(new.found.flow) for new in beginnings}
    held_out = draw(shares, at)
    began = beginning.begin(beginnings, held_out, at)
    declined = [*refused, *entrance.declined, *_held_out(beginnings, held_out)]
    _tell(declined, at)
    return LetIn(began=began, declined=Counter(str(reason) for _, reason in declined))


def _share(flow: LiveFlow) -> Decimal:
    own = flow.plan.definition.holdout
    return flow.store_holdout if own is None else own


def _held_out(beginnings: Sequence[Beginning], held_out: frozenset[tuple[int, int]]) -> list[tuple[Newcoming, str]]:
    return [
        (new.found, Reason.HELD_OUT) for new in beginnings if (new.found.flow.id, new.found.customer_id) in held_out
    ]


def _tell(declined: Sequence[tuple[Newcoming, str]], at: datetime) -> None:
    """Why somebody got nothing stands in the diary, once per flow and occasion."""
    append(
        [
            Happened(
                store_id=found.flow.store_id,
                customer_id=found.customer_id,
                subject=f"cart:{found.cart_id}" if found.cart_id else found.subject,
                kind=DECLINED,
                occurred_at=found.triggered_at,
                source_key=f"{found.flow.id}:{found.event_id}",
                data={"flow": found.flow.id, "reason": str(reason), "cart": found.cart_id},
                announced=False,
            )
            for found, reason in declined
        ],
        at,
    )
