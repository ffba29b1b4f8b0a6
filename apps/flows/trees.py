"""A plan in plain words as a tree of parts: drafts are read, walked and changed here, right or wrong.

A draft may be half made, so nothing here asks whether it can run. A place is the path of `core.problems`:
`("steps", 2, "split", "then", 0)` is the first step of the branch `then` of the third step.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from apps.core.forms import FieldSpec, fields_of
from apps.core.plain import MOST
from apps.core.problems import Path
from apps.core.registry import Registry
from apps.flows.parts import conditions, exits, steps, triggers

Tree = dict[str, Any]
DEEPEST: Final = 6
"""How many branches may stand in each other; a file cannot be deeper either."""

LISTS: Final[dict[str, Registry[Any]]] = {"filter": conditions, "exits": exits, "steps": steps}
"""The lists of parts at the root of a plan, by their key."""


class NoSuchPlace(LookupError):
    """The plan has nothing there (any more)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One part of a plan, where it stands. `part` is None for a kind that nobody registered."""

    place: Path
    family: Registry[Any]
    kind: str
    config: dict[str, Any]
    part: type[Any] | None

    @property
    def branches(self) -> list[Branch]:
        """The lists of parts within this part, by their field."""
        if self.part is None or len(self.place) > 3 * DEEPEST:
            return []
        return [
            Branch(place=(*self.place, self.kind, spec.name), spec=spec, plain=_as_list(self.config.get(spec.name)))
            for spec in nested(self.part)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A list of parts within a part."""

    place: Path
    spec: FieldSpec
    plain: list[Any]

    @property
    def nodes(self) -> list[Node]:
        return nodes_of(self.spec.family, self.plain, self.place)


def nested(part: type[Any]) -> list[FieldSpec]:
    """The fields of a part that hold parts themselves."""
    return [spec for spec in fields_of(part) if spec.family is not None]


def _as_list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [] if given is None else [given]


def node_of(family: Registry[Any], plain: Any, place: Path) -> Node:
    """The part that stands here in its long form."""
    kind, config = written_out(family, plain)
    part = family.get(kind) if kind in family else None
    return Node(place=place, family=family, kind=kind, config=config, part=part)


def nodes_of(family: Registry[Any], plain: Any, place: Path) -> list[Node]:
    """The parts of a list, each with its place."""
    return [node_of(family, one, (*place, number)) for number, one in enumerate(_as_list(plain)[:MOST])]


def written_out(family: Registry[Any], plain: Any) -> tuple[str, dict[str, Any]]:
    """Kind and settings of a part, however shortly it is written; ("", {}) for what is no part at all."""
    if isinstance(plain, str):
        return plain, {}
    if not isinstance(plain, dict) or len(plain) != 1:
        return "", {}
    kind, given = next(iter(plain.items()))
    if isinstance(given, dict):
        return str(kind), given
    short = getattr(family.get(kind), "short", None) if kind in family else None
    return str(kind), {} if given is None or short is None else {short: given}


def long_form(draft: Any) -> Tree:
    """A copy of the plan in which every part is a map of its kind to its settings: it can be changed in place."""
    tree: Tree = deepcopy(draft) if isinstance(draft, dict) else {}
    for key, family in LISTS.items():
        if key in tree:
            tree[key] = [_long(family, one, 0) for one in _as_list(tree[key])]
    if "trigger" in tree:
        tree["trigger"] = _long(triggers, tree["trigger"], 0)
    return tree


def _long(family: Registry[Any], plain: Any, depth: int) -> Any:
    kind, config = written_out(family, plain)
    if not kind:
        return plain
    config = dict(config)
    if kind in family and depth < DEEPEST:
        for spec in nested(family.get(kind)):
            if spec.name in config:
                config[spec.name] = [_long(spec.family, one, depth + 1) for one in _as_list(config[spec.name])]
    return {kind: config}


def every_step(plan: Mapping[str, Any]) -> Iterator[Node]:
    """All steps of a plan in the order they are written, those of branches behind the step they stand in."""
    yield from _steps_in(nodes_of(steps, plan.get("steps"), ("steps",)))


def _steps_in(nodes: list[Node]) -> Iterator[Node]:
    for node in nodes:
        if node.family is steps:
            yield node
        for branch in node.branches:
            if branch.spec.family is not conditions:
                yield from _steps_in(branch.nodes)


def own_settings(node: Node) -> dict[str, Any]:
    """The settings of a part without the parts within it."""
    inner = {branch.place[-1] for branch in node.branches}
    return {name: value for name, value in node.config.items() if name not in inner}


def canonical(plain: Any) -> str:
    """One text per meaning: maps that say the same are equal, whatever the order of their keys."""
    return json.dumps(plain, sort_keys=True, ensure_ascii=False, default=str)


# --- places ---------------------------------------------------------------------------------------


def spelled(place: Path) -> str:
    """A place as it stands in an address: steps.2.split.then.0."""
    return ".".join(map(str, place))


def place_of(text: str) -> Path:
    """The place an address names. Raises NoSuchPlace for what can be none."""
    words = text.split(".")
    if not text or len(text) > 300 or len(words) > 40:
        raise NoSuchPlace(text[:80])
    return tuple(int(word) if word.isascii() and word.isdecimal() and len(word) < 4 else word for word in words)


def family_at(tree: Tree, place: Path) -> Registry[Any]:
    """Which family stands in the list (or as the trigger) at this place. Raises NoSuchPlace."""
    if place == ("trigger",):
        return triggers
    if len(place) == 1 and place[0] in LISTS:
        return LISTS[str(place[0])]
    owner = node_at(tree, place[:-2])
    for branch in owner.branches:
        if branch.place == place:
            found: Registry[Any] = branch.spec.family
            return found
    raise NoSuchPlace(spelled(place))


def list_at(tree: Tree, place: Path) -> list[Any]:
    """The list of parts at this place, to be changed; made when it is not there yet. Raises NoSuchPlace."""
    family_at(tree, place)
    holder: Any = tree
    for word in place[:-1]:
        holder = holder[word]
    found = holder.setdefault(place[-1], [])
    if not isinstance(found, list):
        raise NoSuchPlace(spelled(place))
    return found


def node_at(tree: Tree, place: Path) -> Node:
    """The part at this place of a plan in long form. Raises NoSuchPlace."""
    if place == ("trigger",):
        return node_of(triggers, tree.get("trigger"), place)
    if len(place) < 2 or not isinstance(place[-1], int):
        raise NoSuchPlace(spelled(place))
    holder = list_at(tree, place[:-1])
    if place[-1] >= len(holder):
        raise NoSuchPlace(spelled(place))
    return node_of(family_at(tree, place[:-1]), holder[place[-1]], place)
