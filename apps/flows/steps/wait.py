from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.durations import Duration
from apps.flows.parts import AtOnce, steps
from apps.flows.taking import Case, Taken
from apps.flows.zones import Zones


@steps.register("wait")
@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(AtOnce):
    """Let time pass, counted from the moment the flow began (decision 9)."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Wait")
    short: ClassVar[str] = "until"
    passes_time: ClassVar[bool] = True
    leaves_trace: ClassVar[bool] = False

    until: Duration = field(
        metadata={
            "label": _("Until so long after the start"),
            "help": _("for example 1h, 24h or 3d"),
        }
    )

    def opens(self, triggered_at: datetime, so_far: datetime, zones: Zones | None = None) -> datetime:  # noqa: ARG002
        return max(so_far, triggered_at + self.until.delta)

    @classmethod
    def take(cls, cases: Sequence[Case], at: datetime) -> list[Taken]:  # noqa: ARG003
        return [Taken(case=case, outcome="waited") for case in cases]
