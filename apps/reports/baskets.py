"""Baskets and what became of them: abandonment, capture and uplift (product.md section 9)."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

import msgspec

from apps.core import db
from apps.feedback.parts import percentage
from apps.reports.periods import Period
from apps.stores.models import Store


class Baskets(msgspec.Struct, frozen=True, kw_only=True):
    """The baskets that were begun in a period, and the orders placed in it."""

    carts: int
    ordered: int
    """Baskets that an order ended."""
    orders: int
    captured: int
    """Orders whose basket we had seen before them."""

    @property
    def abandonment(self) -> Decimal | None:
        """Baskets without an order, of a hundred."""
        return percentage(self.carts - self.ordered, self.carts)

    @property
    def capture(self) -> Decimal | None:
        return percentage(self.captured, self.orders)


# A basket that has no name but its order's is that order, unpaid: it was not seen before it.
_BASKETS: Final = """
SELECT c.carts, c.ordered, o.orders, o.captured FROM (
    SELECT count(*) AS carts, count(*) FILTER (WHERE status = 'ordered') AS ordered
    FROM carts_cart
    WHERE store_id = %(store)s AND started_at >= %(since)s AND started_at < %(until)s
        AND (gone_at IS NULL OR status = 'ordered')
) AS c, (
    SELECT count(*) AS orders, count(*) FILTER (WHERE EXISTS (
        SELECT FROM carts_cart c JOIN carts_cartkey k ON k.cart_id = c.id AND k.kind <> 'order'
        WHERE c.order_id = o.id AND c.store_id = o.store_id AND c.started_at <= o.placed_at)) AS captured
    FROM orders_order o
    WHERE o.store_id = %(store)s AND o.counts AND o.placed_at >= %(since)s AND o.placed_at < %(until)s
) AS o
"""


def baskets(store: Store, period: Period, at: datetime) -> Baskets:
    """What was begun and what was ordered in [since, until)."""
    carts, ordered, orders, captured = db.rows(_BASKETS, period.asked(store, at))[0]
    return Baskets(carts=carts, ordered=ordered, orders=orders, captured=captured)


def uplift(before: Decimal | None, after: Decimal | None) -> Decimal | None:
    """How many more orders of as many baskets, in percent, when abandonment went from one percentage to the other.

    From 60 % to 56 % is 44 orders against 40: +10 % (scenario 19). None where nobody ordered before.
    """
    if before is None or after is None or before >= 100:
        return None
    gained = (before - after) * 100 / (100 - before)
    return gained.quantize(Decimal("0.01"), ROUND_HALF_UP)
