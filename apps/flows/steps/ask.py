from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core import db
from apps.core.durations import Duration
from apps.core.forms import FieldRefused
from apps.feedback import asking
from apps.feedback.surveys import Present
from apps.flows import wishing
from apps.flows.parts import AtOnce, steps
from apps.flows.steps.send_email import SLUG
from apps.flows.taking import Case, Taken

MOST: Final = 2
"""A question and one reminder: nobody is asked the same a third time in one run (product.md, B16 and B43)."""

# An asking stands in the trace before the run's next step is due, for whatever speaks ends the batch.
_ASKED = """
SELECT t.run FROM unnest(%s::bigint[], %s::text[]) AS t(run, survey)
JOIN flows_steprun s ON s.enrollment_id = t.run AND s.kind = 'ask' AND s.outcome = 'planned'
    AND s.detail ->> 'survey' = t.survey
GROUP BY t.run HAVING count(*) >= %s
"""


@steps.register("ask")
@dataclass(frozen=True, slots=True, kw_only=True)
class Ask(AtOnce):
    """Ask one question by mail: one of the shop's surveys, answered with a click and a button.

    Of a survey that is put to some only, the others are left alone, and go on. So is whoever was asked the same and
    reminded of it once in this run.
    """

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Ask a question")
    speaks: ClassVar[bool] = True
    acts: ClassVar[bool] = True

    survey: str = field(
        metadata={
            "label": _("Survey"),
            "help": _("its short name, such as csat or nps"),
            "max_length": 80,
            "example": "csat",
        }
    )
    template: str = field(metadata={"label": _("Template"), "max_length": 80})
    valid_for: Duration | None = field(
        default=None,
        metadata={"label": _("Of use for"), "help": _("empty: what the shop's rules say for this purpose")},
    )

    def __post_init__(self) -> None:
        for name in ("survey", "template"):
            if not SLUG.fullmatch(getattr(self, name)):
                raise FieldRefused(name, gettext("expected a short name such as csat or survey-1"))

    @property
    def texts(self) -> tuple[str, ...]:
        """Every template this step may ask for."""
        return (self.template,)

    @classmethod
    def take(cls, cases: Sequence[Case], at: datetime) -> list[Taken]:
        present = asking.take({(case.run.store_id, case.step.survey) for case in cases}, at)
        codes, enough = wishing.codes(cases), _asked_enough(cases)
        return [
            Taken(case=case, outcome="asked_enough", detail={"survey": case.step.survey, "asked": MOST})
            if case.run.id in enough
            else _asked(case, case.step, present.get((case.run.store_id, case.step.survey)), codes.get(case.run.id))
            for case in cases
        ]


def _asked_enough(cases: Sequence[Case]) -> set[int]:
    """The runs in which this survey was asked and reminded of."""
    asking_now = [(case.run.id, case.step.survey) for case in cases]
    return {row[0] for row in db.rows(_ASKED, [*map(list, zip(*asking_now, strict=True)), MOST])} if cases else set()


def _asked(case: Case, step: Ask, survey: Present | None, code_id: int | None) -> Taken:
    if survey is None:
        return Taken(case=case, outcome="no_such_survey", detail={"survey": step.survey})
    if not asking.sampled(survey, case.run.customer_id):
        return Taken(case=case, outcome="not_in_the_sample", detail={"survey": step.survey})
    valid_for = step.valid_for.delta if step.valid_for else None
    mail = wishing.wish(case, step.template, valid_for=valid_for, code_id=code_id, about={"survey": survey.id})
    return Taken(case=case, outcome="planned", detail={"survey": step.survey}, wish=mail)
