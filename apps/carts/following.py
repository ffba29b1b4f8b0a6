"""Baskets when persons merge, ask for a copy, or are forgotten."""

from __future__ import annotations

from apps.core import db
from apps.core.following import (
    Erasing,
    Following,
    exporting,
    follow,
    on_account,
    staying,
)

HIS = """(c.customer_id = ANY(%(customers)s::bigint[])
    OR c.store_id = %(store)s AND (c.email_key = ANY(%(addresses)s::text[])
        OR c.account = ANY(%(accounts)s::text[]) AND c.email_key IS NULL))"""
"""The baskets of a person who is being forgotten. An account's basket under another address is another's."""


def his(who: Erasing) -> dict[str, object]:
    """What `HIS` asks for."""
    return {
        "store": who.store_id,
        "customers": list(who.customers),
        "addresses": list(who.addresses),
        "accounts": list(who.accounts),
    }


def _move(_store_id: int, kept: int, gone: int) -> None:
    """Whom it was told of moves too: a merge is no news, and starts no basket anew."""
    for column in ("customer_id", "told_customer_id"):
        db.run(f"UPDATE carts_cart SET {column} = %s WHERE {column} = %s", [kept, gone])


@on_account
def _with_account(store_id: int, account: str, customer: int) -> None:
    """A basket without an address of its own is for whoever the account stands for."""
    db.run(
        "UPDATE carts_cart SET customer_id = %s WHERE store_id = %s AND account = %s"
        " AND email_key IS NULL AND customer_id IS DISTINCT FROM %s",
        [customer, store_id, account, customer],
    )


def _erase_keys(who: Erasing) -> None:
    db.run(f"DELETE FROM carts_cartkey k USING carts_cart c WHERE c.id = k.cart_id AND {HIS}", his(who))


def _erase(who: Erasing) -> None:
    db.run(f"DELETE FROM carts_cart c WHERE {HIS}", his(who))
    db.run(
        "UPDATE carts_cart SET account = NULL WHERE store_id = %s AND account = ANY(%s::text[])",
        [who.store_id, list(who.accounts)],
    )
    db.run(
        "UPDATE carts_cart SET told_customer_id = NULL WHERE told_customer_id = ANY(%s::bigint[])",
        [list(who.customers)],
    )


follow(
    Following(
        model="carts.Cart",
        columns=("customer_id", "told_customer_id"),
        move=_move,
        export=exporting(
            "carts_cart",
            "started_at, id, status, last_activity_at, abandoned_at, reached_checkout, "
            "email, account, locale, currency, total, amounts, lines, recovery_url, "
            "completed_at, gone_at",
            order="1, id",
        ),
        erase=_erase,
    )
)
follow(
    Following(
        model="carts.CartKey",
        move=staying,
        export=exporting(
            "carts_cartkey k JOIN carts_cart c ON c.id = k.cart_id",
            "k.cart_id, k.kind, k.value",
            where="c.customer_id = %s",
            order="1, 2, 3",
        ),
        erase=_erase_keys,
    )
)
