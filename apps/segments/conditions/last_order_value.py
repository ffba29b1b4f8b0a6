from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.segments.money import Money
from apps.segments.parts import conditions


@conditions.register("last_order_value")
@dataclass(frozen=True, slots=True, kw_only=True)
class LastOrderValue(Money):
    """The last order in this currency was of so much; nobody without one."""

    label: ClassVar[Any] = _("Last order")

    def where(self) -> Sql:
        return self.between(
            "f.last_total",
            "(SELECT o.total - o.refunded FROM orders_order o WHERE o.customer_id = p.id AND o.counts"
            " AND o.currency = %s::text ORDER BY o.placed_at DESC, o.id DESC LIMIT 1)",
        )

    def sentence(self) -> str:
        return gettext("placed a last order%(amount)s") % {"amount": self.amount_words()}
