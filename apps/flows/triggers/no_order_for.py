from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.flows.parts import OnDate, triggers
from apps.flows.purchases import IN_TIME, THEIR_PAST, day_of, nine_on
from apps.flows.silence import SILENCE


@triggers.register("no_order_for")
@dataclass(frozen=True, slots=True, kw_only=True)
class NoOrderFor(OnDate):
    """So many calendar months went by since somebody's last order: once per silence."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("No order for months")
    short: ClassVar[str] = "months"
    lane: ClassVar[str] = SILENCE

    months: int = field(default=3, metadata={"label": _("Months without an order"), "min_value": 1, "max_value": 60})

    def due(self) -> Sql:
        """Whose last order was on the same day of an earlier month; the 31st counts as the last of a short one."""
        last = day_of("p.last_order_at")
        return Sql(
            f"""
            SELECT p.id AS customer_id, NULL::bigint AS cart_id, NULL::bigint AS order_id, ''::text AS subject,
                'silent:' || {last} AS occasion, m.at AS triggered_at, jsonb_build_object('since', {last}) AS about
            {THEIR_PAST}
            CROSS JOIN LATERAL (SELECT {nine_on(f"({last} + make_interval(months => %s))::date")} AS at) AS m
            WHERE {IN_TIME} AND p.last_order_at > w.since - make_interval(months => %s, days => 5)
                AND p.last_order_at < w.until - make_interval(months => %s) + interval '5 days'
            """,
            (self.months, self.months, self.months),
        )
