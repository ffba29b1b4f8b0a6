"""What somebody did, how often and when: the fields and the SQL that all such conditions share.

Asked of a few people, a deed is counted per person, by that person's own index. Asked of a whole shop, it is
counted once for everybody and joined (`Tally.of_everybody`): a count per person would be a million questions.
Days are days of the shop's zone and become moments there: a date never shifts, and a day on which the clock
changes has its own 23 or 25 hours.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar, Literal

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.forms import FieldRefused
from apps.core.reasons import Reason
from apps.core.sql import Sql, joined

Times = Literal["at_least", "exactly", "at_most", "zero"]
Period = Literal["ever", "last", "between", "before", "after", "since_entering"]
TIMES = {"at_least": _("at least"), "exactly": _("exactly"), "at_most": _("at most"), "zero": _("not once")}
PERIODS = {
    "ever": _("ever"),
    "last": _("in the last days"),
    "between": _("between two days"),
    "before": _("before a day"),
    "after": _("after a day"),
    "since_entering": _("since entering the flow"),
}
SIGNS = {"at_least": ">=", "exactly": "=", "at_most": "<="}
MOST_TIMES = 10_000
MOST_DAYS = 3660


@dataclass(frozen=True, slots=True)
class Tally:
    """Rows that are counted per person. `person` and `store` are columns of `source`; `counted` an aggregate.

    The filters may speak of `source`, and of `s` and `n.at`; `e` only where a run is judged.
    """

    source: str
    person: str
    store: str
    filters: tuple[Sql, ...] = ()
    counted: str = "count(*)"
    whole: tuple[Sql, ...] | None = None
    """The filters as they are quickest when everybody is asked; None: the same."""

    @property
    def filter(self) -> Sql:
        return joined("AND", self.filters, "true")

    def for_everybody(self) -> Tally:
        """The same rows, by the filters that are quickest for a whole shop."""
        return self if self.whole is None else replace(self, filters=self.whole, whole=None)

    def of_one(self, done: Done) -> Sql:
        """Whether it is true of `p`."""
        rows = f"FROM {self.source} WHERE {self.person} = p.id AND {self.store} = s.id AND ({self.filter.text})"
        if done.is_plain:
            sign = "NOT EXISTS" if done.times == "zero" else "EXISTS"
            return Sql(f"{sign} (SELECT 1 {rows})", self.filter.params)
        count = Sql(f"(SELECT {self.counted} {rows})", self.filter.params)
        return Sql(f"{count.text} {SIGNS[done.times]} %s::bigint", (*count.params, done.n))

    def those(self, shop: Sql, n: int) -> Sql:
        """A table of `id`: everybody with at least so many. `shop` yields `s` and `n`."""
        return Sql(
            f"(SELECT {self.person} AS id FROM {shop.text}, {self.source} WHERE {self.store} = s.id"
            f" AND {self.person} IS NOT NULL AND ({self.filter.text}) GROUP BY 1 HAVING {self.counted} >= %s::bigint)",
            (*shop.params, *self.filter.params, n),
        )

    def of_everybody(self, name: str, shop: Sql, done: Done) -> tuple[Sql, Sql]:
        """A table of counts to be left-joined under `name`, and the predicate over it. `shop` yields `s` and `n`."""
        table = Sql(
            f"(SELECT {self.person} AS customer_id, {self.counted} AS n FROM {shop.text}, {self.source}"
            f" WHERE {self.store} = s.id AND {self.person} IS NOT NULL AND ({self.filter.text}) GROUP BY 1) AS {name}",
            (*shop.params, *self.filter.params),
        )
        if done.times == "at_least":
            # Strict, so that PostgreSQL may turn the outer join into an inner one.
            return table, Sql(f"{name}.n >= %s::bigint", (done.n,))
        sign = "=" if done.times == "zero" else SIGNS[done.times]
        return table, Sql(f"coalesce({name}.n, 0) {sign} %s::bigint", (0 if done.times == "zero" else done.n,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Done or not done, so often, in such a time. `last` counts whole days back by the shop's clock."""

    kind: ClassVar[str]
    label: ClassVar[Any]
    reason: ClassVar[Reason] = Reason.NO_LONGER_FITS
    in_runs_only: ClassVar[bool] = False

    times: Times = field(default="at_least", metadata={"label": _("how often"), "choices": TIMES})
    n: int = field(default=1, metadata={"label": _("times"), "min_value": 1, "max_value": MOST_TIMES})
    period: Period = field(default="ever", metadata={"label": _("when"), "choices": PERIODS})
    days: int | None = field(
        default=None, metadata={"label": _("days"), "min_value": 1, "max_value": MOST_DAYS, "help": _("Such as 90.")}
    )
    day: date | None = field(default=None, metadata={"label": _("day"), "help": _("In the shop's own calendar.")})
    last_day: date | None = field(default=None, metadata={"label": _("last day"), "help": _("It belongs to it.")})

    def __post_init__(self) -> None:
        self.check_times()

    def check_times(self) -> None:
        """A period names what it needs. Raises FieldRefused."""
        if self.period == "last" and self.days is None:
            raise FieldRefused("days", gettext("how many days?"))
        if self.period in ("between", "before", "after") and self.day is None:
            raise FieldRefused("day", gettext("which day?"))
        if self.period == "between" and (self.last_day is None or (self.day is not None and self.last_day < self.day)):
            raise FieldRefused("last_day", gettext("expected a last day that is not before the first"))

    @property
    def is_plain(self) -> bool:
        """Only whether, not how often: asked without counting."""
        return self.times == "zero" or (self.times == "at_least" and self.n == 1)

    @property
    def speaks_of_days(self) -> bool:
        """Becomes true or false by waiting."""
        return self.period == "last"

    @property
    def speaks_of_the_run(self) -> bool:
        return self.period == "since_entering"

    def tally(self) -> Tally:
        """What is counted."""
        raise NotImplementedError

    def where(self) -> Sql:
        return self.tally().of_one(self)

    def during(self, moment: str) -> tuple[Sql, ...]:
        """That this moment lies in the period."""
        match self.period:
            case "ever":
                return ()
            case "last":
                return (Sql(f"{moment} >= {DAYS_AGO}", (self.days,)),)
            case "between":
                return (Sql(f"{moment} >= {DAWN}", (self.day,)), Sql(f"{moment} < {DAY_AFTER}", (self.last_day,)))
            case "before":
                return (Sql(f"{moment} < {DAWN}", (self.day,)),)
            case "after":
                return (Sql(f"{moment} >= {DAY_AFTER}", (self.day,)),)
            case "since_entering":
                return (Sql(f"{moment} >= e.triggered_at"),)


