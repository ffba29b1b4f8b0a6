"""What becomes of the rows that are the person: merged, copied out, emptied.

The registry itself stands on the ground floor, so that the diary below can speak for itself too.
"""

from __future__ import annotations

from datetime import datetime

from apps.core import db, retention
from apps.core.following import (
    AccountMover,
    Eraser,
    Erasing,
    Exporter,
    Following,
    Mover,
    account_moves,
    all_followed,
    deleting,
    exporting,
    follow,
    keeping,
    move_everything,
    on_account,
    repointing,
    repointing_unless,
    staying,
)

__all__ = [
    "AccountMover",
    "Eraser",
    "Erasing",
    "Exporter",
    "Following",
    "Mover",
    "account_moves",
    "all_followed",
    "deleting",
    "exporting",
    "follow",
    "keeping",
    "move_everything",
    "on_account",
    "repointing",
    "repointing_unless",
    "staying",
]

_EMPTY = """
UPDATE customers_customer SET email = NULL, email_key = NULL, address_hash = NULL, first_name = '', last_name = '',
    locale = '', country = '', name_stamp = '', locale_stamp = '', country_stamp = '', orders_count = 0,
    first_order_at = NULL, last_order_at = NULL, last_paid_at = NULL, tags = '[]', properties = '{}',
    birth_month = NULL, birth_day = NULL, erased_at = %s
WHERE id = ANY(%s::bigint[])
"""


def _empty(who: Erasing) -> None:
    """The row stays, saying nothing: sums of flows and control groups hang on it."""
    db.run(_EMPTY, [who.at, list(who.customers)])


# What both were called stays; where they differ, the kept row's word stands.
_JOIN_DETAILS = """
UPDATE customers_customer k SET
    tags = (SELECT coalesce(jsonb_agg(DISTINCT t.tag), '[]') FROM jsonb_array_elements(k.tags || g.tags) AS t(tag)),
    properties = g.properties || k.properties,
    birth_month = coalesce(k.birth_month, g.birth_month),
    birth_day = CASE WHEN k.birth_month IS NULL THEN g.birth_day ELSE k.birth_day END
FROM customers_customer g WHERE k.id = %s AND g.id = %s
"""


def _join_details(_store_id: int, kept: int, gone: int) -> None:
    db.run(_JOIN_DETAILS, [kept, gone])


_DROP_TWIN_HOLDS = """
DELETE FROM customers_hold g USING customers_hold k
WHERE g.customer_id = %s AND k.customer_id = %s AND g.kind = k.kind AND g.subject = k.subject
"""


def _move_holds(_store_id: int, kept: int, gone: int) -> None:
    db.run(_DROP_TWIN_HOLDS, [gone, kept])
    db.run("UPDATE customers_hold SET customer_id = %s WHERE customer_id = %s", [kept, gone])


def _drop_totals(_store_id: int, _kept: int, gone: int) -> None:
    """Sums are not moved but made anew from the orders, by whoever moves those."""
    db.run("DELETE FROM customers_customertotal WHERE customer_id = %s", [gone])


def _forget_asker(who: Erasing) -> None:
    """That somebody asked, and when it was done, is the owner's proof; who it was is forgotten."""
    db.run(
        "UPDATE customers_privacytask SET customer_id = NULL WHERE customer_id = ANY(%s::bigint[])",
        [list(who.customers)],
    )


def _forget_accounts(who: Erasing) -> None:
    db.run(
        "DELETE FROM customers_customerkey WHERE customer_id = ANY(%s::bigint[])"
        " OR (store_id = %s AND kind = 'account' AND value = ANY(%s::text[]))",
        [list(who.customers), who.store_id, list(who.accounts)],
    )


follow(
    Following(
        model="customers.Customer",
        columns=("id",),
        move=_join_details,
        export=exporting(
            "customers_customer",
            "id, email, first_name, last_name, locale, country, orders_count, "
            "first_order_at, last_order_at, last_paid_at, tags, properties, birth_month, birth_day, created_at",
            where="id = %s",
        ),
        erase=_empty,
    )
)
follow(
    Following(
        model="customers.Hold",
        columns=("customer_id",),
        move=_move_holds,
        export=exporting("customers_hold", "kind, subject, began_at, ends_at"),
        erase=deleting("customers_hold"),
    )
)
follow(
    Following(
        model="customers.CustomEvent",
        columns=("customer_id",),
        move=repointing("customers_customevent"),
        export=exporting("customers_customevent", "name, properties, occurred_at", order="occurred_at, id"),
        erase=deleting("customers_customevent"),
    )
)
follow(
    Following(
        model="customers.CustomerKey",
        columns=("customer_id",),
        move=repointing("customers_customerkey"),
        export=exporting("customers_customerkey", "kind, value"),
        erase=_forget_accounts,
    )
)
follow(
    Following(
        model="customers.CustomerAlias",
        columns=("customer_id",),
        move=repointing("customers_customeralias"),
        export=exporting("customers_customeralias", "old_id"),
        erase=deleting("customers_customeralias"),
    )
)
follow(
    Following(
        model="customers.CustomerTotal",
        columns=("customer_id",),
        move=_drop_totals,
        export=exporting("customers_customertotal", "currency, orders, spent"),
        erase=deleting("customers_customertotal"),
    )
)
follow(
    Following(
        model="customers.PrivacyTask",
        columns=("customer_id",),
        move=repointing("customers_privacytask"),
        export=exporting("customers_privacytask", "asked_at, action, deadline, done_at, note"),
        erase=_forget_asker,
    )
)


@retention.rule("custom events", keep="13 months")
def _custom_events(before: datetime, limit: int) -> int:
    return db.run(
        "DELETE FROM customers_customevent WHERE id IN"
        " (SELECT id FROM customers_customevent WHERE recorded_at < %s ORDER BY recorded_at LIMIT %s)",
        [before, limit],
    )


@retention.rule("holds that are over", keep="13 months")
def _holds(before: datetime, limit: int) -> int:
    return db.run(
        "DELETE FROM customers_hold WHERE id IN"
        " (SELECT id FROM customers_hold WHERE ends_at < %s ORDER BY id LIMIT %s)",
        [before, limit],
    )
