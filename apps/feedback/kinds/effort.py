from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.feedback.parts import Counts, Figure, kinds, percentage

FAR_TOO_MUCH = "far_too_much"
WORTH = {FAR_TOO_MUCH: 1, "some": 2, "little": 3}


@kinds.register("effort")
@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much effort each of three stages took. The number is the share "far too much", per stage."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Effort (three stages)")
    parts: ClassVar[tuple[str, ...]] = ("find", "order", "receive")
    codes: ClassVar[tuple[str, ...]] = (FAR_TOO_MUCH, "some", "little")
    low_mark: ClassVar[int | None] = 1

    @classmethod
    def score(cls, code: str) -> int | None:
        return WORTH[code]

    @classmethod
    def figures(cls, counts: Counts, codes: Sequence[str]) -> list[Figure]:  # noqa: ARG003
        return [cls._stage(part, counts.get(part, {})) for part in cls.parts]

    @classmethod
    def _stage(cls, part: str, given: Mapping[str, int]) -> Figure:
        n = sum(given.values())
        return Figure(name="effort", part=part, value=percentage(given.get(FAR_TOO_MUCH, 0), n), n=n)
