"""The kinds of surveys: what is asked, which answers there are, what they are worth, and which number comes out.

Each is one frozen dataclass in one file of `kinds/`. The formulas are those of product.md section 9.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar, Final, Protocol

import msgspec

from apps.core.registry import Registry, load_all

MOST_ANSWERS: Final = 5
"""To a question of one's own; a scale has as many as it has."""

Counts = Mapping[str, Mapping[str, int]]
"""Part → code → how many people gave it; '' is the part of a survey with one question."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One number that comes out. `value` None: nobody answered, so there is no number ("n/a")."""

    name: str
    """`nps`, `csat`, `effort` or `share`."""
    part: str = ""
    code: str = ""
    """Whose share it is, where every answer has its own."""
    value: Decimal | None
    n: int


class Kind(Protocol):
    """One way of asking. `parts` are its questions; ('',) for a single one.

    `codes` are its answers, the best last; () leaves them to the owner, at most MOST_ANSWERS. `low_mark` is what
    a new survey of this kind counts as a low score.
    """

    kind: ClassVar[str]
    label: ClassVar[Any]
    parts: ClassVar[tuple[str, ...]]
    codes: ClassVar[tuple[str, ...]]
    low_mark: ClassVar[int | None]

    @classmethod
    def score(cls, code: str) -> int | None:
        """What an answer is worth; None where answers have no order."""
        ...

    @classmethod
    def figures(cls, counts: Counts, codes: Sequence[str]) -> list[Figure]:
        """What the answers come to."""
        ...


kinds: Registry[type[Kind]] = Registry("kind of survey")


def load() -> None:
    """Let every kind register itself."""
    load_all("apps.feedback.kinds")


def choices_of_kinds() -> list[tuple[str, Any]]:
    """Kind and label of each, for a field: a new kind needs no migration."""
    load()
    return [(name, kind.label) for name, kind in kinds.items()]


def percentage(some: int, of: int) -> Decimal | None:
    """Two decimals, halves up as people round; None of nothing."""
    return (Decimal(some) * 100 / of).quantize(Decimal("0.01"), ROUND_HALF_UP) if of else None
