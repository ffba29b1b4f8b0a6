from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.segments.money import Money
from apps.segments.parts import conditions


@conditions.register("average_order")
@dataclass(frozen=True, slots=True, kw_only=True)
class AverageOrder(Money):
    """An average order of so much; nobody without an order."""

    label: ClassVar[Any] = _("Average order")

    def where(self) -> Sql:
        return self.between(
            "f.average",
            "(SELECT ct.spent / ct.orders FROM customers_customertotal ct"
            " WHERE ct.customer_id = p.id AND ct.currency = %s::text AND ct.orders > 0)",
        )

    def sentence(self) -> str:
        return gettext("has an average order%(amount)s") % {"amount": self.amount_words()}
