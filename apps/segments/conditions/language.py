from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.segments import phrases
from apps.segments.being import Being
from apps.segments.parts import conditions


@conditions.register("language")
@dataclass(frozen=True, slots=True, kw_only=True)
class Language(Being):
    """Reads one of these languages; whose language is not known reads the shop's."""

    label: ClassVar[Any] = _("Language")
    short: ClassVar[str] = "languages"

    languages: tuple[str, ...] = field(
        metadata={"label": _("languages"), "max_length": 5, "example": "nl", "help": _("Such as nl, en.")}
    )

    def where(self) -> Sql:
        own = "split_part(replace(coalesce(nullif(p.locale, ''), s.language), '_', '-'), '-', 1)"
        return Sql(f"lower({own}) = ANY(%s::text[])", ([one.lower()[:2] for one in self.languages],))

    def sentence(self) -> str:
        return gettext("reads %s") % phrases.either(self.languages)
