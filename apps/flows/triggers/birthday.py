from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.flows.parts import OnDate, triggers
from apps.flows.purchases import IN_TIME, REACHABLE, day_of, nine_on

# The day after 28 February is March in a common year: then those of the 29th have their day too.
_SAME_DAY = """p.birth_month = extract(month FROM b.day) AND (p.birth_day = extract(day FROM b.day)
    OR p.birth_month = 2 AND p.birth_day = 29 AND extract(day FROM b.day) = 28
        AND extract(month FROM b.day + 1) = 3)"""


@triggers.register("birthday")
@dataclass(frozen=True, slots=True, kw_only=True)
class Birthday(OnDate):
    """Somebody's birthday, or some days before it; who was born on 29 February has theirs on the 28th most years."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Birthday")
    short: ClassVar[str] = "days_before"

    days_before: int = field(default=0, metadata={"label": _("Days before it"), "min_value": 0, "max_value": 60})

    def due(self) -> Sql:
        """The days of the stretch, and whose birthday belongs to each."""
        return Sql(
            f"""
            SELECT p.id AS customer_id, NULL::bigint AS cart_id, NULL::bigint AS order_id, ''::text AS subject,
                'birthday:' || extract(year FROM b.day)::int AS occasion, m.at AS triggered_at,
                jsonb_build_object('due', b.day) AS about
            FROM w JOIN stores_store s ON s.id = w.store_id
            CROSS JOIN LATERAL (SELECT g::date AS day FROM generate_series(
                {day_of("w.since")}::timestamp, {day_of("w.until")}::timestamp, '1 day') AS g) AS d
            CROSS JOIN LATERAL (SELECT d.day + %s::int AS day) AS b
            CROSS JOIN LATERAL (SELECT {nine_on("d.day")} AS at) AS m
            JOIN customers_customer p ON p.store_id = w.store_id AND {REACHABLE} AND {_SAME_DAY}
            WHERE {IN_TIME}
            """,
            (self.days_before,),
        )
