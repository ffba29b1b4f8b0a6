from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from django.utils.translation import gettext_lazy as _

from apps.catalog.models import COUNTS_FROM
from apps.core.sql import Sql
from apps.flows.parts import OnDate, triggers
from apps.flows.purchases import IN_TIME, REACHABLE, STANDS, day_of, nine_on

# How long one lasts: by hand from its first day of use to its last, else the measured gap, up to twice that.
_LASTING: Final = f"""
    SELECT q.store_id, q.external_id, coalesce(q.life_days_min, ceil(q.gap_days * %s / 100)::int) AS lead,
        coalesce(q.life_days_max, ceil(q.gap_days * 2)::int) AS ends
    FROM catalog_product q JOIN w ON w.store_id = q.store_id
    WHERE q.parent = '' AND q.gone_at IS NULL AND NOT q.excluded AND q.in_stock IS NOT FALSE
        AND (q.life_days_min IS NOT NULL OR q.gap_days > 0 AND q.gap_count >= {COUNTS_FROM})
"""
# Whose turn it is was ordered on few days: the diary has an index for those.
_ORDERED: Final = f"""
    SELECT DISTINCT o.id, o.customer_id, o.placed_at, x.lead FROM (SELECT DISTINCT store_id, lead FROM lasting) AS x
    JOIN w ON w.store_id = x.store_id
    JOIN events_event d ON d.store_id = x.store_id AND d.kind = 'order.placed'
        AND d.occurred_at > w.since - make_interval(days => x.lead + 2)
        AND d.occurred_at < w.until - make_interval(days => x.lead - 2)
    JOIN orders_order o ON o.id = split_part(d.subject, ':', 2)::bigint AND o.store_id = x.store_id
    WHERE NOT o.test AND o.counts AND {STANDS}
"""
_BOUGHT_SINCE: Final = """EXISTS (SELECT FROM orders_order b JOIN orders_orderline k ON k.order_id = b.id
    WHERE b.customer_id = o.customer_id AND b.silences AND (b.placed_at, b.id) > (o.placed_at, o.id)
    AND k.product = l.product AND k.quantity > 0)"""


@triggers.register("replenish")
@dataclass(frozen=True, slots=True, kw_only=True)
class Replenish(OnDate):
    """What somebody bought will soon be used up, and they have not bought it again: once per line of an order.

    A life set by hand counts from its shortest; else the share of the measured gap, where enough people came
    back for it. Never after the end of that life.
    """

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Soon used up")
    short: ClassVar[str] = "share"

    share: int = field(
        default=85,
        metadata={
            "label": _("Percent of the usual time between purchases"),
            "help": _("where you did not say how long a product lasts"),
            "min_value": 10, "max_value": 200, "example": 85,
        },
    )  # fmt: skip

    def due(self) -> Sql:
        """One run per line; `about` says until which day the mail makes sense."""
        bought = day_of("o.placed_at")
        return Sql(
            f"""
            WITH lasting AS MATERIALIZED ({_LASTING}), ordered AS MATERIALIZED ({_ORDERED})
            SELECT o.customer_id, NULL::bigint AS cart_id, o.id AS order_id, 'line:' || l.id AS subject,
                'replenish:' || l.id AS occasion, m.at AS triggered_at, jsonb_build_object('product', l.product,
                    'line', l.id, 'due', {bought} + x.lead, 'ends', {bought} + x.ends) AS about
            FROM w JOIN stores_store s ON s.id = w.store_id
            CROSS JOIN ordered o
            JOIN orders_orderline l ON l.order_id = o.id AND l.quantity > 0
            JOIN lasting x ON x.external_id = l.product AND x.lead = o.lead
            JOIN customers_customer p ON p.id = o.customer_id AND {REACHABLE}
            CROSS JOIN LATERAL (SELECT {nine_on(f"{bought} + x.lead")} AS at) AS m
            WHERE {IN_TIME} AND {day_of("w.until")} <= {bought} + x.ends AND NOT {_BOUGHT_SINCE}
            """,
            (self.share,),
        )
