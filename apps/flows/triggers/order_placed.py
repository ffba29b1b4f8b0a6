from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.events import kinds
from apps.flows.parts import OnEvent, triggers
from apps.flows.purchases import from_orders


@triggers.register("order_placed")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced(OnEvent):
    """An order was placed, paid or yet to be paid."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Order placed")
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_PLACED})
    candidates: ClassVar[str] = from_orders()
