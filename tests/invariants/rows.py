"""What a store has come to know, told without row ids: equal knowledge gives equal tales."""

from __future__ import annotations

import re
from typing import Any

from apps.core import db

FACTS = ("order.placed", "order.paid", "order.fulfilled", "order.delivered")
"""Kinds that are told of facts which only go one way: the same set whatever order news came in.

The others tell of changes, and which changes there were depends on the way: of those, the one that led to what
now is must have been told.
"""


def tale(store_id: int) -> dict[str, Any]:
    """Everything final about one store, by natural keys."""
    people = _people(store_id)
    carts = _cart_names(store_id)
    return {
        "customers": _customers(store_id, people),
        "accounts": _accounts(store_id, people),
        "carts": _carts(store_id, people, carts),
        "orders": _orders(store_id, people),
        "lines": _plain(
            "SELECT o.external_id, l.position, l.product, l.variant, l.title, l.quantity, l.unit_price, l.total"
            " FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id WHERE o.store_id = %s", store_id
        ),
        "refunds": _plain(
            "SELECT external_id, order_external_id, amount, at FROM orders_refund WHERE store_id = %s", store_id
        ),
        "shipments": _plain(
            "SELECT external_id, order_external_id, delivered_at FROM orders_shipment WHERE store_id = %s", store_id
        ),
        "totals": _named(
            "SELECT c.id, t.currency, t.orders, t.spent FROM customers_customertotal t"
            " JOIN customers_customer c ON c.id = t.customer_id WHERE c.store_id = %s", store_id, people
        ),
        "consents": _named(
            "SELECT c.id, r.state, r.at, r.source, r.text_version, r.double_opt_in, r.attest"
            " FROM consent_consentrecord r JOIN customers_customer c ON c.id = r.customer_id"
            " WHERE c.store_id = %s", store_id, people
        ),
        "permissions": _named(
            "SELECT c.id, p.state, p.at, r.source, r.attest FROM consent_permission p"
            " JOIN consent_consentrecord r ON r.id = p.record_id"
            " JOIN customers_customer c ON c.id = p.customer_id WHERE c.store_id = %s", store_id, people
        ),
        "products": _plain(
            "SELECT external_id, parent, title, handle, url, image, price, regular_price, currency, in_stock,"
            " stock, status, categories::text, tags::text, related::text, rating, rating_count, gone_at"
            " FROM catalog_product WHERE store_id = %s", store_id
        ),
        "facts": _facts(store_id),
        "untold": _untold(store_id, carts),
    }  # fmt: skip


def _plain(sql: str, store_id: int) -> list[tuple[Any, ...]]:
    return sorted(db.rows(sql, [store_id]), key=repr)


def _named(sql: str, store_id: int, people: dict[int, str]) -> list[tuple[Any, ...]]:
    return sorted(((people[row[0]], *row[1:]) for row in db.rows(sql, [store_id])), key=repr)


def _people(store_id: int) -> dict[int, str]:
    """A person is called by the address, or by the accounts that are all we know of them."""
    found = db.rows(
        "SELECT c.id, c.email_key, array_agg(k.value ORDER BY k.value) FROM customers_customer c"
        " LEFT JOIN customers_customerkey k ON k.customer_id = c.id WHERE c.store_id = %s GROUP BY c.id",
        [store_id],
    )
    return {row[0]: row[1] or f"account {row[2]}" for row in found}


def _customers(store_id: int, people: dict[int, str]) -> list[tuple[Any, ...]]:
    return _named(
        "SELECT id, email, first_name, last_name, locale, country, orders_count, first_order_at, last_order_at,"
        " last_paid_at FROM customers_customer WHERE store_id = %s",
        store_id,
        people,
    )


def _accounts(store_id: int, people: dict[int, str]) -> list[tuple[Any, ...]]:
    return _named(
        "SELECT customer_id, kind, value, rank FROM customers_customerkey WHERE store_id = %s", store_id, people
    )


def _cart_names(store_id: int) -> dict[int, str]:
    found = db.rows(
        "SELECT cart_id, array_agg(kind || ' ' || value ORDER BY kind, value) FROM carts_cartkey"
        " WHERE store_id = %s GROUP BY 1",
        [store_id],
    )
    return {row[0]: ", ".join(row[1]) for row in found}


