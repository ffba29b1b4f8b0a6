from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.forms import FieldRefused
from apps.core.sql import Sql
from apps.segments import phrases
from apps.segments.done import PRODUCTS, Done, Tally
from apps.segments.parts import conditions

# In the shop itself, and on our own page.
SOURCE = """(SELECT store_id, customer_id, product, rating, written_at FROM orders_review
    UNION ALL SELECT store_id, customer_id, product, rating, written_at FROM feedback_ownreview) AS r"""
STARS = {"min_value": 1, "max_value": 5}


@conditions.register("reviewed")
@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed(Done):
    """Wrote a review."""

    label: ClassVar[Any] = _("Wrote a review")

    stars_from: int | None = field(default=None, metadata={"label": _("stars from"), **STARS})
    stars_to: int | None = field(default=None, metadata={"label": _("stars to"), **STARS})
    products: tuple[str, ...] = field(default=(), metadata=PRODUCTS)

    def __post_init__(self) -> None:
        self.check_times()
        if self.stars_from and self.stars_to and self.stars_to < self.stars_from:
            raise FieldRefused("stars_to", gettext("expected a number that is not below the least"))

    def tally(self) -> Tally:
        filters = list(self.during("r.written_at"))
        if self.stars_from is not None:
            filters.append(Sql("r.rating >= %s::int", (self.stars_from,)))
        if self.stars_to is not None:
            filters.append(Sql("r.rating <= %s::int", (self.stars_to,)))
        if self.products:
            filters.append(Sql("r.product = ANY(%s::text[])", (list(self.products),)))
        return Tally(source=SOURCE, person="r.customer_id", store="r.store_id", filters=tuple(filters))

    def sentence(self) -> str:
        stars = ""
        if self.stars_from or self.stars_to:
            values = {"low": self.stars_from or 1, "high": self.stars_to or 5}
            stars = " " + gettext("of %(low)s to %(high)s stars") % values
        which = " " + gettext("about product %s") % phrases.either(self.products) if self.products else ""
        return phrases.told(
            self,
            yes=gettext("has written a review%(what)s%(often)s%(when)s"),
            no=gettext("has not written a review%(what)s%(when)s"),
            what=stars + which,
        )
