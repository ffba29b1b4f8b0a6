from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.events import kinds
from apps.flows.parts import OnEvent, triggers
from apps.flows.purchases import from_orders


@triggers.register("order_fulfilled")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFulfilled(OnEvent):
    """An order was sent off, all of it."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Order shipped")
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_FULFILLED})
    candidates: ClassVar[str] = from_orders()
