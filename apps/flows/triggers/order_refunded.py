from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from django.utils.translation import gettext_lazy as _

from apps.events import kinds
from apps.flows.parts import OnEvent, triggers
from apps.flows.purchases import from_orders

AMOUNTS: Final = {"any": _("any amount"), "all": _("all of it")}


@triggers.register("order_refunded")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRefunded(OnEvent):
    """Money was given back for an order."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Order refunded")
    short: ClassVar[str] = "amount"
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_REFUNDED})
    candidates: ClassVar[str] = from_orders(
        "o.placed_at IS NOT NULL",
        "jsonb_build_object('all', o.stage = 'refunded' OR (o.total > 0 AND o.refunded >= o.total))",
    )

    amount: Literal["any", "all"] = field(default="any", metadata={"label": _("Given back"), "choices": AMOUNTS})

    def accepts(self, facts: Mapping[str, Any]) -> bool:
        """Any refund, or the one with which all of it was given back."""
        return self.amount == "any" or bool(facts["all"])
