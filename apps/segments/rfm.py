"""Recency, frequency and money: scores 1 to 3 by thirds of the shop's own buyers, and the groups they make.

Equal values share a score, so that two people who did the same are never told apart by chance (as ntile would).
Source of the groups: product.md section 8.
"""

from __future__ import annotations

from typing import Final

BUYERS_FROM: Final = 3
"""Thirds of fewer buyers say nothing."""
GROUPS: Final[dict[str, tuple[int, ...]]] = {
    "champions": (333, 332, 323),
    "loyal": (321, 322, 331, 232, 233),
    "recent": (311, 312, 313),
    "needs_attention": (211, 212, 213, 221, 222, 223, 231),
    "at_risk": (133, 132, 131, 123, 122, 113),
    "inactive": (111, 112, 121),
}
CELLS: Final[dict[int, str]] = {cell: group for group, cells in GROUPS.items() for cell in cells}


def score(value: str, cuts: str) -> str:
    """The score of a value by its two cuts: above the first third, above the second. NULL without cuts."""
    return f"(1 + ({value} > {cuts}[1])::int + ({value} > {cuts}[2])::int)::smallint"


def group(recency: str, frequency: str, money: str) -> str:
    """The group of three scores; '' when one is not known."""
    names = ", ".join(f"'{CELLS[r * 100 + f * 10 + m]}'" for r in (1, 2, 3) for f in (1, 2, 3) for m in (1, 2, 3))
    return f"coalesce((ARRAY[{names}])[({recency} - 1) * 9 + ({frequency} - 1) * 3 + {money}], '')"
