from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.forms import FieldRefused
from apps.flows import chance
from apps.flows.layout import Branch
from apps.flows.parts import AtOnce, steps, variants
from apps.flows.taking import Case, Jump, Taken

NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}", re.ASCII)
MOST: Final = 4
LETTERS: Final = "abcd"


def _two() -> tuple[Any, ...]:
    variant = variants.get("variant")
    return (variant(), variant(weight=2))


@steps.register("ab")
@dataclass(frozen=True, slots=True, kw_only=True)
class AbTest(AtOnce):
    """Try two ways that differ in one thing. Chance says who goes which way, and says the same every time."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("A/B test")

    name: str = field(
        metadata={
            "label": _("Name of the test"),
            "help": _("another name draws the lots anew"),
            "max_length": 40,
            "example": "first-subject",
        }
    )
    variants: tuple[Any, ...] = field(metadata={"label": _("Variants"), "family": lambda: variants, "example": _two})

    def __post_init__(self) -> None:
        if not NAME.fullmatch(self.name):
            raise FieldRefused("name", gettext("expected lower-case letters, digits and hyphens"))
        if not 2 <= len(self.variants) <= MOST:
            raise FieldRefused("variants", gettext("expected two variants, and at most %s") % MOST)

    @property
    def letters(self) -> str:
        """What the variants are called, in their order."""
        return LETTERS[: len(self.variants)]

    def branches(self) -> tuple[Branch, ...]:
        return tuple(
            Branch(letter.upper(), ("variants", place, "variant", "steps"), variant.steps)
            for place, (letter, variant) in enumerate(zip(self.letters, self.variants, strict=True))
        )

    @classmethod
    def take(cls, cases: Sequence[Case], at: datetime) -> list[Taken]:  # noqa: ARG003
        return [_gone(case, case.step) for case in cases]


def _gone(case: Case, step: AbTest) -> Taken:
    weights = [variant.weight for variant in step.variants]
    place = chance.drawn("test", case.run.flow_id, step.name, case.run.customer_id, weights)
    return Taken(
        case=case,
        outcome=f"variant_{step.letters[place]}",
        detail={"test": step.name, "variant": step.letters[place]},
        then=Jump(case.plan.nodes[case.position].branches[place]),
    )
