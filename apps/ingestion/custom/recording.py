"""What other apps told becomes rows: an event of somebody, or what is true of them now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from apps.core import db
from apps.core.addresses import email_key
from apps.customers.identity import People
from apps.events import kinds
from apps.events.log import Happened, append, as_history
from apps.ingestion.custom.payloads import MOST_PROPERTIES, MOST_TAGS, PROPERTIES
from apps.segments import measuring
from apps.stores.snapshots import CustomSeen, FulfillmentSeen

DELIVERED: Final = "delivery.delivered"
"""A carrier's word: the order itself is delivered by it."""


class CustomNews(msgspec.Struct, frozen=True, kw_only=True):
    """One event of one store, and when it reached us."""

    store_id: int
    arrived_at: datetime
    seen: CustomSeen

    @property
    def at(self) -> datetime:
        return self.seen.at or self.arrived_at


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """An order that was named."""

    id: int
    external_id: str
    customer_id: int | None


# By the platform's id first: a number may be another order's id. Of somebody who was erased an order names nobody.
_ORDERS = """
SELECT DISTINCT ON (t.store_id, t.named) t.store_id, t.named, o.id, o.external_id, c.id
FROM unnest(%s::bigint[], %s::text[]) AS t(store_id, named)
JOIN orders_order o ON o.store_id = t.store_id AND o.gone_at IS NULL
    AND (o.external_id = t.named OR ltrim(o.number, '#') = ltrim(t.named, '#'))
LEFT JOIN customers_customer c ON c.id = o.customer_id AND c.erased_at IS NULL
ORDER BY t.store_id, t.named, o.external_id = t.named DESC, o.id DESC
"""

Orders = dict[tuple[int, str], Known]


def orders_named(told: Sequence[tuple[int, CustomSeen]]) -> Orders:
    """The orders that these events name, by (store, the name given)."""
    places = sorted({(store, seen.order) for store, seen in told if seen.order})
    if not places:
        return {}
    found = db.rows(_ORDERS, [[place[0] for place in places], [place[1] for place in places]])
    return {(row[0], row[1]): Known(id=row[2], external_id=row[3], customer_id=row[4]) for row in found}


def parcel_of(store_id: int, seen: CustomSeen, orders: Orders, arrived_at: datetime) -> FulfillmentSeen | None:
    """What a carrier's "delivered" says of the order, as a platform would have said it."""
    order = orders.get((store_id, seen.order))
    if seen.name != DELIVERED or order is None:
        return None
    return FulfillmentSeen(
        at=seen.at or arrived_at,
        tie=seen.tie,
        external_id=f"event-{seen.key[:30]}",
        order=order.external_id,
        status="delivered",
        delivered_at=seen.at or arrived_at,
    )


_KEEP = """
INSERT INTO customers_customevent (store_id, customer_id, name, properties, subject, occurred_at, key)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::jsonb[], %s::text[], %s::timestamptz[], %s::text[])
ON CONFLICT (store_id, key) DO NOTHING RETURNING store_id, key, id
"""


def record(
    news: Sequence[CustomNews], people: People, orders: Orders, at: datetime, history_until: datetime | None
) -> None:
    """Keep each once, tell the diary of what is new, and write down what is true of people now."""
    known = [(item, who, order) for item in news if (who := _whose(item, people, orders)) is not None
             for order in (orders.get((item.store_id, item.seen.order)),)]  # fmt: skip
    happened = [one for one in known if one[0].seen.name != PROPERTIES]
    _happened(happened, at, history_until)
    _describe([(item, who) for item, who, _ in known if item.seen.name == PROPERTIES], at)


def _whose(item: CustomNews, people: People, orders: Orders) -> int | None:
    """The person named, else whose order it is. Somebody who was erased is nobody."""
    person = item.seen.person
    key = email_key(person.email) if person.email else None
    if key or person.account:
        return people.to_write_to(item.store_id, key, person.account)
    order = orders.get((item.store_id, item.seen.order))
    return order.customer_id if order else None


def _happened(
    known: Sequence[tuple[CustomNews, int, Known | None]], at: datetime, history_until: datetime | None
) -> None:
    if not known:
        return
    lines = sorted({(item.store_id, item.seen.key): (item, who, order) for item, who, order in known}.items())
    made = db.rows(
        _KEEP,
        [
            [item.store_id for _, (item, _, _) in lines],
            [who for _, (_, who, _) in lines],
            [item.seen.name for _, (item, _, _) in lines],
            [msgspec.json.encode(item.seen.properties).decode() for _, (item, _, _) in lines],
            [_subject(who, order) for _, (_, who, order) in lines],
            [item.at for _, (item, _, _) in lines],
            [item.seen.key for _, (item, _, _) in lines],
        ],
    )
    rows = {(row[0], row[1]): row[2] for row in made}
    told = [_line(item, who, order, rows[place]) for place, (item, who, order) in lines if place in rows]
    append(as_history(told, history_until, at), at)


def _subject(who: int, order: Known | None) -> str:
    # Another person's order is not theirs to hold or lift anything by.
    return f"order:{order.id}" if order is not None and order.customer_id == who else ""


def _line(item: CustomNews, who: int, order: Known | None, row: int) -> Happened:
    data: dict[str, Any] = {"name": item.seen.name, "custom": row}
    subject = _subject(who, order)
    if subject and order is not None:
        data["order"] = order.id
    return Happened(
        store_id=item.store_id, customer_id=who, subject=subject, kind=kinds.CUSTOM, occurred_at=item.at,
        source_key=item.seen.key, data=data,
    )  # fmt: skip


# Null takes a property away. Of what is too much the newest stay, so that nobody can fill the row.
_DESCRIBE = f"""
UPDATE customers_customer c SET
    properties = (SELECT coalesce(jsonb_object_agg(k, v), '{{}}') FROM (
        SELECT k, v FROM jsonb_each(c.properties || t.properties) AS e(k, v) WHERE v <> 'null'::jsonb
        ORDER BY t.properties ? k DESC, k LIMIT {MOST_PROPERTIES}) AS kept),
    tags = CASE WHEN t.tags IS NULL THEN c.tags ELSE (SELECT coalesce(jsonb_agg(tag), '[]') FROM (
        SELECT DISTINCT tag FROM jsonb_array_elements(t.tags) AS g(tag) ORDER BY tag LIMIT {MOST_TAGS}) AS kept) END,
    birth_month = coalesce(t.month, c.birth_month), birth_day = coalesce(t.day, c.birth_day)
FROM (SELECT %s::bigint AS id, %s::jsonb AS properties, %s::jsonb AS tags, %s::smallint AS month, %s::smallint AS day)
    AS t
WHERE c.id = t.id AND c.erased_at IS NULL
"""


def _describe(known: Sequence[tuple[CustomNews, int]], at: datetime) -> None:
    """In the order in which it became true; rare, so one by one. Segments that ask for it are told."""
    for item, who in sorted(known, key=lambda one: (one[0].at, one[0].seen.tie)):
        seen = item.seen
        month, day = seen.birthday or (None, None)
        tags = None if seen.tags is None else msgspec.json.encode(list(seen.tags)).decode()
        db.run(_DESCRIBE, [who, msgspec.json.encode(seen.properties).decode(), tags, month, day])
    measuring.touch([who for _, who in known], at)
