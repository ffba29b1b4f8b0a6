from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.events import kinds
from apps.flows.parts import OnEvent, triggers
from apps.flows.purchases import RANK, from_orders


@triggers.register("first_order")
@dataclass(frozen=True, slots=True, kw_only=True)
class FirstOrder(OnEvent):
    """Somebody paid for an order for the first time."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("First order")
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_PAID})
    candidates: ClassVar[str] = from_orders("o.counts AND o.paid_at IS NOT NULL", f"jsonb_build_object('rank', {RANK})")

    def accepts(self, facts: Mapping[str, Any]) -> bool:
        """The first that was paid and still counts."""
        return bool(facts["rank"] == 1)
