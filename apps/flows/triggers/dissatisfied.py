from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.events import kinds
from apps.flows.parts import OnEvent, triggers
from apps.flows.purchases import ORDER_OF_SHOP, from_people

COMPLAINT = "complaint.opened"


@triggers.register("dissatisfied")
@dataclass(frozen=True, slots=True, kw_only=True)
class Dissatisfied(OnEvent):
    """Somebody gave a low score, or complained as another app told (`complaint.opened`)."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Low score or complaint")
    short: ClassVar[str] = "survey"
    hears: ClassVar[frozenset[str]] = frozenset({kinds.SCORE_LOW, kinds.CUSTOM})
    candidates: ClassVar[str] = from_people(
        "jsonb_build_object('survey', coalesce(t.data ->> 'survey', ''))",
        f"t.kind = '{kinds.SCORE_LOW}' OR t.data ->> 'name' = '{COMPLAINT}'",
        order=ORDER_OF_SHOP,
    )

    survey: str = field(
        default="",
        metadata={"label": _("Survey"), "help": _("empty: whichever it is, and complaints"), "max_length": 80},
    )

    def accepts(self, facts: Mapping[str, Any]) -> bool:
        """Of this survey, or of any."""
        return not self.survey or facts["survey"] == self.survey
