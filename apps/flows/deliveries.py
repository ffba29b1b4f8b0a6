"""When an order counts as delivered: somebody said so, or it has been on its way as long as the shop says it takes.

"Delivered" does not exist in WooCommerce's core, so that the second is what most shops have.
"""

from __future__ import annotations

from typing import Final

from apps.core.sql import Sql
from apps.flows.purchases import IN_TIME, REACHABLE, STANDS, day_of, from_orders, nine_on

USUAL_DAYS: Final = 3
"""How long a parcel is on its way in a shop that has not said it."""

_OCCASION: Final = "'delivered:' || o.id"


def told(facts: str) -> str:
    """Candidates of the events that say so; `facts` are pairs for the trigger, "" for none."""
    more = f", {facts}" if facts else ""
    return from_orders(facts=f"jsonb_build_object('occasion', {_OCCASION}{more})")


def supposed(days: int | None, where: Sql, about: Sql) -> Sql:
    """Orders that were sent off and of which nothing more was heard, `days` later (None: as the shop says).

    Enters nobody of whom we heard otherwise: the occasion is the same.
    """
    waits = (
        "least(greatest(%s::int, 1), 60)" if days is not None
        else f"least(greatest(coalesce(substring(s.profile ->> 'delivery_days' from '^[0-9]{{1,2}}$')::int,"
        f" {USUAL_DAYS}), 1), 60)"
    )  # fmt: skip
    return Sql(
        f"""
        SELECT o.customer_id, NULL::bigint AS cart_id, o.id AS order_id, 'order:' || o.id AS subject,
            {_OCCASION} AS occasion, m.at AS triggered_at, {about.text} AS about
        FROM w JOIN stores_store s ON s.id = w.store_id
        CROSS JOIN LATERAL (SELECT {waits} AS days) AS r
        JOIN events_event d ON d.store_id = w.store_id AND d.kind = 'order.fulfilled'
            AND d.occurred_at > w.since - make_interval(days => r.days + 2)
            AND d.occurred_at <= w.until - make_interval(days => r.days - 1)
        JOIN orders_order o ON o.store_id = w.store_id AND o.id = split_part(d.subject, ':', 2)::bigint
        JOIN customers_customer p ON p.id = o.customer_id AND {REACHABLE}
        CROSS JOIN LATERAL (SELECT {nine_on(f"{day_of('d.occurred_at')} + r.days")} AS at) AS m
        WHERE {IN_TIME} AND o.delivered_at IS NULL AND NOT o.test AND {STANDS} AND ({where.text})
        """,
        (*about.params, *((days,) if days is not None else ()), *where.params),
    )
