from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.feedback.parts import Counts, Figure, kinds, percentage

SATISFIED = ("4", "5")


@kinds.register("csat")
@dataclass(frozen=True, slots=True, kw_only=True)
class Csat:
    """How satisfied, from 1 to 5. The number is the share of 4 and 5 (product.md section 9)."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Satisfaction (1 to 5)")
    parts: ClassVar[tuple[str, ...]] = ("",)
    codes: ClassVar[tuple[str, ...]] = ("1", "2", "3", "4", "5")
    low_mark: ClassVar[int | None] = 2

    @classmethod
    def score(cls, code: str) -> int | None:
        return int(code)

    @classmethod
    def figures(cls, counts: Counts, codes: Sequence[str]) -> list[Figure]:  # noqa: ARG003
        given = counts.get("", {})
        n = sum(given.values())
        return [Figure(name="csat", value=percentage(sum(given.get(code, 0) for code in SATISFIED), n), n=n)]
