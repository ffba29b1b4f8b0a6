from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.events import kinds
from apps.flows.parts import exits


@exits.register("shipped")
@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """The order it is about was sent off, or arrived."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Order shipped")
    reason: ClassVar[Reason] = Reason.SHIPPED
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_FULFILLED, kinds.ORDER_DELIVERED})
    completes: ClassVar[bool] = True

    def where(self) -> Sql:
        return Sql(
            "EXISTS (SELECT FROM orders_order o WHERE o.id = e.order_id"
            " AND (o.fulfilled_at IS NOT NULL OR o.delivered_at IS NOT NULL))"
        )
