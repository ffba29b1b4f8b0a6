"""Moving people from one version of a flow into another: to the step that is theirs there, what they had behind them.

Whoever is moved goes on behind the last step they took, or earlier when a step they have not had now stands before
that place; what they had already is known by its number and is not done again. So their traces and mails are
numbered anew by the new plan. What the new plan no longer has keeps a number below zero.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from apps.core import db
from apps.core.problems import DefinitionRefused, Path
from apps.flows import definition
from apps.flows.differing import matched
from apps.flows.models import Flow, Version
from apps.flows.trees import Tree, every_step, long_form

_START: Final = datetime(2026, 1, 1, tzinfo=UTC)
ASIDE: Final = 10_000
"""Where numbers stand while they change, so that no two steps of a run have one number at any moment."""
GONE_VERSIONS, GONE_STEPS = 300, 100
"""Steps of this many versions, of this many steps each, find a number below zero of their own."""


class Laid:
    """A plan's steps at their positions, and where the walk goes on behind each."""

    def __init__(self, plain: Mapping[str, Any]) -> None:
        self.tree: Tree = long_form(dict(plain))
        self.places = [node.place for node in every_step(self.tree)]
        self.position: dict[Path, int] = {place: number for number, place in enumerate(self.places)}
        self.end = len(self.places)

    def after(self, place: Path) -> int:
        """The position of what follows this step: in its list, else behind the fork it stands in."""
        while place:
            follows = (*place[:-1], int(place[-1]) + 1)
            if follows in self.position:
                return self.position[follows]
            place = self.around(place)
        return self.end

    def around(self, place: Path) -> Path:
        """The fork in whose branch this step stands; () at the root."""
        inner = place[:-1]
        while inner and inner not in self.position:
            inner = inner[:-1]
        return inner

    def offsets(self) -> list[timedelta] | None:
        """Per position, how long after the start it is taken at the earliest; None when the plan cannot be read."""
        try:
            plan = definition.read(self.tree)
        except DefinitionRefused:
            return None
        return [moment - _START for moment in plan.moments(_START)]


@dataclass(frozen=True, slots=True)
class Way:
    """From one version's steps to another plan's."""

    landing: list[int]
    """Per position of the old plan (its end included): where somebody who stands there goes on."""
    numbers: dict[int, int]
    """Old position → new position of the same step; what is gone has none."""
    shift: list[timedelta | None]
    """Per position of the old plan: how much later than before the next step is planned."""


def way(before: Mapping[str, Any], after: Mapping[str, Any]) -> Way:
    """How people get from the one plan into the other."""
    old, new = Laid(before), Laid(after)
    same = {pair.old.place: pair.new.place for pair in matched(old.tree, new.tree)}
    landing = [_landing(place, old, new, same) for place in old.places]
    landing.append(_last(old, new, same))
    numbers = {old.position[was]: new.position[now] for was, now in same.items()}
    return Way(landing, numbers, _shift(landing, old.offsets(), new.offsets()))


def _landing(place: Path, old: Laid, new: Laid, same: Mapping[Path, Path]) -> int:
    """Behind the last step taken, or at an earlier one that was not; within a branch that is gone, behind its fork."""
    taken = int(place[-1])
    while True:
        inner, fork = place[:-1], old.around(place)
        found = _first(inner, taken, old, new, same) if taken else None
        if found is not None:
            return found
        if not fork:
            return 0
        if fork in same:
            return new.position.get((*same[fork], *inner[len(fork) :], 0), new.after(same[fork]))
        place, taken = fork, int(fork[-1]) + 1


def _coming(inner: Path, number: int, old: Laid, same: Mapping[Path, Path]) -> list[Path]:
    """What stands ahead in this list and is still there in the new plan."""
    found = []
    while (*inner, number) in old.position:
        if (*inner, number) in same:
            found.append(same[(*inner, number)])
        number += 1
    return found


def _first(inner: Path, taken: int, old: Laid, new: Laid, same: Mapping[Path, Path]) -> int | None:
    """The earliest place that leaves out nothing they have still to get; `taken` steps of the list are behind them."""
    behind = next((same[(*inner, n)] for n in reversed(range(taken)) if (*inner, n) in same), None)
    coming = _coming(inner, taken, old, same)
    beside = behind or (coming[0] if coming else None)
    if beside is None:
        return None
    options = [new.position[place] for place in coming if place[:-1] == beside[:-1]]
    return min([*options, new.after(behind)] if behind else options)


def _last(old: Laid, new: Laid, same: Mapping[Path, Path]) -> int:
    """Whoever is through takes what now stands behind their last step."""
    roots = [place for place in old.places if len(place) == 2 and place in same]
    return new.after(same[roots[-1]]) if roots else new.end


def _shift(landing: list[int], old: list[timedelta] | None, new: list[timedelta] | None) -> list[timedelta | None]:
    if old is None or new is None:
        return [None] * len(landing)
    return [new[to] - old[place] if place < len(old) and to < len(new) else None for place, to in enumerate(landing)]


# --- the people -------------------------------------------------------------------------------------

_LOCK = """
SELECT id FROM flows_enrollment WHERE flow_id = %s AND status = 'active' AND version_id <> %s ORDER BY id FOR UPDATE
"""

