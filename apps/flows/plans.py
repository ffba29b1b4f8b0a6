"""Published versions, read once per process: what is frozen may be remembered."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterable
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
from apps.flows.parts import Step
from apps.stores.rules import Rules

log = logging.getLogger(__name__)

REMEMBERED = 5000


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """A version as the engine walks it."""

    definition: Definition
    steps: tuple[Step, ...]
    spoke_before: tuple[int | None, ...]
    """Per position: where the mail before it stands, whose lateness it must mind."""
    night_only: int | None
    """The first mail about a basket obeys only the night (product.md 5.4)."""
    rules: Rulebook
    """Exits and filter: asked at the start and before every step."""
    exits: Rulebook
    """Exits alone: asked when something happened to a person who is inside."""

    @classmethod
    def of(cls, plan: Definition) -> Plan:
        before: list[int | None] = []
        last = None
        for position, step in enumerate(plan.steps):
            before.append(last)
            last = position if step.speaks else last
        mails = [position for position, step in enumerate(plan.steps) if step.speaks]
        first = mails[0] if mails and plan.trigger.lane == "basket" else None
        return cls(
            definition=plan,
            steps=plan.steps,
            spoke_before=tuple(before),
            night_only=first,
            rules=rulebook_of(plan.exits, plan.filter, plan.trigger.hold),
            exits=rulebook_of(plan.exits, (), ""),
        )

    def merge_within(self, rules: Rules) -> timedelta | None:
        """How long after the trigger a newer basket still belongs to the same run; None: it never does."""
        match self.definition.merge_within:
            case None:
                return rules.merge_within
            case Duration() as duration:
                return duration.delta
            case _:
                return None


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
