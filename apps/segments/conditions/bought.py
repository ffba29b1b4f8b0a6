from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.segments import phrases
from apps.segments.done import AMOUNT_FROM, AMOUNT_TO, PRODUCTS, Done, Tally, bounds, check_amounts
from apps.segments.parts import conditions

# Of one person each purchase is looked up; of everybody the products are listed, and their purchases found by them.
ONE: Final = (
    "EXISTS (SELECT 1 FROM catalog_product cp WHERE cp.store_id = b.store_id AND cp.external_id = b.product AND {})"
)
ALL: Final = "b.product = ANY(ARRAY(SELECT cp.external_id FROM catalog_product cp WHERE cp.store_id = s.id AND {}))"


@conditions.register("bought")
@dataclass(frozen=True, slots=True, kw_only=True)
class Bought(Done):
    """Has a product in an order that counts; counted are orders. Of each kind of filter one word must fit.

    A variant counts as its product.
    """

    label: ClassVar[Any] = _("Bought")

    products: tuple[str, ...] = field(default=(), metadata=PRODUCTS)
    categories: tuple[str, ...] = field(default=(), metadata={"label": _("categories"), "max_length": 120})
    tags: tuple[str, ...] = field(default=(), metadata={"label": _("product tags"), "max_length": 120})
    brands: tuple[str, ...] = field(default=(), metadata={"label": _("brands"), "max_length": 120})
    least: Decimal | None = field(
        default=None,
        metadata={**AMOUNT_FROM, "help": _("Of this product in one order, in the shop's currency.")},
    )
    most: Decimal | None = field(default=None, metadata=AMOUNT_TO)

    def __post_init__(self) -> None:
        self.check_times()
        check_amounts(self.least, self.most, field_name="most")

    def tally(self) -> Tally:
        amount = bounds("b.total", self.least, self.most)
        rest = (*self.during("b.at"), *([Sql("b.currency = s.currency"), *amount] if amount else []))
        return Tally(
            source="segments_purchase b",
            person="b.customer_id",
            store="b.store_id",
            filters=(*self._which(ONE), *rest),
            counted="count(DISTINCT b.order_id)",
            whole=(*self._which(ALL), *rest),
        )

    def _which(self, of: str) -> list[Sql]:
        """Of each kind of filter one word fits the product."""
        tests = [
            (self.products, "b.product = ANY(%s::text[])"),
            (self.categories, of.format("cp.categories ?| %s::text[]")),
            (self.tags, of.format("cp.tags ?| %s::text[]")),
            (self.brands, of.format("cp.brand = ANY(%s::text[])")),
        ]
        return [Sql(text, (list(words),)) for words, text in tests if words]

    def sentence(self) -> str:
        parts = [
            gettext("product %s") % phrases.either(self.products) if self.products else "",
            gettext("something in %s") % phrases.quoted(self.categories) if self.categories else "",
            gettext("something tagged %s") % phrases.quoted(self.tags) if self.tags else "",
            gettext("something of %s") % phrases.quoted(self.brands) if self.brands else "",
        ]
        named = gettext(" and ").join(part for part in parts if part) or gettext("something")
        what = f" {named}{phrases.amounts(self.least, self.most, None)}"
        return phrases.told(
            self,
            yes=gettext("has bought%(what)s%(often)s%(when)s"),
            no=gettext("has not bought%(what)s%(when)s"),
            what=what,
        )
