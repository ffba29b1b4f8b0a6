"""Walking people through their flows: claim who is due, judge them, take their steps, all in one transaction.

An enrollment's `due_at` says when to look at it; its `step_at` says from when its step may be taken as planned, and
from when that really is depends on how late the mail before it went (`lateness`). So whatever moves `due_at` (a
pause, a repair, a listener) can neither lose a step nor bring one forward. Without `step_at` the moment is counted
from the trigger; so it begins, and so whoever is moved to another version goes on (`moving`).
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import psycopg
from django.db import InterfaceError, OperationalError, transaction

from apps.core.reasons import Reason
from apps.flows import plans, walking
from apps.flows.judging import Verdict, judge, subject_of
from apps.flows.lateness import Standing, not_before, standing
from apps.flows.plans import Plan
from apps.flows.speaking import speak
from apps.flows.taking import Case, End, Jump, Next, Run, Taken, Until
from apps.flows.walking import BREATH, Move, Place, Setting, ends, stays
from apps.flows.zones import Zones
from apps.mail.planning import plan as plan_mail

log = logging.getLogger(__name__)

BATCH = 2000
HELD_FOR = timedelta(minutes=15)
"""How soon to look again at somebody in a flow or shop that is paused; resuming a flow wakes them at once."""
PUT_BACK_FOR = timedelta(minutes=1)
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
        places = walking.claim_places(at, limit)
        spoken = _speak(places, at)
        _advance(walking.read([place.id for place in places if place.id not in spoken]), at)
    return len(places)


def _speak(places: Sequence[Place], at: datetime) -> set[int]:
    """The ordinary mails of the batch, in one statement; when that fails, the engine finds out for whom."""
    if not places:
        return set()
    try:
        with transaction.atomic():
            known = plans.load({place.version_id for place in places})
            return speak(places, known, walking.running({place.flow_id for place in places}), at)
    except _OF_THE_DATABASE:
        raise
    except Exception:
        log.exception("a batch of mails could not be asked for at once: one by one")
        return set()


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
        move = stays(run, due_at=at + PUT_BACK_FOR * 4**run.attempts, attempts=attempts)
    else:
        move = ends(run, run.position, status="exited", reason=Reason.CRASHED_THREE_TIMES, attempts=attempts)
    walking.write([move], at)


def _take(runs: Sequence[Run], at: datetime) -> None:
    known = plans.load(run.version_id for run in runs)
    settings = walking.running({run.flow_id for run in runs})
    ready = [run for run in runs if run.version_id in known and run.flow_id in settings]
    going = {run.id for run in ready}
    moves = [stays(run, due_at=at + HELD_FOR) for run in runs if run.id not in going]
    cases, early = _due(ready, known, settings, at)
    cases, stopped = _judged(cases, at)
    taken, went = _walk(cases, at)
    walking.note([step for step in taken if step.is_worth_noting], at)
    plan_mail([step.wish for step in taken if step.wish is not None], at)
    walking.write([*moves, *early, *stopped, *went], at)


def _due(
    runs: Sequence[Run], known: dict[int, Plan], settings: dict[int, Setting], at: datetime
) -> tuple[list[Case], list[Move]]:
    """Who may take a step now; the others are looked at again when theirs may be due."""
    through = [run for run in runs if run.position >= len(known[run.version_id].nodes)]
    moves = [ends(run, run.position) for run in through]
    over = {run.id for run in through}
    inside = [run for run in runs if run.id not in over]
    zones = _zones(inside, known, settings)
    standings = [standing(run, known[run.version_id], zones[run.id]) for run in inside]
    moments = not_before(standings, at)
    cases = []
    for one in standings:
        run, moment = one.run, moments[one.run.id]
        if moment > at:
            moves.append(stays(run, due_at=moment))
        else:
            cases.append(_case(one, known[run.version_id], settings[run.flow_id], zones[run.id], moment))
    return cases, moves


def _zones(runs: Sequence[Run], known: dict[int, Plan], settings: dict[int, Setting]) -> dict[int, Zones]:
    """Where the clock hangs; asked only of those for whom it matters."""
    by_clock = {run.customer_id for run in runs if known[run.version_id].by_clock}
    countries = walking.countries(by_clock)
    return {run.id: Zones.of(settings[run.flow_id].zone, countries.get(run.customer_id, "")) for run in runs}


def _case(one: Standing, plan: Plan, setting: Setting, zones: Zones, due: datetime) -> Case:
    return Case(
        run=msgspec.structs.replace(one.run, step_at=one.planned, spoke=one.spoke, spoke_at=one.spoke_at),
        plan=plan,
        rules=setting.rules,
        position=one.run.position,
        planned=one.planned,
        due=due,
        zones=zones,
        shadow=setting.shadow,
    )


def _judged(cases: Sequence[Case], at: datetime) -> tuple[list[Case], list[Move]]:
    """Exits and conditions, asked before every step."""
    verdicts = judge((subject_of(case.run, case.plan, case.rules, case.plan.rules) for case in cases), at)
    going, stopped = [], []
    for case in cases:
        verdict = verdicts[case.run.id]
        if verdict.reason:
            stopped.append(ended(case.run, verdict))
        elif verdict.held_until is not None and verdict.held_until > at:
            stopped.append(stays(case.run, due_at=verdict.held_until))
        else:
            since = _since(case, verdict)
            going.append(msgspec.structs.replace(case, since=since) if since is not None else case)
    return going, stopped


def ended(run: Run, verdict: Verdict) -> Move:
    """The run is over: it reached what it was for, or it has lost its sense."""
    return ends(run, run.position, status="completed" if verdict.completes else "exited", reason=verdict.reason)


def _since(case: Case, verdict: Verdict) -> datetime | None:
    """An order silences a basket's mail from when the basket was begun."""
    return (verdict.since or case.run.triggered_at) if case.plan.definition.trigger.lane == "basket" else None


