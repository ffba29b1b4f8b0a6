from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.flows import sunset
from apps.flows.parts import AtOnce, steps
from apps.flows.taking import Case, Taken


@steps.register("suppress")
@dataclass(frozen=True, slots=True, kw_only=True)
class Suppress(AtOnce):
    """Leave this person in peace: no more marketing, until they order, click or say yes again.

    Whoever had unsubscribed or is suppressed already stays so, and is not lifted by this.
    """

    kind: ClassVar[str]
    label: ClassVar[Any] = _("No more marketing")
    short: ClassVar[str] = "days"
    acts: ClassVar[bool] = True

    days: int | None = field(
        default=None,
        metadata={
            "label": _("For so many days at most"),
            "help": _("empty: until they show that they are still there"),
            "min_value": 1,
            "max_value": 3650,
        },
    )

    @classmethod
    def take(cls, cases: Sequence[Case], at: datetime) -> list[Taken]:
        sunset.leave_in_peace({case.run.customer_id: case.step.days for case in cases if not case.shadow}, at)
        return [Taken(case=case, outcome="in_shadow" if case.shadow else "suppressed") for case in cases]
