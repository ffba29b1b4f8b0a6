"""May this person begin again? The rules of entering, without a database.

One run per lane and person: baskets of one person that follow each other within the merge window are one
story, a later one begins a new story, and only then does the flow's own re-entry rule speak. An order that was
not paid takes the place of a basket's run; what happens to it after that begins its wait anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from apps.core.durations import Duration
from apps.core.reasons import Reason
from apps.flows.definition import NEVER

IN_SHADOW: Final = "shadow:"
"""An occasion that begins so was a flow's in shadow: for a flow that sends it never was."""


class Past(msgspec.Struct, kw_only=True):
    """A run this person is or was in. `id` None: it begins in this very batch."""

    id: int | None
    flow_id: int
    lane: str
    subject: str
    status: str
    triggered_at: datetime
    cart_id: int | None
    newest_at: datetime | None
    merge_within: timedelta | None
    occasion: str = ""
    takes_over: bool = False


class Newcomer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody at the door of one flow."""

    flow_id: int
    lane: str
    subject: str
    triggered_at: datetime
    cart_id: int | None
    newest_at: datetime
    reentry: str | timedelta
    occasion: str = ""
    takes_over: bool = False


class Begin(msgspec.Struct, frozen=True):
    """A new run; `instead_of` ends first, its basket is an old story."""

    instead_of: Past | None = None


class Merge(msgspec.Struct, frozen=True):
    """The run goes on, about the newer basket."""

    into: Past


class Again(msgspec.Struct, frozen=True):
    """The same matter moved: the run waits from now on, if it said nothing yet."""

    run: Past


class Declined(msgspec.Struct, frozen=True):
    """Not now. '' is no news: the very same story is told once more."""

    reason: Reason | str
    replaced: Past | None = None


Answer = Begin | Merge | Again | Declined


def rule(reentry: str | Duration, run_every: timedelta | None) -> str | timedelta:
    """The flow's rule, with the shop's own period in place of the flow's."""
    if not isinstance(reentry, Duration):
        return reentry
    return reentry.delta if run_every is None else run_every


def decide(newcomer: Newcomer, past: Sequence[Past]) -> Answer:
    """What to do with somebody at the door, given every run they have had in this shop."""
    if not newcomer.occasion.startswith(IN_SHADOW):
        past = [run for run in past if not run.occasion.startswith(IN_SHADOW)]
    if any(_same_occasion(newcomer, run) for run in past):
        return Declined("")
    old = None
    for run in past:
        if newcomer.lane and run.lane == newcomer.lane and run.status in ("active", "held_out"):
            answer = _in_lane(newcomer, run)
            if answer is not None:
                return answer
            old = run if run.status == "active" else old
    if not newcomer.lane and any(_same_run(newcomer, run) for run in past):
        return Declined("")
    reason = _too_soon(newcomer, past)
    if not reason:
        return Begin(old)
    return Declined(reason, None if newcomer.takes_over else old)


def _same_occasion(newcomer: Newcomer, run: Past) -> bool:
    same = run.flow_id == newcomer.flow_id and run.subject == newcomer.subject
    return same and newcomer.occasion != "" and run.occasion == newcomer.occasion


def _same_run(newcomer: Newcomer, run: Past) -> bool:
    return run.status == "active" and run.flow_id == newcomer.flow_id and run.subject == newcomer.subject


def _in_lane(newcomer: Newcomer, run: Past) -> Answer | None:
    """None: that run is another story, and over."""
    if run.status == "held_out":
        return Declined(Reason.HELD_OUT) if _one_story(newcomer, run) else None
    if newcomer.takes_over:
        return Again(run) if _same_run(newcomer, run) else None
    if run.takes_over and run.cart_id != newcomer.cart_id:
        return Declined(Reason.LANE_TAKEN) if _one_story(newcomer, run) else None
    if run.cart_id == newcomer.cart_id or (run.newest_at is not None and newcomer.newest_at <= run.newest_at):
        return Declined("")
    return Merge(run) if _one_story(newcomer, run) else None


def _one_story(newcomer: Newcomer, run: Past) -> bool:
    if run.merge_within is None:
        return False
    return newcomer.triggered_at - run.triggered_at <= run.merge_within


def _too_soon(newcomer: Newcomer, past: Sequence[Past]) -> Reason | None:
    before = [run for run in past if run.flow_id == newcomer.flow_id]
    match newcomer.reentry:
        case timedelta() as period:
            refused = any(newcomer.triggered_at - run.triggered_at < period for run in before)
        case str() as word if word == NEVER:
            refused = bool(before)
        case _:
            refused = any(run.subject == newcomer.subject for run in before)
    return Reason.REENTRY_TOO_SOON if refused else None
