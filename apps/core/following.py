"""Following a person: how each app's rows move, are copied out and are erased (decision 2).

Every table with a person key says so here, from its app's `following.py`; a contract test finds any that has
not. Merging and copying go from the lowest floor up; erasing goes from the top down, so that whoever stands
higher still finds what the floors below know of the person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.apps import apps

from apps.core import db


class Erasing(msgspec.Struct, frozen=True, kw_only=True):
    """Who is to be forgotten, as far as it is known: one person, or as many as go at once.

    Without a row, only what the request named is looked for.
    """

    store_id: int
    at: datetime
    customers: tuple[int, ...] = ()
    addresses: tuple[str, ...] = ()
    """Address keys."""
    hashes: tuple[bytes, ...] = ()
    """The keyed hashes of those, under which the no survives."""
    accounts: tuple[str, ...] = ()
    orders: tuple[str, ...] = ()
    """The platform's ids of orders that the request named besides."""
    whole_shop: bool = False
    """Everybody of the store goes, these people first."""


Mover = Callable[[int, int, int], None]
"""(store, kept, gone): point the rows of `gone` at `kept`, in the caller's transaction."""
AccountMover = Callable[[int, str, int], None]
"""(store, account, customer): what belongs to the account, not the address, now belongs to this customer."""
Exporter = Callable[[int], list[dict[str, Any]]]
"""(customer): plain rows for the person's own copy."""
Eraser = Callable[[Erasing], None]
"""Remove or blank the rows of this person, in the caller's transaction."""


class Following(msgspec.Struct, frozen=True, kw_only=True):
    """What one table does when its person merges, asks for a copy, or is erased."""

    model: str
    move: Mover
    export: Exporter
    erase: Eraser
    columns: tuple[str, ...] = ()
    """The person keys of the table that this entry speaks for; () for one that hangs on another row."""


_following: dict[str, Following] = {}
_account_movers: list[AccountMover] = []


def follow(entry: Following) -> None:
    """Register a table; the model's label names it, e.g. `carts.Cart`."""
    _following[entry.model] = entry


def on_account(mover: AccountMover) -> AccountMover:
    """Register what follows an account rather than an address."""
    _account_movers.append(mover)
    return mover


def account_moves() -> list[AccountMover]:
    return list(_account_movers)


def all_followed() -> dict[str, Following]:
    """Every entry, from the lowest floor up."""
    floors = [config.label for config in apps.get_app_configs()]
    labels = sorted(_following, key=lambda label: floors.index(label.partition(".")[0]))
    return {label: _following[label] for label in labels}


def move_everything(store_id: int, *, kept: int, gone: int) -> None:
    """Every table's rows of `gone` become rows of `kept`."""
    for entry in all_followed().values():
        entry.move(store_id, kept, gone)


def erase_everything(who: Erasing) -> None:
    """Every table forgets this person, the highest floor first."""
    for entry in reversed(all_followed().values()):
        entry.erase(who)


def repointing(table: str, column: str = "customer_id") -> Mover:
    """The common move: one UPDATE. For tables where a person may have any number of rows."""

    def move(_store_id: int, kept: int, gone: int) -> None:
        db.run(f"UPDATE {table} SET {column} = %s WHERE {column} = %s", [kept, gone])

    return move


def repointing_unless(table: str, unique: Sequence[str], column: str = "customer_id") -> Mover:
    """A move for tables with one row per person and `unique`: where both have one, the kept person's stays."""
    same = " AND ".join(f"k.{name} IS NOT DISTINCT FROM g.{name}" for name in unique) or "true"

    def move(_store_id: int, kept: int, gone: int) -> None:
        db.run(
            f"DELETE FROM {table} g USING {table} k WHERE g.{column} = %(gone)s AND k.{column} = %(kept)s AND {same}",
            {"gone": gone, "kept": kept},
        )
        db.run(f"UPDATE {table} SET {column} = %s WHERE {column} = %s", [kept, gone])

    return move


def staying(store_id: int, kept: int, gone: int) -> None:
    """No move: the row hangs on another row that moves, or on the address."""


def exporting(table: str, columns: str, where: str = "customer_id = %s", order: str = "1") -> Exporter:
    """The common copy: these columns of the person's rows, as JSON-able values."""

    def export(customer_id: int) -> list[dict[str, Any]]:
        found = db.rows(
            f"SELECT row_to_json(t)::text FROM (SELECT {columns} FROM {table} WHERE {where} ORDER BY {order}) AS t",
            [customer_id],
        )
        return [msgspec.json.decode(row[0]) for row in found]

    return export


def deleting(table: str, column: str = "customer_id") -> Eraser:
    """The common erasure: the rows go."""

    def erase(who: Erasing) -> None:
        db.run(f"DELETE FROM {table} WHERE {column} = ANY(%s::bigint[])", [list(who.customers)])

    return erase


def keeping(who: Erasing) -> None:
    """No erasure: the row says nothing of anybody once what it hangs on is emptied, and the sums need it."""
