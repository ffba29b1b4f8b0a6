"""Where somebody may begin who comes late: at the first step that still makes sense, or not at all.

A mail is stale once its time of use is over. Whoever comes after that begins behind it, never within a branch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

import msgspec

from apps.flows import layout
from apps.flows.plans import Plan
from apps.flows.zones import ANYWHERE, Zones
from apps.stores.rules import Rules

TOO_OLD: Final = None
"""No mail of the flow would make sense any more."""
_EXACT: Final = timedelta(minutes=1)

Place = int | None


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody whose moment is no later than `until` (and later than that of the start before) begins here.

    `ahead`: how long after their moment that step is to be looked at; the engine knows it exactly.
    """

    until: datetime
    position: Place
    ahead: timedelta


def first_fresh(plan: Plan, rules: Rules, triggered_at: datetime, at: datetime, zones: Zones = ANYWHERE) -> Place:
    """The position at which to begin at `at`, for whom the trigger moment was then; TOO_OLD."""
    moments = layout.moments(plan.nodes, triggered_at, zones)
    mails = [place for place, node in enumerate(plan.nodes) if node.step.speaks]
    stale = {place for place in mails if moments[place] + _of_use(plan, place, rules) < at}
    if not stale:
        return 0
    behind = max(stale)
    beginning = next(
        (place for place, node in enumerate(plan.nodes) if place > behind and node.depth == 0), len(plan.nodes)
    )
    return beginning if any(place >= beginning for place in mails) else TOO_OLD


def _of_use(plan: Plan, place: int, rules: Rules) -> timedelta:
    own = getattr(plan.nodes[place].step, "valid_for", None)
    return own.delta if own is not None else rules.valid_for(plan.definition.purpose)


def starts(plan: Plan, rules: Rules, stretch: tuple[datetime, datetime], at: datetime, zones: Zones) -> list[Start]:
    """Where to begin for every trigger moment of a stretch, earliest first; nearly always one place for all."""

    def place(moment: datetime) -> Place:
        return first_fresh(plan, rules, moment, at, zones)

    return [
        Start(until=upto, position=found, ahead=_ahead(plan, found))
        for upto, found in _stretches(*stretch, place(stretch[0]), place(stretch[1]), place)
    ]


def _stretches(
    since: datetime, until: datetime, first: Place, last: Place, place: Callable[[datetime], Place]
) -> Iterator[tuple[datetime, Place]]:
    """The later the moment, the earlier the place: halves a stretch until each part has one."""
    if first == last or until - since <= _EXACT:
        yield until, last
        return
    middle = since + (until - since) / 2
    between = place(middle)
    parts = [*_stretches(since, middle, first, between, place), *_stretches(middle, until, between, last, place)]
    for number, (upto, found) in enumerate(parts):
        if number + 1 == len(parts) or parts[number + 1][1] != found:
            yield upto, found


def _ahead(plan: Plan, position: Place) -> timedelta:
    """A plain wait says when; whatever else stands first is looked at on the spot."""
    step = None if position is None else plan.nodes[position].step
    until = getattr(step, "until", None) if step is not None and step.kind == "wait" else None
    return until.delta if until is not None else timedelta()
