"""From conditions to SQL: for a few people that somebody else brings, or for everybody of a shop.

`where` judges whoever the caller's query holds (aliases of `parts.py`). `everybody` is a whole query: what is
counted per person is counted once for all and joined, so that no condition asks a question per person.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext

from apps.core import db
from apps.core.plain import plain_part, read_parts
from apps.core.problems import DefinitionRefused, Path, Problem
from apps.core.sql import Sql, joined
from apps.segments.conditions.any import AnyOf
from apps.segments.done import Done
from apps.segments.parts import Condition, conditions

Conditions = Sequence[Condition]


def read(plain: Any) -> tuple[Condition, ...]:
    """The conditions that these words describe. Raises DefinitionRefused with every problem at once."""
    problems: list[Problem] = []
    found = read_parts(conditions, plain, ("conditions",), problems)
    problems += _only_in_runs(found, ("conditions",))
    if problems:
        raise DefinitionRefused(problems)
    return found


def plain(given: Conditions) -> list[Any]:
    """Conditions in words, as a definition keeps them."""
    return [plain_part(part) for part in given]


def _only_in_runs(parts: Conditions, path: Path) -> list[Problem]:
    found = []
    for place, part in enumerate(parts):
        here: Path = (*path, place)
        if isinstance(part, AnyOf):
            found += _only_in_runs(part.conditions, (*here, "any", "conditions"))
        elif part.in_runs_only or speaks_of_the_run(part):
            found.append(Problem(here, gettext("this can only be asked inside a flow: a segment has no entering")))
    return found


def every(given: Conditions) -> list[Condition]:
    """The conditions and those within their groups."""
    found: list[Condition] = []
    for part in given:
        found += every(part.conditions) if isinstance(part, AnyOf) else [part]
    return found


def speaks_of_days(part: Condition) -> bool:
    """Whether it becomes true or false by waiting."""
    return bool(getattr(part, "speaks_of_days", False))


def speaks_of_the_run(part: Condition) -> bool:
    return bool(getattr(part, "speaks_of_the_run", False))


def where(given: Conditions) -> Sql:
    """That all of them are true of `p` at `n.at`."""
    return joined("AND", [part.where() for part in given], "true")


@dataclass(slots=True)
class _Whole:
    """Gathers the tables of counts while the predicates are written."""

    shop: Sql
    tables: list[tuple[str, Sql]] = field(default_factory=list)
    narrow: Sql | None = None
    """A table of the only people who can fit: the query begins there, and not with everybody."""

    def all_of(self, given: Conditions) -> Sql:
        return joined("AND", [self.one(part, alone=True) for part in given], "true")

    def one(self, part: Condition, *, alone: bool) -> Sql:
        """`alone`: it must be true by itself, so that EXISTS becomes a join; in an OR it would be asked per person."""
        if isinstance(part, AnyOf):
            single = len(part.conditions) == 1
            return joined("OR", [self.one(inner, alone=alone and single) for inner in part.conditions], "true")
        if not isinstance(part, Done):
            return part.where()
        tally = part.tally().for_everybody()
        if alone and part.is_plain:
            return tally.of_one(part)
        if alone and part.times == "at_least" and self.narrow is None:
            self.narrow = tally.those(self.shop, part.n)
            return Sql("true")
        name = f"d{len(self.tables)}"
        table, predicate = tally.of_everybody(name, self.shop, part)
        self.tables.append((name, table))
        return predicate

    def people(self, predicate: Sql) -> Sql:
        """`p`: the rows of people; only their ids where nothing else is asked. Who was erased has no deeds left."""
        if self.narrow is None:
            return Sql("customers_customer p")
        if not _MORE_THAN_ID.search(predicate.text):
            return Sql(f"{self.narrow.text} AS p", self.narrow.params)
        return Sql(f"{self.narrow.text} AS d JOIN customers_customer p ON p.id = d.id", self.narrow.params)


_MORE_THAN_ID = re.compile(r"\bp\.(?!id\b)")
_SHOP = "SELECT id, time_zone, currency, language, country FROM stores_store WHERE id = %s"
# As values, not as a row to be read: PostgreSQL then knows the moments it compares with, and plans for them.
_AS_VALUES = (
    "(SELECT %s::bigint AS id, %s::text AS time_zone, %s::text AS currency, %s::text AS language,"
    " %s::text AS country) AS s, (SELECT %s::timestamptz AS at) AS n"
)


def everybody(
    given: Conditions, at: datetime, store_id: int, *, columns: str = "p.id", among: Sequence[int] | None = None
) -> Sql:
    """A SELECT of all people of a shop for whom the conditions are true; a shop that is gone has nobody.

    `among` asks it of these people alone, person by person.

    Raises DefinitionRefused when a condition can only be asked inside a flow.
    """
    problems = _only_in_runs(given, ("conditions",))
    if problems:
        raise DefinitionRefused(problems)
    found = db.rows(_SHOP, [store_id])
    shop = Sql(_AS_VALUES, (*(found[0] if found else (store_id, "UTC", "", "", "")), at))
    whole = _Whole(shop)
    predicate = whole.all_of(given) if among is None else _among(given, among)
    people = whole.people(predicate)
    joins = "".join(f" LEFT JOIN {table.text} ON {name}.customer_id = p.id" for name, table in whole.tables)
    counts = tuple(value for _, table in whole.tables for value in table.params)
    of_shop = "" if people.text.endswith("AS p") else "p.store_id = s.id AND p.erased_at IS NULL AND "
    text = (
        f"SELECT {columns} FROM {shop.text}, {people.text}"
        f" LEFT JOIN segments_figures f ON f.customer_id = p.id{joins} WHERE {of_shop}({predicate.text})"
    )
    return Sql(text, (*shop.params, *people.params, *counts, *predicate.params))


def _among(given: Conditions, ids: Sequence[int]) -> Sql:
    return joined("AND", [Sql("p.id = ANY(%s::bigint[])", (list(ids),)), where(given)], "true")
