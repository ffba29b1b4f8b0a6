"""A shop's own copy of a preset, and our newer one: laid beside each other in three, never written over.

Three plans: theirs (the shop's draft), ours then (what their copy was made of) and ours now. What only we changed can
be taken over; what only they changed stays; where both did, theirs stays and it is said.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from apps.flows import presets
from apps.flows.differing import HEAD, Change, differences, matched
from apps.flows.models import Flow
from apps.flows.preset_names import name_of
from apps.flows.trees import LISTS, Tree, canonical, long_form
from apps.flows.words_of import Names, as_written, said_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """What we changed in a preset since, and what a draft would be that takes it over."""

    changes: list[Change]
    merged: Tree
    kept: list[str]
    """Where both changed the same: the words of what stays as the shop has it."""


def offered(flow: Flow, names: Names = as_written) -> Upgrade | None:
    """Our newer preset for this flow; None when there is nothing new, or when it is the shop's own."""
    now = shipped(flow)
    then = base_of(flow)
    if now is None or then is None:
        return None
    changes = differences(then, now, names)
    if not changes:
        return None
    merged, kept = merge(flow.draft, then, now, names)
    return Upgrade(changes=changes, merged=merged, kept=kept)


def shipped(flow: Flow) -> Tree | None:
    """The plan of its preset as it ships today, under the shop's own short name; None when there is no such preset."""
    if not flow.based_on or flow.based_on not in presets.known():
        return None
    plan = presets.preset(flow.based_on)
    name = name_of(flow.based_on, plan.name, flow.store.language)
    return plan.plain() | {"flow": flow.slug, "name": name}


def base_of(flow: Flow) -> Tree | None:
    """The plan its copy was made of, or was last compared with."""
    if flow.base:
        return dict(flow.base)
    first = flow.versions.order_by("number").first()
    return None if first is None else dict(first.definition)


def take(flow: Flow) -> bool:
    """Our changes into the draft, which is published by nobody but the owner; False when there are none."""
    upgrade = offered(flow)
    if upgrade is None:
        return False
    flow.draft, flow.base = upgrade.merged, shipped(flow) or {}
    flow.save(update_fields=["draft", "base"])
    return True


def leave(flow: Flow) -> None:
    """Not this time: asked again when we change the preset once more."""
    flow.base = shipped(flow) or {}
    flow.save(update_fields=["base"])


def merge(
    theirs: Mapping[str, Any], then: Mapping[str, Any], now: Mapping[str, Any], names: Names = as_written
) -> tuple[Tree, list[str]]:
    """Their plan with what we changed since; and what we would have changed where they did so too."""
    mine, base, ours = long_form(dict(theirs)), long_form(dict(then)), long_form(dict(now))
    kept: list[str] = []
    for key in (*HEAD, "trigger"):
        _value(key, mine, base, ours, kept)
    for key in ("filter", "exits"):
        _unordered(key, mine, base, ours)
    _steps(mine, base, ours, kept, names)
    return mine, kept


def _value(key: str, mine: Tree, base: Tree, ours: Tree, kept: list[str]) -> None:
    texts = [canonical(tree.get(key)) for tree in (mine, base, ours)]
    if texts[1] == texts[2] or texts[0] == texts[2]:
        return
    if texts[0] != texts[1]:
        kept.extend(change.words for change in differences(base, ours) if change.key == key)
    elif key in ours:
        mine[key] = deepcopy(ours[key])
    else:
        mine.pop(key, None)


def _unordered(key: str, mine: Tree, base: Tree, ours: Tree) -> None:
    before, after = ({canonical(one): one for one in tree.get(key) or []} for tree in (base, ours))
    present = [one for one in mine.get(key) or [] if canonical(one) not in before or canonical(one) in after]
    known = {canonical(one) for one in present}
    present += [one for text, one in after.items() if text not in before and text not in known]
    if present or key in mine:
        mine[key] = present


def _steps(mine: Tree, base: Tree, ours: Tree, kept: list[str], names: Names) -> None:
    """The steps of the root, forks with all that is in them as one."""
    then, now, theirs = base.get("steps") or [], ours.get("steps") or [], list(mine.get("steps") or [])
    if canonical(then) in (canonical(now), canonical(theirs)):
        mine["steps"] = theirs if canonical(then) == canonical(now) else deepcopy(now)
        return
    to_ours, to_theirs = _at_root(base, ours), _at_root(base, mine)
    fate: dict[int, Any] = {}
    for place, step in enumerate(then):
        new = now[to_ours[place]] if place in to_ours else None
        if new is not None and canonical(new) == canonical(step):
            continue
        at = to_theirs.get(place)
        if at is not None and canonical(theirs[at]) == canonical(step):
            fate[at] = new
        elif new is not None and (at is None or canonical(theirs[at]) != canonical(new)):
            kept.append(said_of(LISTS["steps"], new, names))
    result = [(place, fate.get(place, step)) for place, step in enumerate(theirs)]
    mine["steps"] = _with_news(result, now, to_ours, to_theirs)


def _at_root(old: Tree, new: Tree) -> dict[int, int]:
    return {
        int(pair.old.place[1]): int(pair.new.place[1])
        for pair in matched(old, new)
        if len(pair.old.place) == len(pair.new.place) == 2
    }


def _with_news(
    result: list[tuple[int, Any]], now: list[Any], to_ours: Mapping[int, int], to_theirs: Mapping[int, int]
) -> list[Any]:
    """What we added comes behind what stands before it with us."""
    of_ours = {new: to_theirs[old] for old, new in to_ours.items() if old in to_theirs}
    present = {canonical(step) for _place, step in result if step is not None}
    behind: dict[int, list[Any]] = {}
    for place, step in enumerate(now):
        if place not in to_ours.values() and canonical(step) not in present:
            anchor = next((of_ours[before] for before in reversed(range(place)) if before in of_ours), -1)
            behind.setdefault(anchor, []).append(step)
    merged = list(behind.get(-1, []))
    for place, step in result:
        merged += [step] if step is not None else []
        merged += behind.get(place, [])
    return merged
