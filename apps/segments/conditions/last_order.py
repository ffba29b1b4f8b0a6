from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from apps.core.sql import Sql
from apps.segments.being import Being
from apps.segments.done import DAYS_AGO, MOST_DAYS
from apps.segments.parts import conditions

WHEN = {"within": _("at most so many days ago"), "longer_ago": _("longer ago than so many days")}


@conditions.register("last_order")
@dataclass(frozen=True, slots=True, kw_only=True)
class LastOrder(Being):
    """How long ago the last order is; nobody without one."""

    label: ClassVar[Any] = _("Last order was")
    speaks_of_days: ClassVar[bool] = True

    when: Literal["within", "longer_ago"] = field(default="longer_ago", metadata={"label": _("when"), "choices": WHEN})
    days: int = field(metadata={"label": _("days"), "min_value": 1, "max_value": MOST_DAYS})

    def where(self) -> Sql:
        sign = ">=" if self.when == "within" else "<"
        return Sql(f"f.last_at {sign} {DAYS_AGO}", (self.days,))

    def sentence(self) -> str:
        words = {
            "within": ngettext(
                "placed the last order at most %(n)s day ago", "placed the last order at most %(n)s days ago", self.days
            ),
            "longer_ago": ngettext(
                "placed the last order more than %(n)s day ago",
                "placed the last order more than %(n)s days ago",
                self.days,
            ),
        }
        return words[self.when] % {"n": self.days}
