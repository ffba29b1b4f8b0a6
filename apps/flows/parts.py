"""The families of which a flow is made: triggers, conditions, exits and steps.

Each member is one frozen dataclass in one file. Its fields are what the owner may set; its SQL judges whole
batches. A predicate may speak of these aliases, and of nothing else:

- `e`: the run: id, store_id, customer_id, cart_id, order_id, triggered_at, about (jsonb, what began it), and
  merges_until (null: never);
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
    from apps.flows.zones import Zones


class Trigger(Protocol):
    """What starts a flow: something that happened, a date that came, or either of the two (`OnEvent`, `OnDate`).

    `candidates` is a SELECT over `told` (id, store_id, customer_id, kind, subject, occurred_at, data) that
    yields event_id, store_id, customer_id, cart_id, order_id, subject, triggered_at, newest_at and facts
    (jsonb); `accepts` then tells by the facts whether this flow's own settings fit, and `about` what of them the
    run keeps. `facts.occasion` names what may begin a run only once, where that is more than this one event.

    `due` is a SELECT over `w` (store_id, since, until, live_since), `s` its shop, that yields customer_id, cart_id,
    order_id, subject, occasion, triggered_at and about (jsonb): everybody whose moment lies after `since` and no
    later than `until`. A state without a moment (at risk) counts from `live_since`. None: it only hears.

    Of the flows in one `lane` a person is in one at a time. `apart`: and the flows that begin with one of these
    triggers never begin for one person within LANE_PAUSE of each other. `hold` is an expression: until when a
    step had better wait. `takes_over`: in the lane of baskets, it takes the place of a run that goes on.
    """

    kind: ClassVar[str]
    label: ClassVar[Any]
    hears: ClassVar[frozenset[str]]
    lane: ClassVar[str]
    apart: ClassVar[frozenset[str]]
    takes_over: ClassVar[bool]
    candidates: ClassVar[str]
    hold: ClassVar[str]

    def accepts(self, facts: Mapping[str, Any]) -> bool: ...

    def about(self, facts: Mapping[str, Any]) -> dict[str, Any]: ...

    def due(self) -> Sql | None: ...


class OnEvent:
    """The ordinary trigger: something happened, whoever it happened to."""

    __slots__ = ()

    lane: ClassVar[str] = ""
    apart: ClassVar[frozenset[str]] = frozenset()
    takes_over: ClassVar[bool] = False
    hold: ClassVar[str] = ""

    def accepts(self, facts: Mapping[str, Any]) -> bool:  # noqa: ARG002
        """Whatever its settings."""
        return True

    def about(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """What the run keeps of what began it: ids and our own words."""
        return dict(facts.get("about") or {})

    def due(self) -> Sql | None:
        """It only hears."""
        return None


class OnDate(OnEvent):
    """A day came: people are enrolled set-wise (`sweeping`), at nine o'clock where the shop is."""

    __slots__ = ()

    hears: ClassVar[frozenset[str]] = frozenset()
    candidates: ClassVar[str] = ""


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

    `opens` says from which moment the step may be taken at the earliest, given the trigger moment and when the step
    before it could be; `zones` say where the clock hangs, None when nobody knows yet. `take` takes one kind of
    step for many runs at once, of whatever flow. `speaks`: it asks for a mail. `acts`: it does something for
    somebody. `passes_time`: it waits for so long; `unplanned`: until a moment that depends on the person. `ends`:
    nothing follows it. `leaves_trace`: a StepRun is worth its
    row. A step with `branches` is a fork (`layout`).
    """

    kind: ClassVar[str]
    label: ClassVar[Any]
    speaks: ClassVar[bool]
    acts: ClassVar[bool]
    passes_time: ClassVar[bool]
    unplanned: ClassVar[bool]
    ends: ClassVar[bool]
    leaves_trace: ClassVar[bool]

    def opens(self, triggered_at: datetime, so_far: datetime, zones: Zones | None = None) -> datetime: ...

    @classmethod
    def take(cls, cases: Sequence[Case], at: datetime) -> list[Taken]: ...


class AtOnce:
    """The ordinary step: taken as soon as it is reached, worth its trace, and followed by the next."""

    __slots__ = ()

    speaks: ClassVar[bool] = False
    acts: ClassVar[bool] = False
    passes_time: ClassVar[bool] = False
    unplanned: ClassVar[bool] = False
    ends: ClassVar[bool] = False
    leaves_trace: ClassVar[bool] = True

    def opens(self, triggered_at: datetime, so_far: datetime, zones: Zones | None = None) -> datetime:  # noqa: ARG002
        """When the step before it could be."""
        return so_far


triggers: Registry[type[Trigger]] = Registry("trigger")
conditions: Registry[type[Condition]] = Registry("condition")
exits: Registry[type[Exit]] = Registry("exit")
steps: Registry[type[Step]] = Registry("step")
variants: Registry[type[Any]] = Registry("variant")
"""The ways an A/B test tries: parts within a part, of one kind (`variant.Variant`)."""

FAMILIES = ("triggers", "conditions", "exits", "steps")


def load() -> None:
    """Let every part register itself."""
    of_persons.load()
    for kind, part in of_persons.conditions.items():
        conditions.add(kind, part)
    for family in FAMILIES:
        load_all(f"apps.flows.{family}")
    load_all("apps.flows.variants")
