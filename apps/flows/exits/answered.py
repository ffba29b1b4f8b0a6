from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.events import kinds
from apps.flows.parts import exits

_ANSWERED = """EXISTS (SELECT FROM events_event d WHERE d.customer_id = e.customer_id AND d.store_id = e.store_id
    AND d.kind = 'survey.answered' AND d.occurred_at >= e.triggered_at
    AND (%s::text = '' OR d.data ->> 'survey' = %s::text))"""


@exits.register("answered")
@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The survey was answered, since it began."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Answered")
    short: ClassVar[str] = "survey"
    reason: ClassVar[Reason] = Reason.ANSWERED
    hears: ClassVar[frozenset[str]] = frozenset({kinds.SURVEY_ANSWERED})
    completes: ClassVar[bool] = True

    survey: str = field(
        default="", metadata={"label": _("Survey"), "help": _("empty: whichever it is"), "max_length": 80}
    )

    def where(self) -> Sql:
        return Sql(_ANSWERED, (self.survey, self.survey))
