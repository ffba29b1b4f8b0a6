"""Who stays and who goes: churn and retention over a period (product.md section 9)."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from apps.core import db
from apps.feedback.parts import percentage
from apps.reports.periods import BEGINNING, Period, days_before
from apps.stores.models import Store

ACTIVE_DAYS: Final = 90
"""Who ordered within so many days is a customer still; the silence that begins win-back is as long (section 4)."""


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """Customers active at both ends of a period."""

    days: int
    start: int
    end: int
    new: int
    """Active at the end and not at the start: they do not count in either share."""

    @property
    def lost(self) -> int:
        return self.start - self.kept

    @property
    def kept(self) -> int:
        return self.end - self.new

    @property
    def churn(self) -> Decimal | None:
        """Of a hundred active at the start, how many are not at the end; None when nobody was."""
        return percentage(self.lost, self.start)

    @property
    def retention(self) -> Decimal | None:
        """(customers at the end - new) / customers at the start x 100."""
        return percentage(self.kept, self.start)


_KEEPING: Final = """
SELECT count(*) FILTER (WHERE p.before), count(*) FILTER (WHERE p.after),
    count(*) FILTER (WHERE p.after AND NOT p.before)
FROM (
    SELECT bool_or(o.placed_at >= %(start_from)s AND o.placed_at < %(start)s) AS before,
        bool_or(o.placed_at >= %(end_from)s AND o.placed_at < %(end)s) AS after
    FROM orders_order o
    WHERE o.store_id = %(store)s AND o.counts AND o.paid_at IS NOT NULL AND o.customer_id IS NOT NULL
        AND o.placed_at >= %(start_from)s AND o.placed_at < %(end)s
    GROUP BY o.customer_id
) AS p
"""


def keeping(store: Store, period: Period, at: datetime, days: int = ACTIVE_DAYS) -> Keeping:
    """Churn and retention from `since` to `until`.

    Active at a moment is whoever ordered within the `days` days before it, by the shop's own clock (90 unless said).
    Newcomers do not count, and without anybody at the start there is no number.
    """
    start, end = period.since or BEGINNING, min(period.until, at)
    asked = {
        "store": store.pk, "start": start, "end": end, "end_from": days_before(store, end, days),
        "start_from": days_before(store, start, days) if period.since else start,
    }  # fmt: skip
    before, after, new = db.rows(_KEEPING, asked)[0]
    return Keeping(days=days, start=before, end=after, new=new)
