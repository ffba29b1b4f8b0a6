"""Orders into rows, a batch at a time. The caller holds the lock of every store in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from apps.core import db
from apps.customers import identity
from apps.customers.identity import People
from apps.orders.folding import OrderState, fold
from apps.stores.snapshots import FulfillmentSeen, OrderSeen, RefundSeen

Place = tuple[int, str]
"""(store, the platform's order id)"""


class OrderNews(msgspec.Struct, frozen=True, kw_only=True):
    """One snapshot about an order on its way in."""

    store_id: int
    arrived_at: datetime
    seen: OrderSeen | RefundSeen | FulfillmentSeen


class Change(msgspec.Struct, kw_only=True):
    """An order before and after a batch, for whoever tells what happened."""

    state: OrderState
    silenced: bool = False
    placed: bool = False
    counted: bool = False
    paid: bool = False
    fulfilled: bool = False
    delivered: bool = False
    cancelled: bool = False
    refunded: Decimal = Decimal(0)
    awaited: str = ""
    """The stamp of the state in which it already waited for its buyer's payment."""
    status: str = ""
    modified_at: datetime | None = None
    customer_id: int | None = None
    """Whom it belonged to before."""


_FIELDS = (
    "external_id, modified_stamp, modified_at, number, stage, status, email_key, account, created_at, placed_at,"
    " paid_at, fulfilled_at, delivered_at, cancelled_at, currency, total, refunded, amounts, codes, click, landing,"
    " payment_method, pay_url, test, gone_at"
)
_NAMES = [name.strip() for name in _FIELDS.split(",")]
_TYPES = {
    "modified_at": "timestamptz", "created_at": "timestamptz", "placed_at": "timestamptz", "paid_at": "timestamptz",
    "fulfilled_at": "timestamptz", "delivered_at": "timestamptz", "cancelled_at": "timestamptz",
    "gone_at": "timestamptz", "total": "numeric", "refunded": "numeric", "amounts": "jsonb", "codes": "jsonb",
    "test": "boolean",
}  # fmt: skip
_LOAD = f"""
SELECT o.id, o.store_id, o.customer_id, {", ".join(f"o.{name}" for name in _NAMES)} FROM orders_order o
JOIN unnest(%s::bigint[], %s::text[]) AS t(store_id, external_id) USING (store_id, external_id)
ORDER BY o.id FOR NO KEY UPDATE OF o
""".replace("o.amounts", "o.amounts::text").replace("o.codes", "o.codes::text")


def record(news: Sequence[OrderNews], people: People, tombstones: dict[Place, datetime]) -> list[Change]:
    """Record a batch of orders, refunds and shipments; returns what each order was and is."""
    if not news:
        return []
    changes = _load(sorted({_place(item) for item in news}))
    for item in news:
        if isinstance(item.seen, OrderSeen):
            place = _place(item)
            if place not in changes:
                state = OrderState(store_id=item.store_id, external_id=item.seen.external_id)
                changes[place] = Change(state=state)
            fold(changes[place].state, item.seen, item.arrived_at)
    _bury(changes, tombstones)
    _refund(news, changes)
    _ship(news, changes)
    _write([change.state for change in changes.values()], people)
    _write_lines([change.state for change in changes.values()])
    _write_keys(news, changes)
    return list(changes.values())


def _place(item: OrderNews) -> Place:
    seen = item.seen
    return (item.store_id, seen.external_id if isinstance(seen, OrderSeen) else seen.order)


def _load(places: Sequence[Place]) -> dict[Place, Change]:
    found = db.rows(_LOAD, [[place[0] for place in places], [place[1] for place in places]])
    changes = {}
    for row in found:
        values = dict(zip(_NAMES, row[3:], strict=True))
        values["amounts"] = msgspec.json.decode(values["amounts"])
        values["codes"] = msgspec.json.decode(values["codes"])
        state = OrderState(id=row[0], store_id=row[1], **values)
        changes[(row[1], state.external_id)] = _before(state, row[2])
    return changes


def _before(state: OrderState, customer_id: int | None) -> Change:
    return Change(
        state=state,
        silenced=state.silences,
        placed=state.placed_at is not None,
        counted=state.counts,
        paid=state.paid_at is not None,
        fulfilled=state.fulfilled_at is not None,
        delivered=state.delivered_at is not None,
        cancelled=state.stage == "cancelled",
        refunded=state.refunded,
        awaited=state.modified_stamp if state.awaits_buyer else "",
        status=state.status,
        modified_at=state.modified_at,
        customer_id=customer_id,
    )


def _bury(changes: dict[Place, Change], tombstones: dict[Place, datetime]) -> None:
    """An order the shop threw away stays gone unless it was changed after that."""
    for place, change in changes.items():
        thrown = tombstones.get(place)
        newer = thrown is not None and change.state.modified_at is not None and change.state.modified_at > thrown
        change.state.gone_at = None if newer else thrown


def hide(thrown: dict[Place, datetime]) -> list[int]:
    """Mark orders as removed that were not changed since; returns whose they were."""
    places = sorted(thrown)
    found = db.rows(
        "UPDATE orders_order o SET gone_at = t.at, counts = false"
        " FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[]) AS t(store_id, external_id, at)"
        " WHERE (o.store_id, o.external_id) = (t.store_id, t.external_id)"
        " AND (o.modified_at IS NULL OR o.modified_at <= t.at) RETURNING o.customer_id",
        [[place[0] for place in places], [place[1] for place in places], [thrown[place] for place in places]],
    )
    return sorted({row[0] for row in found} - {None})


_REFUNDS = """
INSERT INTO orders_refund (store_id, external_id, order_external_id, amount, at)
SELECT store_id, external_id, order_external_id, max(amount), min(at)
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::numeric[], %s::timestamptz[])
    AS t(store_id, external_id, order_external_id, amount, at) GROUP BY 1, 2, 3
ON CONFLICT (store_id, order_external_id, external_id) DO UPDATE SET
    amount = greatest(orders_refund.amount, excluded.amount), at = least(orders_refund.at, excluded.at)
"""


def _refund(news: Sequence[OrderNews], changes: dict[Place, Change]) -> None:
    """What was given back is the sum of the refunds known, each counted once, wherever it was named."""
    refunds = [(item, refund) for item in news for refund in _refunds_of(item) if refund.amount is not None]
    if refunds:
        db.run(
            _REFUNDS,
            [
                [item.store_id for item, _ in refunds],
                [refund.external_id for _, refund in refunds],
                [refund.order for _, refund in refunds],
                [refund.amount for _, refund in refunds],
                [refund.at or item.arrived_at for item, refund in refunds],
            ],
        )
    for place, amount in _given_back(sorted(changes)).items():
        changes[place].state.refunded = max(amount, changes[place].state.refunded)
    for item in news:
        if isinstance(item.seen, OrderSeen) and item.seen.refunded:
            state = changes[_place(item)].state
            state.refunded = max(state.refunded, item.seen.refunded)


def _refunds_of(item: OrderNews) -> tuple[RefundSeen, ...]:
    match item.seen:
        case OrderSeen(refunds=refunds):
            return refunds
        case RefundSeen() as refund:
            return (refund,)
        case _:
            return ()


def _given_back(places: Sequence[Place]) -> dict[Place, Decimal]:
    found = db.rows(
        "SELECT r.store_id, r.order_external_id, sum(r.amount) FROM orders_refund r"
        " JOIN unnest(%s::bigint[], %s::text[]) AS t(store_id, order_external_id)"
        " USING (store_id, order_external_id) GROUP BY 1, 2",
        [[place[0] for place in places], [place[1] for place in places]],
    )
    return {(row[0], row[1]): row[2] for row in found}


_SHIPMENTS = """
INSERT INTO orders_shipment AS s (store_id, external_id, order_external_id, status, delivered_at, tracking_url)
SELECT DISTINCT ON (store_id, order_external_id, external_id) *
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::text[])
    AS t(store_id, external_id, order_external_id, status, delivered_at, tracking_url)
ORDER BY store_id, order_external_id, external_id, delivered_at
ON CONFLICT (store_id, order_external_id, external_id) DO UPDATE SET
    delivered_at = least(s.delivered_at, excluded.delivered_at),
    tracking_url = coalesce(nullif(excluded.tracking_url, ''), s.tracking_url)
"""

_DELIVERED = """
SELECT s.store_id, s.order_external_id, min(s.delivered_at) FROM orders_shipment s
JOIN unnest(%s::bigint[], %s::text[]) AS t(store_id, order_external_id) USING (store_id, order_external_id)
WHERE s.delivered_at IS NOT NULL GROUP BY 1, 2
"""


def _ship(news: Sequence[OrderNews], changes: dict[Place, Change]) -> None:
    """Shipments say when an order was delivered; the first parcel counts, known before its order or after."""
    shipped = [(item, item.seen) for item in news if isinstance(item.seen, FulfillmentSeen)]
    if shipped:
        db.run(
            _SHIPMENTS,
            [
                [item.store_id for item, _ in shipped],
                [seen.external_id for _, seen in shipped],
                [seen.order for _, seen in shipped],
                [seen.status[:40] for _, seen in shipped],
                [seen.delivered_at for _, seen in shipped],
                [seen.tracking_url[:2000] for _, seen in shipped],
            ],
        )
    places = sorted(changes)
    for row in db.rows(_DELIVERED, [[place[0] for place in places], [place[1] for place in places]]):
        changes[(row[0], row[1])].state.delivered_at = row[2]


def _write(states: Sequence[OrderState], people: People) -> None:
    identity.complete(people, [(state.store_id, state.email_key, state.account) for state in states])
    fresh = [state for state in states if state.id is None]
    known = [state for state in states if state.id is not None]
    for state, number in zip(fresh, db.numbers("orders_order", len(fresh)), strict=True):
        state.id = number
    if fresh:
        db.run(_INSERT, _params(fresh, people))
    if known:
        db.run(_UPDATE, _params(known, people))


_ALL = ["id", "store_id", "customer_id", "silences", "counts", *_NAMES]
_CASTS = {**_TYPES, "id": "bigint", "store_id": "bigint", "customer_id": "bigint", "silences": "boolean",
          "counts": "boolean"}  # fmt: skip
_ROWS = (
    "unnest(" + ", ".join(f"%({name})s::{_CASTS.get(name, 'text')}[]" for name in _ALL) + ")"
    " AS t(" + ", ".join(_ALL) + ")"
)
_INSERT = f"INSERT INTO orders_order ({', '.join(_ALL)}) SELECT {', '.join(_ALL)} FROM {_ROWS}"
_UPDATE = (
    "UPDATE orders_order o SET "
    + ", ".join(f"{name} = t.{name}" for name in _ALL[2:])
    + f" FROM {_ROWS} WHERE o.id = t.id"
)


def _params(states: Sequence[OrderState], people: People) -> dict[str, list[Any]]:
    params: dict[str, list[Any]] = {name: [getattr(state, name) for state in states] for name in _NAMES}
    params["amounts"] = [msgspec.json.encode(state.amounts).decode() for state in states]
    params["codes"] = [msgspec.json.encode(state.codes).decode() for state in states]
    params["id"] = [state.id for state in states]
    params["store_id"] = [state.store_id for state in states]
    params["customer_id"] = [people.who_bought(s.store_id, s.email_key, s.account) for s in states]
    params["silences"] = [state.silences for state in states]
    params["counts"] = [state.counts for state in states]
    return params


_LINES = """
INSERT INTO orders_orderline AS l (order_id, position, product, variant, title, quantity, unit_price, total)
SELECT * FROM unnest(%s::bigint[], %s::smallint[], %s::text[], %s::text[], %s::text[], %s::numeric[],
    %s::numeric[], %s::numeric[])
ON CONFLICT (order_id, position) DO UPDATE SET product = excluded.product, variant = excluded.variant,
    title = excluded.title, quantity = excluded.quantity, unit_price = excluded.unit_price, total = excluded.total
WHERE (l.product, l.variant, l.title, l.quantity, l.unit_price, l.total) IS DISTINCT FROM
    (excluded.product, excluded.variant, excluded.title, excluded.quantity, excluded.unit_price, excluded.total)
"""


def _write_lines(states: Sequence[OrderState]) -> None:
    """The lines of orders whose content is news; places beyond the last line go."""
    changed = [state for state in states if state.lines is not None]
    rows = [(state.id, place, line) for state in changed for place, line in enumerate(state.lines or [])]
    if rows:
        db.run(
            _LINES,
            [
                [row[0] for row in rows],
                [row[1] for row in rows],
                [(row[2]["product"] or "")[:40] for row in rows],
                [(row[2]["variant"] or "")[:40] for row in rows],
                [row[2]["title"][:300] for row in rows],
                [row[2]["quantity"] for row in rows],
                [row[2]["unit_price"] for row in rows],
                [row[2]["total"] for row in rows],
            ],
        )
    db.run(
        "DELETE FROM orders_orderline l USING unnest(%s::bigint[], %s::int[]) AS t(order_id, kept)"
        " WHERE l.order_id = t.order_id AND l.position >= t.kept",
        [[state.id for state in changed], [len(state.lines or []) for state in changed]],
    )


def _write_keys(news: Sequence[OrderNews], changes: dict[Place, Change]) -> None:
    """The baskets an order names, its own id among them: an unpaid order was a basket (decision 12)."""
    keys = set()
    for item in news:
        if isinstance(item.seen, OrderSeen):
            number = changes[_place(item)].state.id
            own = ("order", item.seen.external_id)
            keys |= {(item.store_id, kind, value[:255], number) for kind, value in (own, *item.seen.cart_keys)}
    rows = sorted(keys)
    db.run(
        "INSERT INTO orders_orderkey (store_id, kind, value, order_id)"
        " SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[]) ON CONFLICT DO NOTHING",
        [[row[i] for row in rows] for i in range(4)],
    )
