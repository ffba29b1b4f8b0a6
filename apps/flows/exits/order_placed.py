from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.events import kinds
from apps.flows.parts import exits
from apps.flows.silence import ORDER_PLACED


@exits.register("order_placed")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced:
    """An order by any name of this person, since the basket was begun."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Ordered")
    reason: ClassVar[Reason] = Reason.ORDER_PLACED
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_PLACED, kinds.CART_ORDERED})
    completes: ClassVar[bool] = True

    def where(self) -> Sql:
        return Sql(ORDER_PLACED)
