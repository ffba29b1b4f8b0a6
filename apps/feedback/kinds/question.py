from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.feedback.parts import Counts, Figure, kinds, percentage


@kinds.register("question")
@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question with up to five answers of one's own; each has its share, and none is low."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("One question, up to five answers")
    parts: ClassVar[tuple[str, ...]] = ("",)
    codes: ClassVar[tuple[str, ...]] = ()
    low_mark: ClassVar[int | None] = None

    @classmethod
    def score(cls, code: str) -> int | None:  # noqa: ARG003
        return None

    @classmethod
    def figures(cls, counts: Counts, codes: Sequence[str]) -> list[Figure]:
        given = counts.get("", {})
        n = sum(given.values())
        return [Figure(name="share", code=code, value=percentage(given.get(code, 0), n), n=n) for code in codes]
