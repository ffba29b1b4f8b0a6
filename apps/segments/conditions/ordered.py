from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.segments import phrases
from apps.segments.done import (
    AMOUNT_FROM,
    AMOUNT_TO,
    CURRENCY,
    Done,
    Tally,
    bounds,
    check_amounts,
    check_currency,
    in_currency,
)
from apps.segments.parts import conditions


@conditions.register("ordered")
@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered(Done):
    """Placed an order that counts: not cancelled, not wholly refunded, no test. Refunds lower its amount."""

    label: ClassVar[Any] = _("Ordered")

    least: Decimal | None = field(default=None, metadata=AMOUNT_FROM)
    most: Decimal | None = field(default=None, metadata=AMOUNT_TO)
    currency: str | None = field(default=None, metadata=CURRENCY)

    def __post_init__(self) -> None:
        self.check_times()
        check_amounts(self.least, self.most, field_name="most")
        check_currency(self.currency)

    def tally(self) -> Tally:
        amount = bounds("o.total - o.refunded", self.least, self.most)
        money = [in_currency("o.currency", self.currency), *amount] if amount or self.currency else []
        return Tally(
            source="orders_order o",
            person="o.customer_id",
            store="o.store_id",
            filters=(Sql("o.counts"), *self.during("o.placed_at"), *money),
        )

    def sentence(self) -> str:
        what = phrases.amounts(self.least, self.most, self.currency)
        if what:
            return phrases.told(
                self,
                yes=gettext("has placed an order%(what)s%(often)s%(when)s"),
                no=gettext("has not placed an order%(what)s%(when)s"),
                what=what,
            )
        return phrases.told(
            self,
            yes=gettext("has ordered%(often)s%(when)s"),
            no=gettext("has not ordered%(when)s"),
        )
