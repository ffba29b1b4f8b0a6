"""What passes between the engine and its steps: cases in, what was taken out."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from apps.mail.planning import Wish
from apps.stores.rules import Rules

if TYPE_CHECKING:
    from apps.flows.plans import Plan


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """An enrollment as it was claimed."""

    id: int
    store_id: int
    flow_id: int
    version_id: int
    customer_id: int
    cart_id: int | None
    order_id: int | None
    position: int
    triggered_at: datetime
    due_at: datetime | None
    attempts: int


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A run at the step it may take now. `due` is the moment that step was due, however late it is."""

    run: Run
    plan: Plan
    rules: Rules
    position: int
    due: datetime
    since: datetime | None = None

    @property
    def step(self) -> Any:
        return self.plan.steps[self.position]


class Next(msgspec.Struct, frozen=True):
    """Go on with the step behind this one."""


class Jump(msgspec.Struct, frozen=True):
    """Go on elsewhere."""

    position: int


class Until(msgspec.Struct, frozen=True):
    """Not now: ask this same step again at that moment."""

    moment: datetime


class End(msgspec.Struct, frozen=True):
    """The run is over, with this reason."""

    reason: str


Then = Next | Jump | Until | End


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one case. A wish is planned together with everything else of the batch."""

    case: Case
    outcome: str
    then: Then = Next()
    detail: dict[str, Any] = {}
    wish: Wish | None = None
