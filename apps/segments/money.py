"""Amounts of money of a person: the fields and the SQL that such conditions share.

The shop's own currency is added up beforehand; what was paid in another one is added up when it is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from apps.core.sql import Sql, joined
from apps.segments import phrases
from apps.segments.being import Being
from apps.segments.done import AMOUNT_FROM, AMOUNT_TO, CURRENCY, bounds, check_amounts, check_currency


@dataclass(frozen=True, slots=True, kw_only=True)
class Money(Being):
    """An amount between two bounds, either of which may be open, in one currency."""

    least: Decimal | None = field(default=None, metadata=AMOUNT_FROM)
    most: Decimal | None = field(default=None, metadata=AMOUNT_TO)
    currency: str | None = field(default=None, metadata=CURRENCY)

    def __post_init__(self) -> None:
        check_amounts(self.least, self.most, field_name="most")
        check_currency(self.currency)

    def between(self, own: str, other: str) -> Sql:
        """`own` is the amount in the shop's currency; `other` in the currency of its one placeholder."""
        if self.currency is None:
            return joined("AND", bounds(own, self.least, self.most), f"{own} IS NOT NULL")
        amount = f"CASE WHEN s.currency = %s::text THEN {own} ELSE {other} END"
        limits = bounds("t.amount", self.least, self.most)
        test = joined("AND", limits, "t.amount IS NOT NULL")
        params = (*test.params, self.currency, self.currency)
        # The test stands before what it tests, and so do its values.
        return Sql(f"(SELECT {test.text} FROM (SELECT {amount} AS amount) AS t)", params)

    def amount_words(self) -> str:
        return phrases.amounts(self.least, self.most, self.currency)