_RUNS = "e.flow_id = %(flow)s AND e.status = 'active' AND e.version_id <> %(version)s"
_MAP = "unnest(%(versions)s::bigint[], %(olds)s::int[], %(news)s::int[]) AS t(version_id, old, new)"

_NUMBERED_ASIDE = f"""
UPDATE {{table}} r SET position = r.position + {ASIDE} FROM flows_enrollment e
WHERE r.enrollment_id = e.id AND r.position >= 0 AND {_RUNS}
"""
_NUMBERED = f"""
UPDATE {{table}} r SET position = t.new FROM flows_enrollment e, {_MAP}
WHERE r.enrollment_id = e.id AND {_RUNS} AND t.version_id = e.version_id AND r.position = t.old + {ASIDE}
"""
_POSITIONS: Final = ("flows_steprun", "flows_notice")
# A mail and a code are known by the step that asked for them.
_ASKED_ASIDE = f"""
UPDATE {{table}} m SET {{ref}} = m.{{ref}} || '/aside' FROM flows_enrollment e
WHERE m.store_id = %(store)s AND m.customer_id = e.customer_id AND m.{{ref}} ~ '/step:[0-9]+$'
AND m.{{ref}} LIKE 'run:' || e.id || '/%%' AND {_RUNS}
"""
_ASKED = f"""
UPDATE {{table}} m SET {{ref}} = 'run:' || e.id || '/step:' || t.new FROM flows_enrollment e, {_MAP}
WHERE m.store_id = %(store)s AND m.customer_id = e.customer_id AND {_RUNS} AND t.version_id = e.version_id
AND m.{{ref}} = 'run:' || e.id || '/step:' || t.old || '/aside'
"""
_REFERENCES: Final = (("mail_message", "origin"), ("offers_code", "ref"))

_MOVE = f"""
UPDATE flows_enrollment e SET version_id = %(version)s, position = t.new, due_at = %(at)s, attempts = 0,
    step_at = e.step_at + t.shift,
    spoke = CASE WHEN e.spoke IS NULL THEN NULL ELSE t.spoke END
FROM (
    SELECT e.id, l.new, l.shift, (SELECT n.new FROM unnest(%(versions)s::bigint[], %(olds)s::int[], %(news)s::int[])
        AS n(version_id, old, new) WHERE n.version_id = e.version_id AND n.old = e.spoke) AS spoke
    FROM flows_enrollment e
    JOIN unnest(%(of)s::bigint[], %(places)s::int[], %(landings)s::int[], %(shifts)s::interval[])
        AS l(version_id, old, new, shift) ON l.version_id = e.version_id AND l.old = e.position
    WHERE {_RUNS}
) AS t
WHERE e.id = t.id
"""
# A place no version names (it cannot be, but nobody may be lost): looked at again from the beginning.
_STRAYS = f"""
UPDATE flows_enrollment e SET version_id = %(version)s, position = 0, due_at = %(at)s, attempts = 0, step_at = NULL
WHERE {_RUNS}
"""


def move_all(flow: Flow, into: Version, at: datetime) -> int:
    """Everybody inside another version goes on in this one; returns how many. Within the caller's transaction."""
    people = db.rows(_LOCK, [flow.pk, into.pk])
    if not people:
        return 0
    ways = {version: way(plain, into.definition) for version, plain in _versions_inside(flow, into)}
    given = {"flow": flow.pk, "version": into.pk, "store": flow.store_id, "at": at, **_numbers(ways, flow)}
    if any(found.numbers != {n: n for n in range(len(found.landing) - 1)} for found in ways.values()):
        _renumber(given)
    db.run(_MOVE, given | _landings(ways))
    db.run(_STRAYS, given)
    return len(people)


def _versions_inside(flow: Flow, into: Version) -> Sequence[tuple[int, dict[str, Any]]]:
    rows = Version.objects.of(flow.store_id).filter(flow=flow, enrollments__status="active").exclude(pk=into.pk)
    return list(rows.distinct().values_list("pk", "definition"))


def _numbers(ways: Mapping[int, Way], flow: Flow) -> dict[str, list[int]]:
    numbers = dict(Version.objects.of(flow.store_id).filter(pk__in=ways).values_list("pk", "number"))
    rows = [
        (version, old, found.numbers.get(old, _below_zero(numbers[version], old)))
        for version, found in ways.items()
        for old in range(len(found.landing) - 1)
    ]
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return {name: list(column) for name, column in zip(("versions", "olds", "news"), columns, strict=True)}


def _below_zero(version: int, position: int) -> int:
    return -(1 + version % GONE_VERSIONS * GONE_STEPS + position)


def _landings(ways: Mapping[int, Way]) -> dict[str, list[Any]]:
    rows = [
        (version, old, new, shift)
        for version, found in ways.items()
        for old, (new, shift) in enumerate(zip(found.landing, found.shift, strict=True))
    ]
    names = ("of", "places", "landings", "shifts")
    return {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def _renumber(given: dict[str, Any]) -> None:
    for table in _POSITIONS:
        db.run(_NUMBERED_ASIDE.format(table=table), given)
        db.run(_NUMBERED.format(table=table), given)
    for table, ref in _REFERENCES:
        db.run(_ASKED_ASIDE.format(table=table, ref=ref), given)
        db.run(_ASKED.format(table=table, ref=ref), given)
