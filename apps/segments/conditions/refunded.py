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

# Some shops only say how much was given back, and not when: then it was when the order last changed.
SOURCE = """orders_order o LEFT JOIN LATERAL (SELECT min(r.at) AS at FROM orders_refund r
    WHERE r.store_id = o.store_id AND r.order_external_id = o.external_id) AS r ON true"""


@conditions.register("refunded")
@dataclass(frozen=True, slots=True, kw_only=True)
class Refunded(Done):
    """Got money back on an order, all of it or a part. Counted are orders."""

    label: ClassVar[Any] = _("Got a refund")

    least: Decimal | None = field(default=None, metadata=AMOUNT_FROM)
    most: Decimal | None = field(default=None, metadata=AMOUNT_TO)
    currency: str | None = field(default=None, metadata=CURRENCY)

    def __post_init__(self) -> None:
        self.check_times()
        check_amounts(self.least, self.most, field_name="most")
        check_currency(self.currency)

    def tally(self) -> Tally:
        amount = bounds("CASE WHEN o.refunded > 0 THEN o.refunded ELSE o.total END", self.least, self.most)
        money = [in_currency("o.currency", self.currency), *amount] if amount or self.currency else []
        return Tally(
            source=SOURCE,
            person="o.customer_id",
            store="o.store_id",
            filters=(
                Sql("(o.refunded > 0 OR o.stage = 'refunded') AND NOT o.test"),
                *self.during("coalesce(r.at, o.modified_at)"),
                *money,
            ),
        )

    def sentence(self) -> str:
        return phrases.told(
            self,
            yes=gettext("has had a refund%(what)s%(often)s%(when)s"),
            no=gettext("has not had a refund%(what)s%(when)s"),
            what=phrases.amounts(self.least, self.most, self.currency),
        )
