from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.events import kinds
from apps.flows.parts import exits

AMOUNTS: Final = {"any": _("any amount"), "all": _("all of it")}


@exits.register("refunded")
@dataclass(frozen=True, slots=True, kw_only=True)
class Refunded:
    """Money was given back for the order it is about: all of it, or any."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Order refunded")
    short: ClassVar[str] = "amount"
    reason: ClassVar[Reason] = Reason.ORDER_REFUNDED
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_REFUNDED})
    completes: ClassVar[bool] = False

    amount: Literal["any", "all"] = field(default="any", metadata={"label": _("Given back"), "choices": AMOUNTS})

    def where(self) -> Sql:
        return Sql(
            "EXISTS (SELECT FROM orders_order o WHERE o.id = e.order_id AND (o.stage = 'refunded'"
            " OR o.refunded >= CASE WHEN %s THEN 0.01 ELSE greatest(o.total, 0.01) END))",
            (self.amount == "any",),
        )
