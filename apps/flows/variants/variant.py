from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.flows.parts import steps, variants


@variants.register("variant")
@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One of the ways a test tries, and how many of the people go that way."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Variant")

    weight: int = field(
        default=1,
        metadata={
            "label": _("Weight"),
            "help": _("with 1 and 1 half of the people get each; with 3 and 1 three quarters get the first"),
            "min_value": 1,
            "max_value": 100,
        },
    )
    steps: tuple[Any, ...] = field(default=(), metadata={"label": _("Steps"), "family": lambda: steps})
