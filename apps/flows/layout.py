"""A plan is a tree in words and a flat list when it is walked.

The tree is laid out depth first: a step that forks (a split, an A/B test) is followed by the steps of its first
branch, those of its second, and then by what comes after the fork. A run's `position` is an index in that list.

- `after` is where the walk goes on behind a step: the next of its branch, or behind the fork when its branch is over
  (the ways join there). `len(nodes)` is the end of the flow.
- `branches` are the positions at which the branches of a fork begin. An empty branch begins behind the fork.
- A jump only ever leads forward, so every way ends, and of two steps on one way the later has the higher position.
- `way` are the positions that lie between the beginning and a step when one keeps to its own branches. What stands in
  a fork beside that way or before it is not on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, Protocol, runtime_checkable

from apps.core.problems import Path
from apps.flows.parts import Step
from apps.flows.zones import Zones

DEEPEST: Final = 4
"""Forks within forks: what is deeper fits no screen and nobody's head."""
LONGEST: Final = 60


@dataclass(frozen=True, slots=True)
class Branch:
    """The steps of one way out of a fork. `name` stands on screen; `path` leads to its list, below the fork."""

    name: Any
    path: Path
    steps: tuple[Step, ...]


@runtime_checkable
class Forking(Protocol):
    """A step with branches, in the order in which they are laid out."""

    def branches(self) -> tuple[Branch, ...]: ...


@dataclass(frozen=True, slots=True)
class Node:
    """One step in the flat list."""

    step: Step
    path: Path
    """Where it stands in the words of the plan: ("steps", 1, "split", "then", 0)."""
    after: int
    branches: tuple[int, ...]
    way: tuple[int, ...]
    depth: int


def branches_of(step: Step) -> tuple[Branch, ...]:
    """The branches of a fork; of any other step, none."""
    return step.branches() if isinstance(step, Forking) else ()


@lru_cache(maxsize=4096)
def laid_out(steps: tuple[Step, ...]) -> tuple[Node, ...]:
    """The flat list of a tree."""
    nodes: list[Node] = []
    _lay(nodes, _Place(steps, ("steps",), size(steps), ()))
    return tuple(nodes)


@dataclass(frozen=True, slots=True)
class _Place:
    """A list of steps to be laid out. Whoever has taken the last of them goes on at `behind`."""

    steps: Sequence[Step]
    path: Path
    behind: int
    way: tuple[int, ...]
    depth: int = 0


def size(steps: Sequence[Step]) -> int:
    """How many steps the tree holds."""
    return sum(1 + sum(size(branch.steps) for branch in branches_of(step)) for step in steps)


def _lay(nodes: list[Node], here: _Place) -> None:
    """Append these steps, each followed by those of its branches."""
    way = here.way
    for place, step in enumerate(here.steps):
        position, path = len(nodes), (*here.path, place)
        forks = branches_of(step)
        after = position + size([step]) if place < len(here.steps) - 1 else here.behind
        nodes.append(Node(step, path, after, tuple(_begins(forks, position, after)), way, here.depth))
        way = (*way, position)
        for branch in forks:
            _lay(nodes, _Place(branch.steps, (*path, step.kind, *branch.path), after, way, here.depth + 1))


def _begins(forks: Sequence[Branch], position: int, after: int) -> Iterator[int]:
    begin = position + 1
    for branch in forks:
        yield begin if branch.steps else after
        begin += size(branch.steps)


def moments(nodes: Sequence[Node], triggered_at: datetime, zones: Zones | None = None) -> list[datetime]:
    """From when each step may be taken at the earliest, on its own way from the trigger moment (decision 9).

    `zones` say where the clock hangs; without them, what waits for a time of day opens at once.
    """
    found: list[datetime] = []
    for node in nodes:
        so_far = found[node.way[-1]] if node.way else triggered_at
        found.append(node.step.opens(triggered_at, so_far, zones))
    return found
