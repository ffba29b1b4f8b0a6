from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.segments.being import Being
from apps.segments.parts import conditions


@conditions.register("at_risk")
@dataclass(frozen=True, slots=True, kw_only=True)
class AtRisk(Being):
    """Two orders or more, longer silent than usual, and five marketing mails ignored. Reckoned every night."""

    label: ClassVar[Any] = _("At risk")
    speaks_of_days: ClassVar[bool] = True
    short: ClassVar[str] = "is_so"

    is_so: bool = field(default=True, metadata={"label": _("is at risk")})

    def where(self) -> Sql:
        return Sql("coalesce(f.at_risk, false) = %s::boolean", (self.is_so,))

    def sentence(self) -> str:
        return gettext("is at risk of leaving") if self.is_so else gettext("is not at risk of leaving")