DAYS_AGO = "((n.at AT TIME ZONE s.time_zone) - make_interval(days => %s::int)) AT TIME ZONE s.time_zone"
"""The same time of day so many days ago by the shop's clock."""
DAYS_AHEAD = "((n.at AT TIME ZONE s.time_zone) + make_interval(days => %s::int)) AT TIME ZONE s.time_zone"
DAWN = "(%s::date)::timestamp AT TIME ZONE s.time_zone"
DAY_AFTER = "(%s::date + 1)::timestamp AT TIME ZONE s.time_zone"


AMOUNT_FROM = {"label": _("amount from"), "min_value": 0}
AMOUNT_TO = {"label": _("amount to"), "min_value": 0}
CURRENCY = {"label": _("currency"), "max_length": 3, "example": "EUR", "help": _("Empty: the shop's own.")}
PRODUCTS = {
    "label": _("products"), "max_length": 40, "help": _("The shop's product numbers, with commas between."),
}  # fmt: skip


def bounds(amount: str, low: Decimal | None, high: Decimal | None) -> list[Sql]:
    """That an amount lies between these, both included."""
    found = [Sql(f"{amount} >= %s::numeric", (low,))] if low is not None else []
    return found + ([Sql(f"{amount} <= %s::numeric", (high,))] if high is not None else [])


def in_currency(column: str, currency: str | None) -> Sql:
    """Amounts of different currencies are never compared."""
    return Sql(f"{column} = s.currency") if currency is None else Sql(f"{column} = %s::text", (currency,))


def check_amounts(low: Decimal | None, high: Decimal | None, *, field_name: str) -> None:
    """Raises FieldRefused when nothing lies between."""
    if low is not None and high is not None and high < low:
        raise FieldRefused(field_name, gettext("expected an amount that is not below the least"))


def check_currency(currency: str | None) -> None:
    """Raises FieldRefused for what is no currency code."""
    if currency is not None and not (len(currency) == 3 and currency.isascii() and currency.isupper()):
        raise FieldRefused("currency", gettext("expected three capitals such as EUR"))
