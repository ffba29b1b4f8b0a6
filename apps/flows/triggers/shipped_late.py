from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.flows.parts import OnDate, triggers
from apps.flows.purchases import IN_TIME, REACHABLE, day_of, nine_on


@triggers.register("shipped_late")
@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedLate(OnDate):
    """An order that was placed and is not sent off, so many days later."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Not shipped in time")
    short: ClassVar[str] = "days"

    days: int = field(
        metadata={"label": _("Days after the order"), "help": _("what you promised"), "min_value": 1, "max_value": 90}
    )

    def due(self) -> Sql:
        """Orders of that day that still wait in the shop."""
        return Sql(
            f"""
            SELECT o.customer_id, NULL::bigint AS cart_id, o.id AS order_id, 'order:' || o.id AS subject,
                'late:' || o.id AS occasion, m.at AS triggered_at, '{{}}'::jsonb AS about
            FROM w JOIN stores_store s ON s.id = w.store_id
            JOIN events_event d ON d.store_id = w.store_id AND d.kind = 'order.placed'
                AND d.occurred_at > w.since - make_interval(days => %s + 2)
                AND d.occurred_at <= w.until - make_interval(days => %s - 1)
            JOIN orders_order o ON o.id = split_part(d.subject, ':', 2)::bigint AND o.store_id = w.store_id
            JOIN customers_customer p ON p.id = o.customer_id AND {REACHABLE}
            CROSS JOIN LATERAL (SELECT {nine_on(f"{day_of('d.occurred_at')} + %s::int")} AS at) AS m
            WHERE {IN_TIME} AND o.silences AND NOT o.test AND o.gone_at IS NULL AND o.stage IN ('placed', 'paid')
                AND o.fulfilled_at IS NULL AND o.delivered_at IS NULL
            """,
            (self.days, self.days, self.days),
        )
