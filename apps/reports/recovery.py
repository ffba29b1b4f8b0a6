"""What each flow brought back: orders after a click, beside those without one and those of the control group.

Recovered is an order within the shop's attribution window of a person's click in a mail of that run. Clicking people
would often have bought anyway, so the honest number stands beside it: how many more ordered than in the control group,
clicked or not. For that a person counts once, from the first run of the period, and only after all of `WINDOW`, as
where variants are compared.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from apps.core import db
from apps.feedback.parts import percentage
from apps.flows.comparing import WINDOW, newcombe
from apps.flows.reentry import IN_SHADOW
from apps.reports.periods import Period
from apps.stores.models import Store
from apps.stores.rules import Rules


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    """One flow over the runs that began in a period. `revenue` is attributed: of the orders after a click."""

    flow_id: int
    name: str
    entered: int
    recovered: int
    without_click: int
    """Ordered within the window, with no click to thank for it."""
    held: int
    held_ordered: int
    ripe: int
    """People whose window is over, and how many of them ordered; the same of the control group."""
    ripe_ordered: int
    held_ripe: int
    held_ripe_ordered: int
    revenue: Decimal

    @property
    def percent(self) -> Decimal | None:
        """Recovered, of a hundred that entered."""
        return percentage(self.recovered, self.entered)

    @property
    def difference(self) -> Decimal | None:
        """Percentage points more orders than in the control group; None while one side has nobody to compare."""
        mailed = percentage(self.ripe_ordered, self.ripe)
        held = percentage(self.held_ripe_ordered, self.held_ripe)
        return None if mailed is None or held is None else mailed - held

    @property
    def interval(self) -> tuple[Decimal, Decimal] | None:
        """In percentage points, 19 times out of 20 the truth lies between these (Newcombe's method 10)."""
        if not self.ripe or not self.held_ripe:
            return None
        low, high = newcombe(self.ripe_ordered, self.ripe, self.held_ripe_ordered, self.held_ripe)
        return _points(low), _points(high)


def _points(share: float) -> Decimal:
    return Decimal(share * 100).quantize(Decimal("0.01"))


_RECOVERY: Final = """
WITH run AS (
    SELECT e.id, e.flow_id, e.customer_id, e.order_id, e.entered_at, e.status = 'held_out' AS held,
        row_number() OVER (PARTITION BY e.flow_id, e.customer_id ORDER BY e.entered_at, e.id) = 1
            AND e.entered_at + %(window)s <= %(at)s AS ripe
    FROM flows_enrollment e
    WHERE e.store_id = %(store)s AND e.entered_at >= %(since)s AND e.entered_at < %(until)s
      -- Nobody got a mail of a run in shadow.
      AND NOT starts_with(e.occasion, %(shadow)s)
), click AS (
    SELECT r.id AS run, k.at FROM run r
    JOIN mail_message m ON m.customer_id = r.customer_id AND m.store_id = %(store)s
        AND starts_with(m.origin, 'run:' || r.id || '/')
    JOIN tracking_click k ON k.message_id = m.id AND k.machine = ''
), caught AS (
    SELECT DISTINCT r.id AS run, r.flow_id, o.id, o.currency, o.total - o.refunded AS worth
    FROM run r JOIN click k ON k.run = r.id
    JOIN orders_order o ON o.customer_id = r.customer_id AND o.store_id = %(store)s AND o.counts
        AND o.placed_at >= k.at AND o.placed_at < k.at + %(attribution)s AND o.placed_at < %(at)s
), judged AS (
    SELECT r.*, EXISTS (SELECT FROM caught c WHERE c.run = r.id) AS recovered, EXISTS (
        SELECT FROM orders_order o WHERE o.customer_id = r.customer_id AND o.store_id = %(store)s AND o.counts
        AND o.placed_at >= r.entered_at AND o.placed_at < least(r.entered_at + %(window)s, %(at)s)
        AND o.id IS DISTINCT FROM r.order_id) AS ordered
    FROM run r
), paid AS (
    SELECT flow_id, sum(worth) AS revenue FROM (
        SELECT DISTINCT flow_id, id, worth FROM caught WHERE currency = %(currency)s
    ) AS once GROUP BY flow_id
)
SELECT f.id, f.name, count(*) FILTER (WHERE NOT held), count(*) FILTER (WHERE NOT held AND recovered),
    count(*) FILTER (WHERE NOT held AND ordered AND NOT recovered),
    count(*) FILTER (WHERE held), count(*) FILTER (WHERE held AND ordered),
    count(*) FILTER (WHERE ripe AND NOT held), count(*) FILTER (WHERE ripe AND NOT held AND ordered),
    count(*) FILTER (WHERE ripe AND held), count(*) FILTER (WHERE ripe AND held AND ordered),
    coalesce(max(p.revenue), 0)
FROM judged j JOIN flows_flow f ON f.id = j.flow_id LEFT JOIN paid p ON p.flow_id = j.flow_id
GROUP BY f.id, f.name ORDER BY 3 DESC, f.name
"""


def recovery(store: Store, period: Period, at: datetime) -> list[Recovery]:
    """Each flow that somebody entered, or was kept out of, in [since, until): the fullest first."""
    rules = Rules.read(store.rules)
    asked = period.asked(store, at) | {"window": WINDOW, "attribution": rules.attribution, "shadow": IN_SHADOW}
    return [Recovery(**dict(zip(Recovery.__struct_fields__, row, strict=True))) for row in db.rows(_RECOVERY, asked)]
