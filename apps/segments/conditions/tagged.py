from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.segments import phrases
from apps.segments.being import Being
from apps.segments.parts import conditions

HOW = {"any": _("one of these"), "all": _("all of these"), "none": _("none of these")}


@conditions.register("tagged")
@dataclass(frozen=True, slots=True, kw_only=True)
class Tagged(Being):
    """Carries tags: short words of the shop's, of a flow or of another app."""

    label: ClassVar[Any] = _("Tags")
    short: ClassVar[str] = "tags"

    tags: tuple[str, ...] = field(metadata={"label": _("tags"), "max_length": 80})
    how: Literal["any", "all", "none"] = field(default="any", metadata={"label": _("how many"), "choices": HOW})

    def where(self) -> Sql:
        tags = (list(self.tags),)
        match self.how:
            case "any":
                return Sql("p.tags ?| %s::text[]", tags)
            case "all":
                return Sql("p.tags ?& %s::text[]", tags)
            case "none":
                return Sql("NOT p.tags ?| %s::text[]", tags)

    def sentence(self) -> str:
        words = {
            "any": gettext("has the tag %s"),
            "all": gettext("has all the tags %s"),
            "none": gettext("has no tag %s"),
        }
        told = ", ".join(f"“{tag}”" for tag in self.tags) if self.how == "all" else phrases.quoted(self.tags)
        return words[self.how] % told
