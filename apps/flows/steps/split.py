from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from apps.core.forms import FieldRefused
from apps.flows.judging import Rulebook, judge, rulebook_of, subject_of
from apps.flows.layout import Branch
from apps.flows.parts import AtOnce, conditions, steps
from apps.flows.taking import Case, Jump, Taken


@steps.register("split")
@dataclass(frozen=True, slots=True, kw_only=True)
class Split(AtOnce):
    """Go one way when all of this is true at that moment, and the other way when it is not."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Split")

    when: tuple[Any, ...] = field(
        metadata={
            "label": _("When all of this is true"),
            "family": lambda: conditions,
            "example": lambda: (conditions.get("address_known")(),),
        },
    )
    then: tuple[Any, ...] = field(
        default=(), metadata={"label": pgettext_lazy("split", "Then"), "family": lambda: steps}
    )
    otherwise: tuple[Any, ...] = field(
        default=(), metadata={"label": pgettext_lazy("split", "Otherwise"), "family": lambda: steps}
    )

    def __post_init__(self) -> None:
        if not self.when:
            raise FieldRefused("when", gettext("expected at least one condition"))

    def branches(self) -> tuple[Branch, ...]:
        return (
            Branch(pgettext_lazy("split", "Then"), ("then",), self.then),
            Branch(pgettext_lazy("split", "Otherwise"), ("otherwise",), self.otherwise),
        )

    @classmethod
    def take(cls, cases: Sequence[Case], at: datetime) -> list[Taken]:
        verdicts = judge((subject_of(case.run, case.plan, case.rules, _asked(case.step)) for case in cases), at)
        true = {key for key, verdict in verdicts.items() if not verdict.reason}
        return [cls._taken(case, case.run.id in true) for case in cases]

    @staticmethod
    def _taken(case: Case, true: bool) -> Taken:
        to = case.plan.nodes[case.position].branches[0 if true else 1]
        return Taken(case=case, outcome="then" if true else "otherwise", then=Jump(to))


def _asked(step: Split) -> Rulebook:
    return rulebook_of((), step.when, "")
