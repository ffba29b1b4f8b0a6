"""Orders that mails speak of, with their lines, loaded for a whole batch in two questions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

import msgspec

from apps.core import db
from apps.mail.purchases import LINES_KEPT
from apps.stores.snapshots import Line


class Bought(msgspec.Struct, frozen=True, kw_only=True):
    """One line of an order. `line_id` is the row's, `position` its place in the order."""

    line_id: int
    position: int
    product: str
    variant: str
    title: str
    quantity: Decimal
    price: Decimal
    total: Decimal


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """One order as it stands now. `lines` are at most LINES_KEPT of `count`."""

    id: int
    store_id: int
    number: str
    stage: str
    placed_at: datetime | None
    created_at: datetime | None
    delivered_at: datetime | None
    currency: str
    total: Decimal
    pay_url: str
    tracking_url: str
    lines: tuple[Bought, ...] = ()
    count: int = 0

    def as_basket(self) -> tuple[Line, ...]:
        """Its lines as a basket would hold them."""
        return tuple(
            Line(
                product=line.product or None,
                variant=line.variant or None,
                title=line.title,
                quantity=line.quantity,
                unit_price=line.price,
                total=line.total,
            )
            for line in self.lines
        )


_ORDERS = """
SELECT o.id, o.store_id, o.number, o.external_id, o.stage, o.placed_at, o.created_at, o.delivered_at, o.currency,
    o.total, o.pay_url, coalesce((SELECT s.tracking_url FROM orders_shipment s
        WHERE s.store_id = o.store_id AND s.order_external_id = o.external_id AND s.tracking_url <> ''
        ORDER BY s.id DESC LIMIT 1), '')
FROM orders_order o WHERE o.id = ANY(%s::bigint[]) AND o.gone_at IS NULL
"""

_LINES = f"""
SELECT * FROM (
    SELECT l.order_id, l.id, l.position, l.product, l.variant, l.title, l.quantity, l.unit_price, l.total,
        count(*) OVER w, row_number() OVER (w ORDER BY l.position) AS place
    FROM orders_orderline l WHERE l.order_id = ANY(%s::bigint[])
    WINDOW w AS (PARTITION BY l.order_id)
) AS t WHERE place <= {LINES_KEPT} ORDER BY order_id, place
"""


def orders(ids: Iterable[int]) -> dict[int, OrderRow]:
    """These orders by id; one the shop threw away is not there."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    lines: dict[int, list[Bought]] = {}
    counts: dict[int, int] = {}
    for row in db.rows(_LINES, [wanted]):
        lines.setdefault(row[0], []).append(_bought(row))
        counts[row[0]] = row[9]
    return {
        row[0]: _order(row, tuple(lines.get(row[0], ())), counts.get(row[0], 0)) for row in db.rows(_ORDERS, [wanted])
    }


def _bought(row: tuple) -> Bought:  # type: ignore[type-arg]
    return Bought(
        line_id=row[1],
        position=row[2],
        product=row[3],
        variant=row[4],
        title=row[5],
        quantity=row[6],
        price=row[7],
        total=row[8],
    )


def _order(row: tuple, lines: tuple[Bought, ...], count: int) -> OrderRow:  # type: ignore[type-arg]
    return OrderRow(
        id=row[0],
        store_id=row[1],
        number=row[2] or row[3],
        stage=row[4],
        placed_at=row[5],
        created_at=row[6],
        delivered_at=row[7],
        currency=row[8],
        total=row[9],
        pay_url=row[10],
        tracking_url=row[11],
        lines=lines,
        count=count,
    )
