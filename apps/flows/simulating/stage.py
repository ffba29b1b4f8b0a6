"""Where a replay happens: tables of its own that stand in front of the real ones, and are gone afterwards.

PostgreSQL looks for a table among the temporary ones first. So the engine and the gate, unchanged, read and write
copies that only this transaction sees. The transaction is made read-only before anything runs, which spares
temporary tables alone: whatever else would be written is refused by the database itself, no row of a shop is locked,
and in the end all is rolled back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Final

from django.db import transaction

from apps.core import db

# What the parts of a flow write, and what they lock. A table that is missing here cannot be harmed: writing it fails.
STAGED: Final = (
    "stores_store",
    "customers_customer",
    "customers_customertotal",
    "customers_hold",
    "customers_customevent",
    "carts_cart",
    "orders_order",
    "consent_permission",
    "consent_suppression",
    "events_event",
    "events_announcement",
    "flows_flow",
    "flows_version",
    "flows_draw",
    "flows_enrollment",
    "flows_steprun",
    "flows_sweep",
    "flows_notice",
    "mail_message",
    "tracking_click",
    "feedback_survey",
    "offers_offer",
    "offers_code",
    "segments_figures",
    "segments_membership",
    "segments_purchase",
    "segments_touched",
    "ingestion_delivery",
)
FIRST_NUMBER: Final = 1_000_000_000_000
"""What a replay makes is numbered from here: no number of it is ever that of a real row."""

_COLUMNS = """
SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.oid = ANY(%s::text[]::regclass[]) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum
"""

_NUMBERED = """
SELECT a.attrelid::regclass::text, a.attname FROM pg_attribute a
WHERE a.attrelid = ANY(%s::text[]::regclass[]) AND a.attidentity <> ''
"""


# Behind a transaction that goes on nothing is cleared away: an index of what waits keeps all that ever waited. The
# planner takes it for a small one and walks through it for every person; by person, it is a handful.
_QUEUES = """
SELECT i.indexrelid::regclass::text FROM pg_index i
WHERE i.indrelid = 'pg_temp.mail_message'::regclass AND i.indpred IS NOT NULL
    AND pg_get_expr(i.indpred, i.indrelid) LIKE '%planned%'
"""


@contextmanager
def staged() -> Iterator[str]:
    """A transaction with empty tables in front of the real ones; yields the schema in which the real ones stand.

    Fill them, then call `shut`. Whatever happens inside, nothing of it stays.
    """
    schema: str = db.rows("SELECT current_schema()")[0][0]
    try:
        with transaction.atomic():
            _raise(schema)
            yield schema
            transaction.set_rollback(True)
    finally:
        # Statements prepared on this connection know the temporary tables by now.
        db.run("DISCARD PLANS")


def _raise(schema: str) -> None:
    for table in STAGED:
        db.run(f"CREATE TEMP TABLE {table} (LIKE {schema}.{table} INCLUDING ALL) ON COMMIT DROP")
    for table, column in db.rows(_NUMBERED, [[f"pg_temp.{table}" for table in STAGED]]):
        db.run(f"ALTER TABLE {table} ALTER COLUMN {column} RESTART WITH {FIRST_NUMBER}")
    for (index,) in db.rows(_QUEUES):
        db.run(f"DROP INDEX {index}")
    db.run("CREATE INDEX ON mail_message (due_at)")
    db.run("DISCARD PLANS")
    # Thousands of short statements: compiling any of them costs more than it saves.
    db.run("SET LOCAL jit = off")


def shut() -> None:
    """From here on the database refuses whatever would write a real row."""
    db.run("SET TRANSACTION READ ONLY")
    # A few people at a time, each by a key: what was planned while a table was small stays right when it has grown.
    for setting in ("enable_seqscan = off", "enable_hashjoin = off", "enable_mergejoin = off"):
        db.run(f"SET LOCAL {setting}")
    db.run("SET LOCAL plan_cache_mode = force_generic_plan")


@lru_cache(maxsize=8)
def columns(schema: str) -> Mapping[str, tuple[str, ...]]:
    """The columns of every staged table, in their order."""
    found: dict[str, list[str]] = {table: [] for table in STAGED}
    for table, column in db.rows(_COLUMNS, [[f"{schema}.{table}" for table in STAGED]]):
        found[table].append(column)
    return {table: tuple(names) for table, names in found.items()}


def picked(schema: str, table: str, alias: str, instead: Mapping[str, str] | None = None) -> str:
    """The select list of a table, with other expressions for some of its columns."""
    instead = instead or {}
    return ", ".join(
        f"{instead[name]} AS {name}" if name in instead else f"{alias}.{name}" for name in columns(schema)[table]
    )
