from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.events import kinds
from apps.flows.parts import OnEvent, triggers
from apps.flows.purchases import ORDER_OF_SHOP, from_people


@triggers.register("survey_answered")
@dataclass(frozen=True, slots=True, kw_only=True)
class SurveyAnswered(OnEvent):
    """Somebody answered a survey, with one of these answers."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Survey answered")
    short: ClassVar[str] = "survey"
    hears: ClassVar[frozenset[str]] = frozenset({kinds.SURVEY_ANSWERED})
    candidates: ClassVar[str] = from_people(
        "jsonb_build_object('survey', t.data -> 'survey', 'answer', t.data -> 'answer', 'about', jsonb_strip_nulls("
        "jsonb_build_object('survey', t.data -> 'survey', 'answer', t.data -> 'answer')))",
        order=ORDER_OF_SHOP,
    )

    survey: str = field(metadata={"label": _("Survey"), "max_length": 80})
    answers: tuple[str, ...] = field(
        default=(), metadata={"label": _("Answers"), "help": _("none: whatever the answer"), "max_length": 80}
    )

    def accepts(self, facts: Mapping[str, Any]) -> bool:
        """Of this survey, and among these answers."""
        return facts["survey"] == self.survey and (not self.answers or str(facts["answer"]) in self.answers)
