from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Literal

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

CHECKOUT = {"either": _("no matter"), "reached": _("reached the checkout"), "not_reached": _("before the checkout")}


@conditions.register("abandoned")
@dataclass(frozen=True, slots=True, kw_only=True)
class Abandoned(Done):
    """Left a basket behind, whether or not it was ordered later."""

    label: ClassVar[Any] = _("Left a basket")

    checkout: Literal["either", "reached", "not_reached"] = field(
        default="either", metadata={"label": _("checkout"), "choices": CHECKOUT}
    )
    least: Decimal | None = field(default=None, metadata=AMOUNT_FROM)
    most: Decimal | None = field(default=None, metadata=AMOUNT_TO)
    currency: str | None = field(default=None, metadata=CURRENCY)

    def __post_init__(self) -> None:
        self.check_times()
        check_amounts(self.least, self.most, field_name="most")
        check_currency(self.currency)

    def tally(self) -> Tally:
        amount = bounds("k.total", self.least, self.most)
        money = [in_currency("k.currency", self.currency), *amount] if amount or self.currency else []
        place = [] if self.checkout == "either" else [Sql("k.reached_checkout = %s", (self.checkout == "reached",))]
        return Tally(
            source="carts_cart k",
            person="k.customer_id",
            store="k.store_id",
            filters=(Sql("k.abandoned_at IS NOT NULL"), *self.during("k.abandoned_at"), *place, *money),
        )

    def sentence(self) -> str:
        place = "" if self.checkout == "either" else f" ({CHECKOUT[self.checkout]})"
        return phrases.told(
            self,
            yes=gettext("has left a basket%(what)s%(often)s%(when)s"),
            no=gettext("has not left a basket%(what)s%(when)s"),
            what=phrases.amounts(self.least, self.most, self.currency) + place,
        )
