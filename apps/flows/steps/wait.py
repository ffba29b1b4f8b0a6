from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.durations import Duration
from apps.flows.parts import steps
from apps.flows.taking import Case, Taken


@steps.register("wait")
@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Let time pass, counted from the moment the flow began (decision 9)."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Wait")
    short: ClassVar[str] = "until"
    speaks: ClassVar[bool] = False
    leaves_trace: ClassVar[bool] = False

    until: Duration = field(
        metadata={
            "label": _("Until so long after the start"),
            "help": _("for example 1h, 24h or 3d"),
        }
    )

    def opens(self, triggered_at: datetime, so_far: datetime) -> datetime:
        return max(so_far, triggered_at + self.until.delta)

    @classmethod
    def take(cls, cases: Sequence[Case], at: datetime) -> list[Taken]:  # noqa: ARG003
        return [Taken(case=case, outcome="waited") for case in cases]
