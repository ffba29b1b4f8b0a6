from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final, Literal

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.durations import Duration
from apps.core.forms import FieldRefused
from apps.flows import happenings
from apps.flows.parts import AtOnce, steps
from apps.flows.taking import Case, Next, Taken, Until

NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,59}", re.ASCII)


@steps.register("wait_for")
@dataclass(frozen=True, slots=True, kw_only=True)
class WaitFor(AtOnce):
    """Wait until something happens to this person, at most so long. What is told goes on at that very moment.

    It counts from when the run came here; what happened before is no answer. What follows is planned from when it
    happened, or from the end of the time.
    """

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Wait for")
    unplanned: ClassVar[bool] = True

    event: Literal[
        "order.placed", "order.paid", "order.fulfilled", "order.delivered", "order.cancelled", "order.refunded",
        "return.opened", "return.closed", "mail.clicked", "survey.answered", "review.given", "consent.changed",
        "cart.abandoned", "segment.entered", "segment.left", "custom",
    ] = field(
        metadata={
            "label": _("Until this happens"),
            "example": "custom",
            "choices": {
                "order.placed": _("an order is placed"), "order.paid": _("an order is paid"),
                "order.fulfilled": _("an order is shipped"), "order.delivered": _("an order is delivered"),
                "order.cancelled": _("an order is cancelled"), "order.refunded": _("an order is refunded"),
                "return.opened": _("a return is opened"), "return.closed": _("a return is closed"),
                "mail.clicked": _("a mail is clicked"), "survey.answered": _("a question is answered"),
                "review.given": _("a review is given"), "consent.changed": _("consent is given or taken back"),
                "cart.abandoned": _("a basket is left behind"), "segment.entered": _("a segment is entered"),
                "segment.left": _("a segment is left"), "custom": _("another app tells something"),
            },
        },
    )  # fmt: skip
    name: str | None = field(
        default=None,
        metadata={
            "label": _("What the other app tells"),
            "help": _("only with the last choice: the name of its event, such as points_earned"),
            "max_length": 60,
        },
    )
    at_most: Duration = field(metadata={"label": _("At most so long"), "help": _("for example 3d")})

    def __post_init__(self) -> None:
        if self.name is not None and self.event != "custom":
            raise FieldRefused("name", gettext("only what another app tells has a name of its own"))
        if self.event == "custom" and (self.name is None or not NAME.fullmatch(self.name)):
            raise FieldRefused("name", gettext("expected the name of an event of another app, such as points_earned"))
        if not self.at_most.delta:
            raise FieldRefused("at_most", gettext("expected some time"))

    def is_answered_by(self, kind: str, data: dict[str, Any]) -> bool:
        """Whether an event is what this step waits for."""
        return kind == self.event and (self.name is None or data.get("name") == self.name)

    @classmethod
    def take(cls, cases: Sequence[Case], at: datetime) -> list[Taken]:
        happened = happenings.first_since(
            [
                happenings.Awaited(
                    run_id=case.run.id,
                    store_id=case.run.store_id,
                    customer_id=case.run.customer_id,
                    kind=case.step.event,
                    name=case.step.name or "",
                    since=case.due,
                    until=case.due + case.step.at_most.delta,
                )
                for case in cases
            ]
        )
        return [cls._waited(case, happened.get(case.run.id), at) for case in cases]

    @staticmethod
    def _waited(case: Case, moment: datetime | None, at: datetime) -> Taken:
        deadline = case.due + case.step.at_most.delta
        if moment is not None:
            return Taken(case=case, outcome="happened", detail={"event": case.step.event}, then=Next(since=moment))
        if at >= deadline:
            return Taken(case=case, outcome="timed_out", then=Next(since=deadline))
        return Taken(case=case, outcome="waits", then=Until(deadline))
