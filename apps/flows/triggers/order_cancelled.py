from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.events import kinds
from apps.flows.parts import OnEvent, triggers
from apps.flows.purchases import from_orders


@triggers.register("order_cancelled")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(OnEvent):
    """An order that had been placed was cancelled.

    An unpaid one that was cancelled is a basket again, and no news here.
    """

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Order cancelled")
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_CANCELLED})
    candidates: ClassVar[str] = from_orders("o.stage = 'cancelled' AND o.placed_at IS NOT NULL")
