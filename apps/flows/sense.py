"""Plans whose steps each make sense, but not in this order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from django.utils.translation import gettext

from apps.core.problems import Path, Problem
from apps.flows.layout import DEEPEST, LONGEST, branches_of, laid_out, size
from apps.flows.parts import Step

_SOME_DAY: Final = datetime(2026, 1, 1, tzinfo=UTC)

Standing = tuple[datetime, datetime | None]
"""On one way through the plan: from when the last step could be taken at the earliest, and when the last mail could."""


def problems_of(steps: tuple[Step, ...]) -> list[Problem]:
    """Everything that can be known of a plan beforehand, wherever and whenever it will run."""
    if size(steps) > LONGEST:
        return [Problem(("steps",), gettext("expected at most %s steps, those in branches included") % LONGEST)]
    nodes = laid_out(steps)
    problems = []
    if not any(node.step.acts for node in nodes):
        problems.append(Problem(("steps",), gettext("expected at least one step that sends something")))
    problems += [
        Problem(node.path, gettext("branches within branches, more than %s deep") % DEEPEST)
        for node in nodes
        if node.depth > DEEPEST
    ]
    problems += [
        Problem(node.path, gettext("nothing follows this wait: leave it out"))
        for node in nodes
        if node.after == len(nodes) and (node.step.passes_time or node.step.unplanned)
    ]
    return problems or _walked(steps, ("steps",), {(_SOME_DAY, None)})[1]


def _walked(steps: Sequence[Step], path: Path, standings: set[Standing]) -> tuple[set[Standing], list[Problem]]:
    """Every way through these steps at once; and what is wrong on all or on one of them."""
    problems: list[Problem] = []
    for place, step in enumerate(steps):
        here = (*path, place)
        if not standings:
            problems.append(Problem(here, gettext("this is never reached: the flow has ended before it")))
            break
        problems += _wrong(step, here, standings)
        forks = branches_of(step)
        if not forks:
            standings = _behind(step, standings)
            continue
        if not any(branch.steps for branch in forks):
            problems.append(Problem(here, gettext("every branch is empty: leave it out")))
        joined: set[Standing] = set()
        for branch in forks:
            left, found = _walked(branch.steps, (*here, step.kind, *branch.path), standings)
            joined |= left
            problems += found
        standings = joined
    return standings, problems


def _behind(step: Step, standings: set[Standing]) -> set[Standing]:
    if step.ends:
        return set()
    if step.unplanned:
        return {(so_far, None) for so_far, _ in standings}
    opened = {(step.opens(_SOME_DAY, so_far), spoke) for so_far, spoke in standings}
    return {(so_far, so_far if step.speaks else spoke) for so_far, spoke in opened}


def _wrong(step: Step, here: Path, standings: set[Standing]) -> list[Problem]:
    opened = [(step.opens(_SOME_DAY, so_far), so_far, spoke) for so_far, spoke in standings]
    if step.passes_time and all(opens <= so_far for opens, so_far, _ in opened):
        words = gettext("waits count from the moment the flow began: this one is over before it starts")
        return [Problem(here, words)]
    if step.speaks and any(spoke == opens for opens, _, spoke in opened):
        return [Problem(here, gettext("two mails at one moment: put a wait between them"))]
    return []
