"""“A day further” in the demo: the shop's whole past moves a day back, so that what was due tomorrow is due now.

The clock itself is the database's and stays what it is; the rows of this one shop become a day older, all in one
transaction, and the next tick does what has come due. Leases stay: they belong to processes that live now.
"""

# ruff: noqa: SLF001 -- _meta is Django's own way to ask a model about itself
from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.apps import apps
from django.db import connection, models, transaction

from apps.core import db
from apps.stores.models import Store

DAY: Final = timedelta(days=1)
STAMP: Final = r"^\d{8}T\d{6}\.\d{6}"
# Frozen plans and texts have no place in anybody's day; a lease is a promise of a living process.
STAYS: Final = frozenset({"flows.Version", "mail.TemplateVersion"})
LEASES: Final = frozenset({"lease_until", "last_claim_at"})


class NotADemo(ValueError):
    """Only the demo shop travels; a real one has real days."""


def travel(store: Store, by: timedelta = DAY) -> int:
    """Make everything of this shop so much older; returns how many rows moved. Raises NotADemo."""
    if not store.is_demo:
        raise NotADemo(store.name)
    with transaction.atomic():
        # Nobody sends or records beside us; leaving mail is waited for.
        db.rows("SELECT id FROM stores_store WHERE id = %s FOR UPDATE", [store.pk])
        db.run("SELECT set_config('mandje.erasing', 'on', true)")
        moved = sum(_shift(model, path, store, by) for model, path in _travellers())
        db.run("SELECT set_config('mandje.erasing', 'off', true)")
    store.refresh_from_db()
    return moved


def _travellers() -> Iterator[tuple[type[models.Model], str]]:
    """Every table with moments that belongs to a shop, with the way to it."""
    for model in apps.get_models():
        path = getattr(model, "store_path", None) or _plain_path(model)
        if path is not None and model._meta.label not in STAYS and _columns(model):
            yield model, path


def _plain_path(model: type[models.Model]) -> str | None:
    names = {field.name for field in model._meta.concrete_fields}
    if model._meta.label == "events.Announcement":
        return "event__store_id"
    return next((name for name in ("store", "store_id") if name in names), None)


def _columns(model: type[models.Model]) -> dict[str, str]:
    """Column → its new value."""
    fields = [field for field in model._meta.concrete_fields if field.name not in LEASES]
    moments = {
        str(field.column): f'"{field.column}" - %(by)s::interval'
        for field in fields
        if isinstance(field, models.DateTimeField)
    }
    stamps = {
        str(field.column): _moved_stamp(str(field.column))
        for field in fields
        if isinstance(field, models.CharField) and (field.name == "stamp" or field.name.endswith("_stamp"))
    }
    return moments | stamps


def _moved_stamp(column: str) -> str:
    """A stamp begins with its moment; what follows only breaks ties."""
    shape = 'YYYYMMDD"T"HH24MISS.US'
    moved = (
        f"to_char(to_timestamp(left(\"{column}\", 22), '{shape}')::timestamp - %(by)s::interval, '{shape}')"
        f' || substr("{column}", 23)'
    )
    return f'CASE WHEN "{column}" ~ \'{STAMP}\' THEN {moved} ELSE "{column}" END'


def _shift(model: type[models.Model], path: str, store: Store, by: timedelta) -> int:
    columns = _columns(model)
    sets = ", ".join(f'"{column}" = {value}' for column, value in columns.items())
    mine = list(model._default_manager.filter(**{path: store.pk}).values_list("pk", flat=True))
    if not mine:
        return 0
    table, key = connection.ops.quote_name(model._meta.db_table), model._meta.pk.column
    # In key order, so that ours and a tick's locks are taken in one order.
    sql = (
        f'WITH mine AS MATERIALIZED (SELECT "{key}" AS id FROM {table} WHERE "{key}" = ANY(%(ids)s)'
        f' ORDER BY "{key}" FOR UPDATE) UPDATE {table} SET {sets} FROM mine WHERE {table}."{key}" = mine.id'
    )
    return db.run(sql, {"ids": mine, "by": by})
