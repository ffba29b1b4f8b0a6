from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.segments.money import Money
from apps.segments.parts import conditions


@conditions.register("spent")
@dataclass(frozen=True, slots=True, kw_only=True)
class Spent(Money):
    """Spent so much in all, less what was refunded. Who never ordered spent nothing."""

    label: ClassVar[Any] = _("Spent in all")

    def where(self) -> Sql:
        # Whoever was never measured spent nothing; a bound above nothing leaves them out, and may use an index.
        own = "f.spent" if self.least is not None and self.least > 0 else "coalesce(f.spent, 0)"
        return self.between(
            own,
            "coalesce((SELECT ct.spent FROM customers_customertotal ct"
            " WHERE ct.customer_id = p.id AND ct.currency = %s::text), 0)",
        )

    def sentence(self) -> str:
        return gettext("has spent a total%(amount)s") % {"amount": self.amount_words()}
