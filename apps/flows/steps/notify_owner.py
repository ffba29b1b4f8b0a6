from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.flows import notices
from apps.flows.parts import AtOnce, steps
from apps.flows.taking import Case, Taken


@steps.register("notify_owner")
@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyOwner(AtOnce):
    """Tell the owner about this person: by mail, and on the shop's pages."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Tell the owner")
    short: ClassVar[str] = "text"
    acts: ClassVar[bool] = True

    text: str = field(
        metadata={
            "label": _("What to say"),
            "help": _("for example: a complaint, please call today. The person's address is added"),
            "max_length": 300,
        }
    )

    @classmethod
    def take(cls, cases: Sequence[Case], at: datetime) -> list[Taken]:
        notices.write([(case.run, case.position, case.step.text) for case in cases if not case.shadow], at)
        return [Taken(case=case, outcome="in_shadow" if case.shadow else "told") for case in cases]
