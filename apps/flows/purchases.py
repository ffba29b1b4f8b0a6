"""SQL that triggers share: orders that were told of, people who can be written to, days in the shop's own zone."""

from __future__ import annotations

from typing import Final

REACHABLE: Final = "p.email_key IS NOT NULL AND p.erased_at IS NULL"
"""Somebody (`p`) whom a flow can write to at all."""

ORDER_TOLD: Final = """CASE WHEN t.subject ~ '^order:[0-9]{1,18}$' THEN split_part(t.subject, ':', 2)::bigint
    WHEN jsonb_typeof(t.data -> 'order') = 'number' THEN (t.data ->> 'order')::bigint END"""
"""The order that the event `t` is about, or NULL."""

RANK: Final = """(SELECT count(*) FROM orders_order b WHERE b.customer_id = o.customer_id AND b.counts
    AND b.paid_at IS NOT NULL AND (b.paid_at, b.id) <= (o.paid_at, o.id))"""
"""How many paid orders this person has, up to and including `o`."""

FIRST_ORDER: Final = """NOT EXISTS (SELECT FROM orders_order b WHERE b.customer_id = o.customer_id AND b.silences
    AND (b.placed_at, b.id) < (o.placed_at, o.id))"""
"""Nothing was ordered by this person before `o`."""

STANDS: Final = "o.silences AND o.stage <> 'cancelled' AND o.gone_at IS NULL"
"""The order `o` is one, and still is."""


ORDER_OF_SHOP: Final = f"(SELECT o.id FROM orders_order o WHERE o.id = {ORDER_TOLD} AND o.store_id = t.store_id)"
"""The same, where it is an order of this shop."""


def from_orders(where: str = STANDS, facts: str = "'{}'::jsonb") -> str:
    """Candidates of a trigger that begins with what happened to an order."""
    return f"""
        SELECT t.id AS event_id, o.store_id, o.customer_id, NULL::bigint AS cart_id, o.id AS order_id,
            'order:' || o.id AS subject, t.occurred_at AS triggered_at, t.occurred_at AS newest_at, {facts} AS facts
        FROM told t
        JOIN orders_order o ON o.id = {ORDER_TOLD} AND o.store_id = t.store_id
        JOIN customers_customer p ON p.id = o.customer_id AND {REACHABLE}
        WHERE NOT o.test AND {where}
    """


def from_people(facts: str, where: str = "true", subject: str = "''::text", order: str = "NULL::bigint") -> str:
    """Candidates of a trigger that begins with what somebody did."""
    return f"""
        SELECT t.id AS event_id, t.store_id, p.id AS customer_id, NULL::bigint AS cart_id, {order} AS order_id,
            {subject} AS subject, t.occurred_at AS triggered_at, t.occurred_at AS newest_at, {facts} AS facts
        FROM told t
        JOIN customers_customer p ON p.id = t.customer_id AND p.store_id = t.store_id AND {REACHABLE}
        WHERE {where}
    """


NINE: Final = "time '09:00'"
"""When a day begins for whoever is written to because of it."""


def day_of(moment: str) -> str:
    """The day this moment lies on, where the shop (`s`) is."""
    return f"({moment} AT TIME ZONE s.time_zone)::date"


def nine_on(day: str) -> str:
    """Nine o'clock of that day, where the shop (`s`) is."""
    return f"(({day}) + {NINE}) AT TIME ZONE s.time_zone"


IN_TIME: Final = "m.at > w.since AND m.at <= w.until"
"""The moment `m.at` lies in the stretch that is swept."""

THEIR_PAST: Final = f"""FROM w JOIN stores_store s ON s.id = w.store_id
    JOIN customers_customer p ON p.store_id = w.store_id AND {REACHABLE}
    LEFT JOIN segments_figures f ON f.customer_id = p.id"""
"""Everybody of the shop that is swept."""
