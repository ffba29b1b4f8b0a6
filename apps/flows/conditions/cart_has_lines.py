from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.flows.parts import conditions


@conditions.register("cart_has_lines")
@dataclass(frozen=True, slots=True, kw_only=True)
class CartHasLines:
    """There is still something in the basket."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Something in the basket")
    reason: ClassVar[Reason] = Reason.CART_EMPTIED

    def where(self) -> Sql:
        return Sql("jsonb_array_length(c.lines) > 0")
