from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.events import kinds
from apps.flows.parts import exits
from apps.flows.silence import LATER_ORDERS


@exits.register("second_order")
@dataclass(frozen=True, slots=True, kw_only=True)
class SecondOrder:
    """Another order than the one it is about, after it."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Ordered again")
    reason: ClassVar[Reason] = Reason.ORDERED_AGAIN
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_PLACED})
    completes: ClassVar[bool] = True

    def where(self) -> Sql:
        return Sql(f"EXISTS ({LATER_ORDERS})")
