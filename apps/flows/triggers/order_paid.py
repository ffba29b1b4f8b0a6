from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.events import kinds
from apps.flows.parts import OnEvent, triggers
from apps.flows.purchases import from_orders


@triggers.register("order_paid")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPaid(OnEvent):
    """An order was paid."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Order paid")
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_PAID})
    candidates: ClassVar[str] = from_orders("o.counts AND o.paid_at IS NOT NULL")
