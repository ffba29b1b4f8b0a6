from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.events import kinds
from apps.flows.parts import OnEvent, triggers
from apps.flows.purchases import RANK, from_orders


@triggers.register("nth_order")
@dataclass(frozen=True, slots=True, kw_only=True)
class NthOrder(OnEvent):
    """Somebody paid for an order for the third time, say."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Third order, or another")
    short: ClassVar[str] = "n"
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_PAID})
    candidates: ClassVar[str] = from_orders("o.counts AND o.paid_at IS NOT NULL", f"jsonb_build_object('rank', {RANK})")

    n: int = field(metadata={"label": _("Which order"), "help": _("3 is the third"), "min_value": 1, "max_value": 1000})

    def accepts(self, facts: Mapping[str, Any]) -> bool:
        """Exactly this one: orders that no longer count are not counted."""
        return bool(facts["rank"] == self.n)
