from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.segments.being import Being
from apps.segments.done import DAYS_AGO, DAYS_AHEAD, MOST_DAYS
from apps.segments.parts import conditions

WHEN = {
    "within": _("within so many days"),
    "overdue": _("is late by so many days or more"),
    "unknown": _("cannot be said: not enough data"),
}


@conditions.register("expected_order")
@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedOrder(Being):
    """When the next order is expected: the last one and the usual time between orders."""

    label: ClassVar[Any] = _("Next order expected")
    speaks_of_days: ClassVar[bool] = True

    when: Literal["within", "overdue", "unknown"] = field(
        default="within", metadata={"label": _("when"), "choices": WHEN}
    )
    days: int = field(default=14, metadata={"label": _("days"), "min_value": 0, "max_value": MOST_DAYS})

    def where(self) -> Sql:
        match self.when:
            case "within":
                ahead = f"f.expected_at >= n.at AND f.expected_at <= {DAYS_AHEAD}"
                return Sql(ahead, (self.days,))
            case "overdue":
                return Sql(f"f.expected_at < {DAYS_AGO}", (self.days,))
            case "unknown":
                return Sql("f.expected_at IS NULL")

    def sentence(self) -> str:
        words = {
            "within": ngettext(
                "is expected to order within %(n)s day", "is expected to order within %(n)s days", self.days
            ),
            "overdue": ngettext(
                "was expected to order more than %(n)s day ago",
                "was expected to order more than %(n)s days ago",
                self.days,
            ),
            "unknown": gettext("has ordered too little to say when the next order comes"),
        }
        return words[self.when] % {"n": self.days}
