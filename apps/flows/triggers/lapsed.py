from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.durations import Duration
from apps.core.sql import Sql
from apps.flows.parts import OnDate, triggers
from apps.flows.purchases import IN_TIME, THEIR_PAST, day_of, nine_on
from apps.flows.silence import NOT_USED_YET, SILENCE
from apps.segments.measuring import USUAL_GAP


@triggers.register("lapsed")
@dataclass(frozen=True, slots=True, kw_only=True)
class Lapsed(OnDate):
    """Somebody has not ordered for much longer than usual: usual for them, else for the shop's customers."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Stayed away for long")
    short: ClassVar[str] = "at_least"
    lane: ClassVar[str] = SILENCE
    hold: ClassVar[str] = NOT_USED_YET
    apart: ClassVar[frozenset[str]] = frozenset({"at_risk", "lapsed"})

    at_least: Duration = field(default=Duration(180, "d"), metadata={"label": _("No order for at least")})
    factor: Decimal = field(
        default=Decimal(2),
        metadata={"label": _("Times the usual time between orders"), "min_value": 1, "max_value": 20},
    )

    def due(self) -> Sql:
        """The longer of the two counts; a shop that knows of no usual time has the first alone."""
        last = day_of("p.last_order_at")
        return Sql(
            f"""
            SELECT p.id AS customer_id, NULL::bigint AS cart_id, NULL::bigint AS order_id, ''::text AS subject,
                'lapsed:' || {last} AS occasion, m.at AS triggered_at, jsonb_build_object('since', {last}) AS about
            {THEIR_PAST}
            LEFT JOIN segments_shopfigures g ON g.store_id = w.store_id
            CROSS JOIN LATERAL (
                SELECT greatest(%s::int, ceil(coalesce({USUAL_GAP}, 0) * %s::numeric))::int AS days) AS r
            CROSS JOIN LATERAL (SELECT {nine_on(f"{last} + r.days")} AS at) AS m
            WHERE {IN_TIME} AND p.last_order_at < w.until - make_interval(days => %s) + interval '2 days'
            """,
            (self.at_least.delta.days, self.factor, self.at_least.delta.days),
        )
