"""Who is in a segment, or would be: as SQL, as a number, as a few faces."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from apps.core import db
from apps.core.sql import Sql
from apps.segments import compiling
from apps.segments.models import Segment
from apps.segments.parts import Condition

Definition = Segment | Sequence[Condition] | list[Any]
"""A segment, its conditions, or the plain words of them."""
SHOWN = 10


def select(of: Definition, at: datetime, store_id: int) -> Sql:
    """SELECT of customer ids, for INSERT ... SELECT. Raises DefinitionRefused."""
    return compiling.everybody(conditions_of(of), at, store_id)


def conditions_of(of: Definition) -> Sequence[Condition]:
    if isinstance(of, Segment):
        return compiling.read(of.definition)
    if any(isinstance(part, dict | str) for part in of):
        return compiling.read(list(of))
    return of


def count(of: Definition, at: datetime, store_id: int) -> int:
    """How many people it is true of now. Raises DefinitionRefused."""
    sql = compiling.everybody(conditions_of(of), at, store_id, columns="count(*)")
    return int(db.rows(sql.text, sql.params)[0][0])


def sample(of: Definition, at: datetime, store_id: int, limit: int = SHOWN) -> list[int]:
    """Some of them, the newest first. Raises DefinitionRefused."""
    sql = select(of, at, store_id)
    found = db.rows(f"{sql.text} ORDER BY p.id DESC LIMIT %s::bigint", [*sql.params, limit])
    return [row[0] for row in found]
