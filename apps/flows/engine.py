"""Walking people through their flows: claim who is due, judge them, take their steps, all in one transaction.

An enrollment's `due_at` says when to look at it; from when a step really may be taken is worked out anew each
time from the trigger moment, the plan and how late the mail before it was. So whatever moves `due_at` (a
pause, a new version, a repair) can neither lose a step nor bring one forward.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import psycopg
from django.db import InterfaceError, OperationalError, transaction

from apps.core.reasons import Reason
from apps.flows import plans, walking
from apps.flows.judging import Subject, Verdict, judge
from apps.flows.lateness import not_before
from apps.flows.plans import Plan
from apps.flows.taking import Case, End, Jump, Next, Run, Taken, Until
from apps.flows.walking import Move
from apps.mail.planning import plan as plan_mail
from apps.stores.rules import Rules

log = logging.getLogger(__name__)

BATCH = 500
HELD_FOR = timedelta(minutes=15)
"""How soon to look again at somebody in a flow or shop that is paused; resuming a flow wakes them at once."""
PUT_BACK_FOR = timedelta(minutes=1)
BREATH = timedelta(seconds=1)
MOST_ATTEMPTS = 3
_OF_THE_DATABASE = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    OperationalError,
    InterfaceError,
)


def advance_due(at: datetime, limit: int = BATCH) -> int:
    """Take the due steps of a batch. StepRuns, messages and the next `due_at` commit together.

    Two that run at once share no enrollment. One that cannot be advanced holds up nobody: it is found by
    halving, put back with a pause, and after three times leaves with its reason.
    """
    with transaction.atomic():
        runs = walking.claim(at, limit)
        _advance(runs, at)
    return len(runs)


def _advance(runs: Sequence[Run], at: datetime) -> None:
    if not runs:
        return
    try:
        with transaction.atomic():
            _take(runs, at)
    except _OF_THE_DATABASE:
        # The database's own trouble (a lost connection, a deadlock) is nobody's poison: the batch comes back.
        raise
    except Exception as problem:
        if len(runs) == 1:
            _put_back(runs[0], at, problem)
            return
        half = len(runs) // 2
        _advance(runs[:half], at)
        _advance(runs[half:], at)


def _put_back(run: Run, at: datetime, problem: Exception) -> None:
    log.error("enrollment %s cannot be advanced (attempt %s)", run.id, run.attempts + 1, exc_info=problem)
    attempts = run.attempts + 1
    if attempts < MOST_ATTEMPTS:
        pause = PUT_BACK_FOR * 4**run.attempts
        walking.write([Move(run.id, run.position, due_at=at + pause, attempts=attempts)], at)
    else:
        ended = Move(
            run.id,
            run.position,
            status="exited",
            reason=Reason.CRASHED_THREE_TIMES,
            attempts=attempts,
        )
        walking.write([ended], at)


def _take(runs: Sequence[Run], at: datetime) -> None:
    known = plans.load(run.version_id for run in runs)
    rules = walking.running({run.flow_id for run in runs})
    ready = [run for run in runs if run.version_id in known and run.flow_id in rules]
    going = {run.id for run in ready}
    moves = [Move(run.id, run.position, due_at=at + HELD_FOR) for run in runs if run.id not in going]
    cases, early = _due(ready, known, rules, at)
    cases, stopped = _judged(cases, at)
    taken, went = _walk(cases, at)
    walking.note([step for step in taken if step.case.step.leaves_trace], at)
    plan_mail([step.wish for step in taken if step.wish is not None], at)
    walking.write([*moves, *early, *stopped, *went], at)


def _due(
    runs: Sequence[Run], known: dict[int, Plan], rules: dict[int, Rules], at: datetime
) -> tuple[list[Case], list[Move]]:
    """Who may take a step now; the others are looked at again when theirs may be due."""
    moments = not_before([(run, known[run.version_id]) for run in runs], at)
    cases, early = [], []
    for run in runs:
        plan, moment = known[run.version_id], moments[run.id]
        if run.position >= len(plan.steps):
            early.append(_finished(run))
        elif moment > at:
            early.append(Move(run.id, run.position, due_at=moment))
        else:
            cases.append(Case(run=run, plan=plan, rules=rules[run.flow_id], position=run.position, due=moment))
    return cases, early


def _finished(run: Run) -> Move:
    return Move(run.id, run.position, status="completed")


def subject_of(run: Run, plan: Plan, rules: Rules) -> Subject:
    """What the judge needs to know of a run."""
    within = plan.merge_within(rules)
    return Subject(
        key=run.id,
        store_id=run.store_id,
        customer_id=run.customer_id,
        cart_id=run.cart_id,
        order_id=run.order_id,
        triggered_at=run.triggered_at,
        merges_until=None if within is None else run.triggered_at + within,
        rulebook=plan.rules,
    )


def _judged(cases: Sequence[Case], at: datetime) -> tuple[list[Case], list[Move]]:
    """Exits and conditions, asked before every step."""
    verdicts = judge((subject_of(case.run, case.plan, case.rules) for case in cases), at)
    going, stopped = [], []
    for case in cases:
        verdict = verdicts[case.run.id]
        if verdict.reason:
            stopped.append(ended(case.run, verdict))
        elif verdict.held_until is not None and verdict.held_until > at:
            stopped.append(Move(case.run.id, case.position, due_at=verdict.held_until))
        else:
            going.append(
                Case(
                    run=case.run, plan=case.plan, rules=case.rules, position=case.position, due=case.due,
                    since=_since(case, verdict),
                )
            )  # fmt: skip
    return going, stopped


def ended(run: Run, verdict: Verdict) -> Move:
    """The run is over: it reached what it was for, or it has lost its sense."""
    status = "completed" if verdict.completes else "exited"
    return Move(run.id, run.position, status=status, reason=verdict.reason)


def _since(case: Case, verdict: Verdict) -> datetime | None:
    """An order silences a basket's mail from when the basket was begun."""
    return (verdict.since or case.run.triggered_at) if case.plan.definition.trigger.lane == "basket" else None


