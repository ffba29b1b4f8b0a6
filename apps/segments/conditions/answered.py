from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.forms import FieldRefused
from apps.core.sql import Sql
from apps.segments import phrases
from apps.segments.done import Done, Tally
from apps.segments.parts import conditions


@conditions.register("answered")
@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Done):
    """Answered a question of ours. An answer that was changed later is the later one."""

    label: ClassVar[Any] = _("Answered a question")

    surveys: tuple[str, ...] = field(
        default=(),
        metadata={"label": _("surveys"), "max_length": 40, "help": _("Such as nps or silent; none: any.")},
    )
    answers: tuple[str, ...] = field(
        default=(),
        metadata={"label": _("answers"), "max_length": 80, "help": _("Such as not_used; none: any.")},
    )
    score_from: int | None = field(default=None, metadata={"label": _("score from"), "min_value": 0, "max_value": 10})
    score_to: int | None = field(default=None, metadata={"label": _("score to"), "min_value": 0, "max_value": 10})

    def __post_init__(self) -> None:
        self.check_times()
        if self.score_from is not None and self.score_to is not None and self.score_to < self.score_from:
            raise FieldRefused("score_to", gettext("expected a number that is not below the least"))

    def tally(self) -> Tally:
        filters = [Sql("a.replaced_at IS NULL"), *self.during("a.answered_at")]
        if self.surveys:
            which = "a.survey_id IN (SELECT u.id FROM feedback_survey u WHERE u.store_id = s.id AND u.slug = ANY({}))"
            filters.append(Sql(which.format("%s::text[]"), (list(self.surveys),)))
        if self.answers:
            said = "EXISTS (SELECT 1 FROM jsonb_each_text(a.said) AS w WHERE w.value = ANY(%s::text[]))"
            filters.append(Sql(said, (list(self.answers),)))
        if self.score_from is not None:
            filters.append(Sql("a.score >= %s::int", (self.score_from,)))
        if self.score_to is not None:
            filters.append(Sql("a.score <= %s::int", (self.score_to,)))
        return Tally(source="feedback_answer a", person="a.customer_id", store="a.store_id", filters=tuple(filters))

    def sentence(self) -> str:
        which = f" {phrases.quoted(self.surveys)}" if self.surveys else ""
        score = ""
        if self.score_from is not None or self.score_to is not None:
            low, high = self.score_from or 0, 10 if self.score_to is None else self.score_to
            score = " " + gettext("with a score of %(low)s to %(high)s") % {"low": low, "high": high}
        with_ = " " + gettext("with %s") % phrases.quoted(self.answers) if self.answers else ""
        return phrases.told(
            self,
            yes=gettext("has answered a question%(what)s%(often)s%(when)s"),
            no=gettext("has not answered a question%(what)s%(when)s"),
            what=which + with_ + score,
        )
