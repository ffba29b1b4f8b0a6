"""Who buys, how often and for how much: product.md section 9, over a period or ever.

An order that counts is paid, and neither cancelled nor wholly refunded nor a test. Money is what was paid less what was
paid back, of orders in the shop's own currency; people and orders are counted in every currency.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from apps.core import db
from apps.feedback.parts import percentage
from apps.reports.periods import Period, in_hundredths, ratio
from apps.stores.models import Store

VIP_FROM: Final = 3
"""Paid orders (scenario 15)."""


class People(msgspec.Struct, frozen=True, kw_only=True):
    """The buyers of a period. Percentages and money have two decimals; None is "n/a"."""

    customers: int
    returning: int
    """With more than one order."""
    vips: int
    orders: int
    priced: int
    """Orders in the shop's own currency: those the average is of."""
    revenue: Decimal
    mean_gap: Decimal | None
    """Days between two purchases: the mean of each customer's own mean."""
    median_gap: Decimal | None
    """The median of each customer's own median."""

    @property
    def returning_percent(self) -> Decimal | None:
        return percentage(self.returning, self.customers)

    @property
    def frequency(self) -> Decimal | None:
        """Orders per customer."""
        return ratio(self.orders, self.customers)

    @property
    def average_order(self) -> Decimal | None:
        return ratio(self.revenue, self.priced)

    def value(self, periods: int = 1) -> Decimal | None:
        """What a customer brings in so many periods as long as this one: average order x their orders x periods."""
        if not self.priced or not self.customers:
            return None
        return in_hundredths(self.revenue / self.priced * self.orders / self.customers * periods)


_PEOPLE: Final = f"""
WITH bought AS (
    SELECT o.id, o.customer_id, o.currency, o.total - o.refunded AS worth, o.placed_at,
        (o.placed_at AT TIME ZONE %(zone)s)::date - lag((o.placed_at AT TIME ZONE %(zone)s)::date)
            OVER (PARTITION BY o.customer_id ORDER BY o.placed_at, o.id) AS gap
    FROM orders_order o
    WHERE o.store_id = %(store)s AND o.counts AND o.paid_at IS NOT NULL AND o.customer_id IS NOT NULL
        AND o.placed_at >= %(since)s AND o.placed_at < %(until)s
), person AS (
    SELECT customer_id, count(*) AS orders, avg(gap) AS mean,
        percentile_cont(0.5) WITHIN GROUP (ORDER BY gap) AS median
    FROM bought GROUP BY customer_id
), money AS (
    SELECT count(*) AS priced, coalesce(sum(worth), 0) AS revenue FROM bought WHERE currency = %(currency)s
)
SELECT count(*), count(*) FILTER (WHERE p.orders > 1), count(*) FILTER (WHERE p.orders >= {VIP_FROM}),
    coalesce(sum(p.orders), 0)::bigint, (SELECT priced FROM money), (SELECT revenue FROM money),
    round(avg(p.mean), 2), round((percentile_cont(0.5) WITHIN GROUP (ORDER BY p.median))::numeric, 2)
FROM person p
"""


def people(store: Store, period: Period, at: datetime) -> People:
    """Who bought in [since, until), by when they ordered."""
    names = ("customers", "returning", "vips", "orders", "priced", "revenue", "mean_gap", "median_gap")
    found = db.rows(_PEOPLE, period.asked(store, at))[0]
    return People(**dict(zip(names, found, strict=True)))
