from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql, joined
from apps.segments import parts
from apps.segments.being import Being


@parts.conditions.register("any")
@dataclass(frozen=True, slots=True, kw_only=True)
class AnyOf(Being):
    """One of these is true, or several. An empty group asks nothing."""

    label: ClassVar[Any] = _("One of these")
    short: ClassVar[str] = "conditions"

    conditions: tuple[Any, ...] = field(
        default=(), metadata={"label": _("conditions"), "family": lambda: parts.conditions}
    )

    def where(self) -> Sql:
        return joined("OR", [part.where() for part in self.conditions], "true")

    def sentence(self) -> str:
        return gettext(" or ").join(part.sentence() for part in self.conditions) or gettext("no matter who")
