"""Orders when persons merge, ask for a copy, or are forgotten.

An order belongs to whoever its account stands for, else to its address. Whoever gets orders gets their sums,
and his baskets end where those orders end them.
"""

from __future__ import annotations

from apps.carts.settling import settle
from apps.core import db
from apps.core.following import Erasing, Following, exporting, follow, keeping, on_account, repointing, staying
from apps.orders import totals
from apps.orders.silencing import silence

HIS = """(o.customer_id = ANY(%(customers)s::bigint[])
    OR o.store_id = %(store)s AND (o.email_key = ANY(%(addresses)s::text[])
        OR o.account = ANY(%(accounts)s::text[]) OR o.external_id = ANY(%(orders)s::text[])))"""
"""The orders of a person who is being forgotten, and those the request named besides."""

_EMPTY = f"""
UPDATE orders_order o SET customer_id = NULL, email_key = NULL, account = NULL, number = '', codes = '[]',
    click = '', landing = '', pay_url = ''
WHERE {HIS}
"""

_OTHERS = f"""
SELECT DISTINCT o.customer_id FROM orders_order o
WHERE o.customer_id IS NOT NULL AND o.customer_id <> ALL(%(customers)s::bigint[]) AND {HIS}
"""


def his(who: Erasing) -> dict[str, object]:
    """What `HIS` asks for."""
    return {
        "store": who.store_id,
        "customers": list(who.customers),
        "addresses": list(who.addresses),
        "accounts": list(who.accounts),
        "orders": list(who.orders),
    }


def _move(_store_id: int, kept: int, gone: int) -> None:
    db.run("UPDATE orders_order SET customer_id = %s WHERE customer_id = %s", [kept, gone])
    totals.recompute([kept])
    _end_baskets(
        "SELECT id, last_activity_at FROM carts_cart WHERE customer_id = %s ORDER BY id FOR NO KEY UPDATE",
        [kept],
    )


@on_account
def _with_account(store_id: int, account: str, customer: int) -> None:
    """The account's orders follow it; sums are made anew by the caller, who knows both persons."""
    db.run(
        "UPDATE orders_order SET customer_id = %s WHERE store_id = %s AND account = %s"
        " AND customer_id IS DISTINCT FROM %s",
        [customer, store_id, account, customer],
    )
    # The account's own baskets, those of its new person, and those its orders had ended until now.
    _end_baskets(
        "SELECT id, last_activity_at FROM carts_cart WHERE store_id = %s AND (account = %s OR customer_id = %s"
        " OR order_id IN (SELECT id FROM orders_order WHERE store_id = %s AND account = %s))"
        " ORDER BY id FOR NO KEY UPDATE",
        [store_id, account, customer, store_id, account],
    )


def _end_baskets(which: str, params: list[object]) -> None:
    """Baskets that changed hands: ended by the new person's orders, else waiting anew for the known one."""
    found = db.rows(which, params)
    if found:
        ids = [row[0] for row in found]
        # What is told of them is due at once, so any moment that is past will do.
        settle([*ids, *silence([], ids)], max(row[1] for row in found))


def _empty(who: Erasing) -> None:
    """The sums stay and the person leaves them. The order keeps its id, so that late news finds it."""
    others = [row[0] for row in db.rows(_OTHERS, his(who))]
    db.run(_EMPTY, his(who))
    totals.recompute(others)


def _empty_keys(who: Erasing) -> None:
    db.run(
        f"DELETE FROM orders_orderkey k USING orders_order o WHERE o.id = k.order_id AND {HIS}",
        his(who),
    )


follow(
    Following(
        model="orders.Order",
        columns=("customer_id",),
        move=_move,
        export=exporting(
            "orders_order",
            "created_at, id, external_id, number, email_key, account, stage, status, "
            "placed_at, paid_at, fulfilled_at, delivered_at, cancelled_at, currency, "
            "total, refunded, amounts, codes, click, landing, payment_method, pay_url",
            order="1, id",
        ),
        erase=_empty,
    )
)
follow(
    Following(
        model="orders.OrderLine",
        move=staying,
        export=exporting(
            "orders_orderline l JOIN orders_order o ON o.id = l.order_id",
            "l.order_id, l.position, l.product, l.variant, l.title, l.quantity, l.unit_price, l.total",
            where="o.customer_id = %s",
            order="1, 2",
        ),
        erase=keeping,
    )
)
follow(
    Following(
        model="orders.OrderKey",
        move=staying,
        export=exporting(
            "orders_orderkey k JOIN orders_order o ON o.id = k.order_id",
            "k.order_id, k.kind, k.value",
            where="o.customer_id = %s",
            order="1, 2, 3",
        ),
        erase=_empty_keys,
    )
)


def _empty_reviews(who: Erasing) -> None:
    """The stars stay in the average; who gave them, and in which words, goes."""
    db.run(
        "UPDATE orders_review SET customer_id = NULL, email_key = NULL, author = '', text = ''"
        " WHERE customer_id = ANY(%s::bigint[]) OR (store_id = %s AND email_key = ANY(%s::text[]))",
        [list(who.customers), who.store_id, list(who.addresses)],
    )


follow(
    Following(
        model="orders.Review",
        columns=("customer_id",),
        move=repointing("orders_review"),
        export=exporting(
            "orders_review",
            "written_at, id, external_id, product, rating, text, author, email_key, verified, approved",
            order="1, id",
        ),
        erase=_empty_reviews,
    )
)
