from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.events import kinds
from apps.flows.parts import exits


@exits.register("below_orders")
@dataclass(frozen=True, slots=True, kw_only=True)
class BelowOrders:
    """Fewer paid orders than this are left: others were refunded or cancelled."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Fewer orders")
    short: ClassVar[str] = "n"
    reason: ClassVar[Reason] = Reason.FEWER_ORDERS
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_REFUNDED, kinds.ORDER_CANCELLED})
    completes: ClassVar[bool] = False

    n: int = field(metadata={"label": _("Orders"), "min_value": 1, "max_value": 1000})

    def where(self) -> Sql:
        return Sql(
            "(SELECT count(*) FROM orders_order o WHERE o.customer_id = e.customer_id AND o.counts"
            " AND o.paid_at IS NOT NULL) < %s",
            (self.n,),
        )
