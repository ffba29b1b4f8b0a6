from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.feedback.parts import Counts, Figure, kinds

PROMOTERS = ("9", "10")
DETRACTORS = tuple(str(score) for score in range(7))


@kinds.register("nps")
@dataclass(frozen=True, slots=True, kw_only=True)
class Nps:
    """Would they recommend the shop, from 0 to 10. The number is % 9-10 − % 0-6 (product.md section 9)."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Recommending (0 to 10)")
    parts: ClassVar[tuple[str, ...]] = ("",)
    codes: ClassVar[tuple[str, ...]] = tuple(str(score) for score in range(11))
    low_mark: ClassVar[int | None] = 6

    @classmethod
    def score(cls, code: str) -> int | None:
        return int(code)

    @classmethod
    def figures(cls, counts: Counts, codes: Sequence[str]) -> list[Figure]:  # noqa: ARG003
        given = counts.get("", {})
        n = sum(given.values())
        up, down = (sum(given.get(code, 0) for code in some) for some in (PROMOTERS, DETRACTORS))
        # One division: two rounded shares would not always differ by the rounded difference.
        value = (Decimal(up - down) * 100 / n).quantize(Decimal("0.01"), ROUND_HALF_UP) if n else None
        return [Figure(name="nps", value=value, n=n)]
