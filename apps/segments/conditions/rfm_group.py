from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.segments import phrases
from apps.segments.being import Being
from apps.segments.parts import conditions

Group = Literal["champions", "loyal", "recent", "needs_attention", "at_risk", "inactive"]
GROUPS = {
    "champions": _("champions"),
    "loyal": _("loyal"),
    "recent": _("recent"),
    "needs_attention": _("needs attention"),
    "at_risk": _("at risk"),
    "inactive": _("inactive"),
}


@conditions.register("rfm_group")
@dataclass(frozen=True, slots=True, kw_only=True)
class RfmGroup(Being):
    """Is in one of these groups by when, how often and how much was bought, in thirds of the shop's own buyers."""

    label: ClassVar[Any] = _("RFM group")
    short: ClassVar[str] = "groups"

    groups: tuple[Group, ...] = field(metadata={"label": _("groups"), "choices": GROUPS})

    def where(self) -> Sql:
        return Sql("f.rfm = ANY(%s::text[])", (list(self.groups),))

    def sentence(self) -> str:
        return gettext("belongs to the group %s") % phrases.quoted([str(GROUPS[group]) for group in self.groups])
