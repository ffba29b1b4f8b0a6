from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.flows.parts import exits


@exits.register("life_over")
@dataclass(frozen=True, slots=True, kw_only=True)
class LifeOver:
    """What was bought must be used up long since: the day in `ends` is past."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Product used up")
    reason: ClassVar[Reason] = Reason.LIFE_OVER
    hears: ClassVar[frozenset[str]] = frozenset()
    completes: ClassVar[bool] = False

    def where(self) -> Sql:
        return Sql("(e.about ->> 'ends')::date < (n.at AT TIME ZONE s.time_zone)::date")
