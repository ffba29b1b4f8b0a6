"""Published versions, read once per process: what is frozen may be remembered."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import Any

import msgspec

from apps.core import db
from apps.core.durations import Duration
from apps.core.problems import DefinitionRefused
from apps.flows import definition
from apps.flows.definition import Definition
from apps.flows.judging import Rulebook, rulebook_of
from apps.flows.layout import Node
from apps.flows.parts import Step
from apps.flows.shapes import Shape, shape_of
from apps.stores.rules import Rules

log = logging.getLogger(__name__)

REMEMBERED = 5000


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A version as the engine walks it."""

    definition: Definition
    nodes: tuple[Node, ...]
    """Every step of the tree at its position (`layout`)."""
    gifts: tuple[tuple[int, ...], ...]
    """Per position: the steps before it that may have given an offer, the last first."""
    shapes: tuple[Shape | None, ...]
    """Per position, how its mail is asked for in one statement; None: step by step."""
    by_clock: bool
    """Some step waits for a time of day, so that it matters where the person is."""
    rules: Rulebook
    """Exits and filter: asked at the start and before every step."""
    exits: Rulebook
    """Exits alone: asked when something happened to a person who is inside."""

    @classmethod
    def of(cls, plan: Definition) -> Plan:
        nodes = plan.nodes
        gifts = tuple(_gifts_before(nodes, position) for position in range(len(nodes)))
        return cls(
            definition=plan,
            nodes=nodes,
            gifts=gifts,
            shapes=tuple(shape_of(nodes, gifts, position) for position in range(len(nodes))),
            by_clock=any(node.step.kind == "wait_until" for node in nodes),
            rules=rulebook_of(plan.exits, plan.filter, plan.trigger.hold),
            exits=rulebook_of(plan.exits, (), ""),
        )

    @property
    def steps(self) -> tuple[Step, ...]:
        """The step at each position."""
        return tuple(node.step for node in self.nodes)

    def merge_within(self, rules: Rules) -> timedelta | None:
        """How long after the trigger a newer basket still belongs to the same run; None: it never does."""
        match self.definition.merge_within:
            case None:
                return rules.merge_within
            case Duration() as duration:
                return duration.delta
            case _:
                return None


def _gifts_before(nodes: Sequence[Node], position: int) -> tuple[int, ...]:
    return tuple(place for place in reversed(range(position)) if nodes[place].step.kind == "give_offer")


_known: OrderedDict[int, Plan] = OrderedDict()
_lock = Lock()


def load(version_ids: Iterable[int]) -> dict[int, Plan]:
    """Plans by version id. One that cannot be read (a part that is gone) is left out, and logged."""
    wanted = set(version_ids)
    with _lock:
        found = {key: _known[key] for key in wanted if key in _known}
    missing = sorted(wanted - set(found))
    if missing:
        rows = db.rows("SELECT id, definition::text FROM flows_version WHERE id = ANY(%s::bigint[])", [missing])
        found |= {key: plan for key, text in rows if (plan := _remembered(key, text)) is not None}
    return found


def forget() -> None:
    """Start anew; tests reuse ids."""
    with _lock:
        _known.clear()


def _remembered(key: int, text: str) -> Plan | None:
    plain: Any = msgspec.json.decode(text)
    try:
        plan = Plan.of(definition.read(plain))
    except DefinitionRefused:
        log.exception("flow version %s cannot be read", key)
        return None
    with _lock:
        _known[key] = plan
        while len(_known) > REMEMBERED:
            _known.popitem(last=False)
    return plan
