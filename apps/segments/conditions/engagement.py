from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.segments.being import Being
from apps.segments.done import DAYS_AGO, MOST_DAYS
from apps.segments.parts import conditions

SIGNS = {"engaged": _("gave a sign of life"), "silent": _("gave no sign of life")}


@conditions.register("engagement")
@dataclass(frozen=True, slots=True, kw_only=True)
class Engagement(Being):
    """A click, an opening, an answer or an order, of a person and not of a machine, in the last days, or none.

    With `unanswered` the silent are those who had at least so many marketing mails since.
    """

    label: ClassVar[Any] = _("Engagement")
    speaks_of_days: ClassVar[bool] = True

    sign: Literal["engaged", "silent"] = field(default="engaged", metadata={"label": _("who"), "choices": SIGNS})
    days: int = field(default=90, metadata={"label": _("days"), "min_value": 1, "max_value": MOST_DAYS})
    unanswered: int = field(
        default=0, metadata={"label": _("mails without an answer, at least"), "min_value": 0, "max_value": 1000}
    )

    def where(self) -> Sql:
        if self.sign == "engaged":
            return Sql(f"f.engaged_at >= {DAYS_AGO}", (self.days,))
        silent = f"(f.engaged_at IS NULL OR f.engaged_at < {DAYS_AGO})"
        return Sql(f"{silent} AND coalesce(f.received, 0) >= %s::int", (self.days, self.unanswered))

    def sentence(self) -> str:
        if self.sign == "engaged":
            told = ngettext(
                "gave a sign of life in the last day", "gave a sign of life in the last %(n)s days", self.days
            )
            return told % {"n": self.days}
        told = ngettext(
            "gave no sign of life in the last day", "gave no sign of life in the last %(n)s days", self.days
        ) % {"n": self.days}
        if not self.unanswered:
            return told
        mails = ngettext("after %(n)s mail or more", "after %(n)s mails or more", self.unanswered)
        return gettext("%(silence)s, %(mails)s") % {"silence": told, "mails": mails % {"n": self.unanswered}}
