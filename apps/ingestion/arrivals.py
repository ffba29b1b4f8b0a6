"""Keeping a delivery: one prepared statement on Django's own connection, committed before the answer."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final, TypeVar

import django.db
import msgspec
import psycopg
from django.db import connection

from apps.core import db
from apps.stores.platforms.base import Admitted

T = TypeVar("T")

TOPIC_LENGTH: Final = 100
KEY_LENGTH: Final = 120

# Both rows or neither, and one commit: in autocommit a statement is its own transaction.
_KEEP: Final = """
WITH kept AS (
  INSERT INTO ingestion_delivery
    (store_id, topic, dedupe_key, state, received_at, triggered_at, due_at, attempts, reason, headers, size)
  SELECT id, %s, %s, 'waiting', now(), %s::timestamptz, now(), 0, '', %s::text::jsonb, %s
  FROM stores_store WHERE id = %s
  ON CONFLICT (store_id, dedupe_key) DO NOTHING
  RETURNING id
)
INSERT INTO ingestion_deliverybody (delivery_id, data) SELECT id, %s FROM kept
"""

_encode = msgspec.json.Encoder().encode


def keep(store_id: int, admitted: Admitted, body: bytes) -> bool:
    """Store a delivery; False when it already was, or when its store is gone. Raises the database's own errors."""
    key = admitted.dedupe_key
    if len(key) > KEY_LENGTH:
        key = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    values = (
        admitted.topic[:TOPIC_LENGTH],
        key,
        admitted.triggered_at,
        _encode(admitted.headers or {}).decode(),
        len(body),
        store_id,
        body,
    )
    return steadily(lambda: db.run(_KEEP, values)) == 1


def is_gone(store_id: int) -> bool:
    """Whether the store was removed while its keys were remembered here."""
    return not db.rows("SELECT 1 FROM stores_store WHERE id = %s", [store_id])


def steadily(ask: Callable[[], T]) -> T:
    """Ask the database, and once more on a new connection if the old one has gone stale.

    Whatever is asked must bear being asked twice; the de-duplication key sees to that for a delivery.
    """
    try:
        return ask()
    except (
        psycopg.OperationalError,
        psycopg.InterfaceError,
        django.db.OperationalError,
        django.db.InterfaceError,
    ):
        connection.close()
        return ask()
