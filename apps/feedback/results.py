"""What the answers come to, by the formulas of product.md section 9; an answer that was replaced counts no more.

How many were asked is read from mail, a floor above: whoever shows results hands it in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from apps.core import db
from apps.feedback.parts import Figure, kinds, load, percentage

ENOUGH: Final = 30
"""Below so many answers a number says little, and its page says so."""


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """One survey over one period. `rate` None: nobody was asked."""

    figures: tuple[Figure, ...]
    counts: dict[str, dict[str, int]]
    """Part → code → answers, with a zero for what nobody said."""
    n: int
    """People's answers in force."""
    asked: int
    rate: Decimal | None

    @property
    def is_thin(self) -> bool:
        return self.n < ENOUGH


_COUNTS = """
SELECT said.part, said.code, count(*) FROM feedback_answer a
JOIN feedback_survey v ON v.id = a.survey_id
CROSS JOIN LATERAL jsonb_each_text(a.said) AS said(part, code)
WHERE a.store_id = %(store)s AND v.slug = %(slug)s AND a.replaced_at IS NULL
  AND a.answered_at >= %(since)s AND a.answered_at < %(until)s
GROUP BY 1, 2
"""

_N = """
SELECT count(*) FROM feedback_answer a JOIN feedback_survey v ON v.id = a.survey_id
WHERE a.store_id = %(store)s AND v.slug = %(slug)s AND a.replaced_at IS NULL
  AND a.answered_at >= %(since)s AND a.answered_at < %(until)s
"""


def results(
    *, store_id: int, slug: str, kind: str, codes: Sequence[str], since: datetime, until: datetime, asked: int = 0
) -> Results:
    """The numbers of one survey, all its versions together, over answers given in [since, until)."""
    load()
    asking = {"store": store_id, "slug": slug, "since": since, "until": until}
    counts = {part: dict.fromkeys(codes, 0) for part in kinds.get(kind).parts}
    for part, code, n in db.rows(_COUNTS, asking):
        counts.setdefault(part, {})[code] = n
    n = int(db.rows(_N, asking)[0][0])
    return Results(
        figures=tuple(kinds.get(kind).figures(counts, list(_codes(counts, codes)))),
        counts=counts,
        n=n,
        asked=asked,
        rate=percentage(n, asked),
    )


def _codes(counts: Mapping[str, Mapping[str, int]], codes: Sequence[str]) -> list[str]:
    """The answers of today, then those that only an earlier version had."""
    return list(dict.fromkeys([*codes, *(code for given in counts.values() for code in given)]))


_BY_MONTH = """
SELECT to_char(a.answered_at AT TIME ZONE s.time_zone, 'YYYY-MM'), said.part, said.code, count(*)
FROM feedback_answer a JOIN feedback_survey v ON v.id = a.survey_id JOIN stores_store s ON s.id = a.store_id
CROSS JOIN LATERAL jsonb_each_text(a.said) AS said(part, code)
WHERE a.store_id = %(store)s AND v.slug = %(slug)s AND a.replaced_at IS NULL
  AND a.answered_at >= %(since)s AND a.answered_at < %(until)s
GROUP BY 1, 2, 3 ORDER BY 1
"""


def by_month(
    *, store_id: int, slug: str, kind: str, codes: Sequence[str], since: datetime, until: datetime
) -> list[tuple[str, tuple[Figure, ...]]]:
    """The numbers of each calendar month of the shop in which somebody answered, oldest first."""
    load()
    months: dict[str, dict[str, dict[str, int]]] = {}
    asking: dict[str, Any] = {"store": store_id, "slug": slug, "since": since, "until": until}
    for month, part, code, n in db.rows(_BY_MONTH, asking):
        months.setdefault(month, {}).setdefault(part, {})[code] = n
    return [(month, tuple(kinds.get(kind).figures(counts, list(codes)))) for month, counts in months.items()]
