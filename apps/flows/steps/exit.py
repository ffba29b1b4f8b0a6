from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.flows.parts import AtOnce, steps
from apps.flows.taking import Case, End, Taken


@steps.register("exit")
@dataclass(frozen=True, slots=True, kw_only=True)
class Leave(AtOnce):
    """Leave the flow here; what stands behind the branch is for the others."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Leave the flow")
    ends: ClassVar[bool] = True

    @classmethod
    def take(cls, cases: Sequence[Case], at: datetime) -> list[Taken]:  # noqa: ARG003
        return [Taken(case=case, outcome="left", then=End(Reason.LEFT_BY_PLAN)) for case in cases]
