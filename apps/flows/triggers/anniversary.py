from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.flows.parts import OnDate, triggers
from apps.flows.purchases import IN_TIME, THEIR_PAST, day_of, nine_on


@triggers.register("anniversary")
@dataclass(frozen=True, slots=True, kw_only=True)
class Anniversary(OnDate):
    """A year, or some years, since somebody's first order. 29 February is the 28th in a common year."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Years since the first order")

    def due(self) -> Sql:
        """The last of these days that has come, for whom it lies in the stretch."""
        first = day_of("p.first_order_at")
        return Sql(
            f"""
            SELECT p.id AS customer_id, NULL::bigint AS cart_id, NULL::bigint AS order_id, ''::text AS subject,
                'anniversary:' || y.years AS occasion, m.at AS triggered_at,
                jsonb_build_object('years', y.years, 'due', d.day) AS about
            {THEIR_PAST}
            CROSS JOIN LATERAL generate_series(
                greatest(extract(year FROM {day_of("w.since")}) - extract(year FROM {first}), 1)::int,
                (extract(year FROM {day_of("w.until")}) - extract(year FROM {first}))::int) AS y(years)
            CROSS JOIN LATERAL (SELECT ({first} + make_interval(years => y.years))::date AS day) AS d
            CROSS JOIN LATERAL (SELECT {nine_on("d.day")} AS at) AS m
            WHERE {IN_TIME} AND p.first_order_at IS NOT NULL
            """
        )
