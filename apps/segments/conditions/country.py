from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.segments import phrases
from apps.segments.being import Being
from apps.segments.parts import conditions


@conditions.register("country")
@dataclass(frozen=True, slots=True, kw_only=True)
class Country(Being):
    """Lives in one of these countries; nobody whose country is not known."""

    label: ClassVar[Any] = _("Country")
    short: ClassVar[str] = "countries"

    countries: tuple[str, ...] = field(
        metadata={"label": _("countries"), "max_length": 2, "example": "NL", "help": _("Two letters: NL, BE, DE.")}
    )

    def where(self) -> Sql:
        return Sql("p.country = ANY(%s::text[])", ([one.upper() for one in self.countries],))

    def sentence(self) -> str:
        return gettext("lives in %s") % phrases.either(self.countries)
