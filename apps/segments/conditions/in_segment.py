from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.forms import FieldRefused
from apps.core.sql import Sql
from apps.segments.being import Being
from apps.segments.parts import conditions

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,79}", re.ASCII)


@conditions.register("in_segment")
@dataclass(frozen=True, slots=True, kw_only=True)
class InSegment(Being):
    """Is a member of another segment of this shop, or is not. A segment that is not there has no members."""

    label: ClassVar[Any] = _("In a segment")
    short: ClassVar[str] = "segment"

    segment: str = field(metadata={"label": _("segment"), "max_length": 80, "help": _("Its short name.")})
    inside: bool = field(default=True, metadata={"label": _("is in it")})

    def __post_init__(self) -> None:
        if not SLUG.fullmatch(self.segment):
            raise FieldRefused("segment", gettext("expected a short name: lower-case letters, digits and hyphens"))

    def where(self) -> Sql:
        sign = "EXISTS" if self.inside else "NOT EXISTS"
        return Sql(
            f"{sign} (SELECT 1 FROM segments_membership sm JOIN segments_segment sg ON sg.id = sm.segment_id"
            " WHERE sm.customer_id = p.id AND sg.store_id = s.id AND sg.slug = %s::text)",
            (self.segment,),
        )

    def sentence(self) -> str:
        words = gettext("is in the segment “%s”") if self.inside else gettext("is not in the segment “%s”")
        return words % self.segment
