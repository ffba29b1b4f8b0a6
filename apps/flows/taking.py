"""What passes between the engine and its steps: cases in, what was taken out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from apps.flows.zones import ANYWHERE, Zones
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
    step_at: datetime | None = None
    """From when the step at `position` may be taken as planned; None: as counted from the beginning."""
    spoke: int | None = None
    """The position of the step that asked for the last mail."""
    spoke_at: datetime | None = None
    """When that mail was planned for: two mails keep the distance that was planned between them."""
    about: str = "{}"
    """What began it, as JSON."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A run at the step it may take now. `planned` is when it was planned, `due` when it was really due."""

    run: Run
    plan: Plan
    rules: Rules
    position: int
    planned: datetime
    due: datetime
    since: datetime | None = None
    zones: Zones = ANYWHERE
    shadow: bool = False

    @property
    def step(self) -> Any:
        return self.plan.nodes[self.position].step

    @property
    def origin(self) -> str:
        """The reference of whatever this very step asks of others: a mail, a code."""
        return f"run:{self.run.id}/step:{self.position}"

    @property
    def late(self) -> timedelta:
        """How much later than planned: because the mail before it went late."""
        return max(self.due - self.planned, timedelta())


class Next(msgspec.Struct, frozen=True):
    """Go on with the step behind this one.

    `since` is given by what waited for something nobody could plan: what follows is planned from that moment.
    """

    since: datetime | None = None


class Jump(msgspec.Struct, frozen=True):
    """Go on elsewhere, further on."""

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

    @property
    def is_worth_noting(self) -> bool:
        """A step that is asked again later was not taken yet."""
        return bool(self.case.step.leaves_trace) and not isinstance(self.then, Until)