def _walk(cases: Sequence[Case], at: datetime) -> tuple[list[Taken], list[Move]]:
    """Take steps, kind by kind, until everybody has done something, must wait or is through."""
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
    case = taken.case
    match taken.then:
        case End(reason=reason):
            return ends(case.run, case.position, status="exited", reason=reason)
        case Until(moment=moment):
            return _waiting(case, case.position, case.planned, max(moment, at + BREATH))
        case Jump(position=position):
            return _arrived(case, position, at)
        case Next(since=since):
            after = case.plan.nodes[case.position].after
            return _arrived(case if since is None else _anew(case, since), after, at)


def _anew(case: Case, since: datetime) -> Case:
    """From a moment that nobody could plan: what was late until then is in it."""
    spoke_at = case.run.spoke_at + case.late if case.run.spoke_at else None
    return msgspec.structs.replace(
        case, planned=since, due=since, run=msgspec.structs.replace(case.run, spoke_at=spoke_at)
    )


def _arrived(case: Case, position: int, at: datetime) -> Case | Move:
    """At the next step: taken at once when it is due too, unless something was just said or done.

    Then the exits and conditions are asked anew first, for what was done may have changed their answer.
    """
    nodes = case.plan.nodes
    if position >= len(nodes):
        return ends(case.run, position)
    step = case.step
    planned = nodes[position].step.opens(case.run.triggered_at, case.planned, case.zones)
    due = planned + case.late
    if step.speaks:
        return _waiting(case, position, planned, max(due, at + BREATH))
    if step.acts or due > at:
        return _waiting(case, position, planned, due)
    return msgspec.structs.replace(case, position=position, planned=planned, due=due)


def _waiting(case: Case, position: int, planned: datetime, due_at: datetime) -> Move:
    spoke, spoke_at = case.run.spoke, case.run.spoke_at
    if position != case.position and case.step.speaks:
        spoke, spoke_at = case.position, case.planned
    return Move(run_id=case.run.id, position=position, due_at=due_at, step_at=planned, spoke=spoke, spoke_at=spoke_at)