def _carts(store_id: int, people: dict[int, str], carts: dict[int, str]) -> list[tuple[Any, ...]]:
    found = db.rows(
        "SELECT c.id, c.customer_id, c.status, o.external_id, c.started_at, c.last_activity_at, c.due_at,"
        " c.reached_checkout, c.email_key, c.account, c.locale, c.currency, c.total, c.amounts::text, c.lines::text,"
        " c.recovery_url, c.unmailable, c.completed_at, c.gone_at"
        " FROM carts_cart c LEFT JOIN orders_order o ON o.id = c.order_id WHERE c.store_id = %s",
        [store_id],
    )
    return sorted(((carts[row[0]], people.get(row[1]), *row[2:]) for row in found), key=repr)


def _orders(store_id: int, people: dict[int, str]) -> list[tuple[Any, ...]]:
    found = db.rows(
        "SELECT external_id, customer_id, number, email_key, account, stage, status, created_at, placed_at, paid_at,"
        " fulfilled_at, delivered_at, cancelled_at, currency, total, refunded, amounts::text, codes::text, click,"
        " landing, payment_method, pay_url, test, silences, counts, modified_at, gone_at,"
        " ARRAY(SELECT k.kind || ' ' || k.value FROM orders_orderkey k WHERE k.order_id = o.id ORDER BY 1)"
        " FROM orders_order o WHERE store_id = %s",
        [store_id],
    )
    return sorted(((row[0], people.get(row[1]), *row[2:]) for row in found), key=repr)


def _facts(store_id: int) -> list[tuple[Any, ...]]:
    found = db.rows(
        "SELECT kind, source_key FROM events_event WHERE store_id = %s AND kind = ANY(%s::text[])",
        [store_id, list(FACTS)],
    )
    return sorted(found)


def _untold(store_id: int, carts: dict[int, str]) -> list[str]:
    """What now is, and no event told: it must be empty."""
    untold = [
        f"{status}: {carts[cart]}"
        for cart, status in db.rows(
            "SELECT c.id, c.status FROM carts_cart c WHERE c.store_id = %s AND c.status IN ('ordered', 'emptied')"
            " AND NOT EXISTS (SELECT 1 FROM events_event e WHERE e.store_id = c.store_id"
            " AND e.kind = 'cart.' || c.status AND e.data ->> 'cart' = c.id::text)",
            [store_id],
        )
    ]
    untold += [
        f"{kind}: {order}"
        for kind, order in db.rows(
            "SELECT w.kind, o.external_id FROM orders_order o CROSS JOIN LATERAL (VALUES"
            " ('order.cancelled', o.external_id, o.stage = 'cancelled' AND NOT o.test),"
            " ('order.refunded', NULL, o.refunded > 0 AND NOT o.test)) AS w(kind, key, holds)"
            " WHERE o.store_id = %s AND w.holds AND NOT EXISTS (SELECT 1 FROM events_event e"
            " WHERE e.store_id = o.store_id AND e.kind = w.kind AND e.data ->> 'order' = o.id::text"
            " AND (w.kind <> 'order.refunded' OR (e.data ->> 'refunded')::numeric = o.refunded))",
            [store_id],
        )
    ]
    untold += [
        "consent.changed"
        for _ in db.rows(
            "SELECT 1 FROM consent_permission p JOIN customers_customer c ON c.id = p.customer_id WHERE c.store_id = %s"
            " AND NOT EXISTS (SELECT 1 FROM events_event e WHERE e.store_id = c.store_id"
            " AND e.kind = 'consent.changed' AND split_part(e.source_key, ':', 1) = p.record_id::text"
            # Told of a row that has since gone up into this one is told.
            " AND (e.customer_id = p.customer_id OR EXISTS (SELECT 1 FROM customers_customeralias a"
            " WHERE a.old_id = e.customer_id AND a.customer_id = p.customer_id)))",
            [store_id],
        )
    ]
    return sorted(untold)


def difference(one: dict[str, Any], other: dict[str, Any]) -> str:
    """Only what differs, for a failure one can read."""
    parts = []
    for name, rows in one.items():
        mine = [row for row in rows if row not in other[name]]
        theirs = [row for row in other[name] if row not in rows]
        if mine or theirs:
            told = [f"  - {_short(row)}" for row in mine] + [f"  + {_short(row)}" for row in theirs]
            parts += [f"{name}:", *told]
    return "\n".join(parts)


def _short(row: Any) -> str:
    return re.sub(r"datetime\.datetime\(([^)]*), tzinfo=[^)]*\)+", r"<\1>", repr(row))
