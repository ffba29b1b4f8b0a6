"""The families of which a flow is made: triggers, conditions, exits and steps.

Each member is one frozen dataclass in one file. Its fields are what the owner may set; its SQL judges whole
batches. A predicate may speak of these aliases, and of nothing else:

- `e`: the run: id, store_id, customer_id, cart_id, order_id, triggered_at, and merges_until (null: never);
- `c` its basket (or null), `p` its person, `f` the person's figures (or null), `s` its shop, `n.at` the moment.

Whatever can be true of a person (`segments.parts`) is a condition of flows too, in the same words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from apps.core.reasons import Reason
from apps.core.registry import Registry, load_all
from apps.core.sql import Sql
from apps.segments import parts as of_persons

if TYPE_CHECKING:
    from apps.flows.taking import Case, Taken


class Trigger(Protocol):
    """What starts a flow.

    `candidates` is a SELECT over `told` (id, store_id, customer_id, kind, subject, occurred_at, data) that
    yields event_id, store_id, customer_id, cart_id, order_id, subject, triggered_at, newest_at and facts
    (jsonb); `accepts` then tells by the facts whether this flow's own settings fit. Of the flows in one
    `lane` a person is in one at a time. `hold` is an expression: until when a step had better wait.
    """

    kind: ClassVar[str]
    label: ClassVar[Any]
    hears: ClassVar[frozenset[str]]
    lane: ClassVar[str]
    candidates: ClassVar[str]
    hold: ClassVar[str]

    def accepts(self, facts: Mapping[str, Any]) -> bool: ...


class Condition(Protocol):
    """What must be true of a run, at the start and again before every step; else the run ends with `reason`."""

    kind: ClassVar[str]
    label: ClassVar[Any]
    reason: ClassVar[Reason]

    def where(self) -> Sql: ...


class Exit(Protocol):
    """What ends a run as soon as it is true: asked before every step, and when one of `hears` happens.

    `completes`: the run reached what it was for.
    """

    kind: ClassVar[str]
    label: ClassVar[Any]
    reason: ClassVar[Reason]
    hears: ClassVar[frozenset[str]]
    completes: ClassVar[bool]

    def where(self) -> Sql: ...


class Step(Protocol):
    """What a run does at one position.

    `opens` says from which moment the step may be taken, given the trigger moment and when the step before
    it could be. `take` takes one kind of step for many runs at once, of whatever flow. `speaks`: it asks
    for a mail. `leaves_trace`: a StepRun is worth its row.
    """

    kind: ClassVar[str]
    label: ClassVar[Any]
    speaks: ClassVar[bool]
    leaves_trace: ClassVar[bool]

    def opens(self, triggered_at: datetime, so_far: datetime) -> datetime: ...

    @classmethod
    def take(cls, cases: Sequence[Case], at: datetime) -> list[Taken]: ...


triggers: Registry[type[Trigger]] = Registry("trigger")
conditions: Registry[type[Condition]] = Registry("condition")
exits: Registry[type[Exit]] = Registry("exit")
steps: Registry[type[Step]] = Registry("step")

FAMILIES = ("triggers", "conditions", "exits", "steps")


def load() -> None:
    """Let every part register itself."""
    of_persons.load()
    for kind, part in of_persons.conditions.items():
        conditions.add(kind, part)
    for family in FAMILIES:
        load_all(f"apps.flows.{family}")
