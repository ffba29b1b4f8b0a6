from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.events import kinds
from apps.flows.parts import exits


@exits.register("paid")
@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """The order it is about was paid."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Order paid")
    reason: ClassVar[Reason] = Reason.ORDER_PAID
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_PAID})
    completes: ClassVar[bool] = True

    def where(self) -> Sql:
        return Sql("EXISTS (SELECT FROM orders_order o WHERE o.id = e.order_id AND o.paid_at IS NOT NULL)")