def _walk(cases: Sequence[Case], at: datetime) -> tuple[list[Taken], list[Move]]:
    """Take steps, kind by kind, until everybody has spoken, must wait or is through."""
    taken: list[Taken] = []
    moves: list[Move] = []
    while cases:
        kinds: dict[type, list[Case]] = defaultdict(list)
        for case in cases:
            kinds[type(case.step)].append(case)
        fresh = [step for kind, group in kinds.items() for step in kind.take(group, at)]  # type: ignore[attr-defined]
        taken += fresh
        cases = []
        for step in fresh:
            further = _onward(step, at)
            cases.append(further) if isinstance(further, Case) else moves.append(further)
    return taken, moves


def _onward(taken: Taken, at: datetime) -> Case | Move:
    case, run = taken.case, taken.case.run
    match taken.then:
        case End(reason=reason):
            return Move(run.id, case.position, status="exited", reason=reason)
        case Until(moment=moment):
            return Move(run.id, case.position, due_at=max(moment, at + BREATH))
        case Jump(position=position):
            return _arrived(case, position, at)
        case Next():
            return _arrived(case, case.position + 1, at)


def _arrived(case: Case, position: int, at: datetime) -> Case | Move:
    """At the next step: taken at once when it is due too, unless something was just said."""
    if position >= len(case.plan.steps):
        return Move(case.run.id, position, status="completed")
    planned = case.plan.definition.moments(case.run.triggered_at)
    late = max(case.due - planned[case.position], timedelta())
    due = planned[position] + late
    if case.step.speaks or due > at:
        return Move(case.run.id, position, due_at=max(due, at + BREATH))
    return Case(run=case.run, plan=case.plan, rules=case.rules, position=position, due=due, since=case.since)
