"""PostgreSQL without the ORM, for the paths where rows come in hundreds.

Server-side parameters and prepared statements on Django's own connection, so that a transaction begun with
`atomic()` holds for both. Django's own cursor interpolates on the client and never prepares: measured, that
costs a fifth more on the hottest statements.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from django.db import connection

from apps.core.arrays import literal

Params = Mapping[str, Any] | Sequence[Any] | None


def cursor() -> psycopg.Cursor[tuple[Any, ...]]:
    """A plain psycopg cursor on Django's connection, which is checked as Django would before its own."""
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    return psycopg.Cursor(connection.connection)


def rows(sql: str, params: Params = None) -> list[tuple[Any, ...]]:
    """Run one statement and return all its rows. Lists become arrays: cast them (`%s::bigint[]`)."""
    with cursor() as cur:
        return cur.execute(sql, _plain(params)).fetchall()


def run(sql: str, params: Params = None) -> int:
    """Run one statement and return how many rows it touched."""
    with cursor() as cur:
        return cur.execute(sql, _plain(params)).rowcount


def _plain(params: Params) -> Params:
    if params is None:
        return None
    if isinstance(params, Mapping):
        return {name: literal(value) if isinstance(value, list) else value for name, value in params.items()}
    return [literal(value) if isinstance(value, list) else value for value in params]


def numbers(table: str, count: int) -> list[int]:
    """Fresh primary keys of a table, so that rows and their children are inserted without reading back."""
    found = rows("SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, count])
    return [row[0] for row in found]
