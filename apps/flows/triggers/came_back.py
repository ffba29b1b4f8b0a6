from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.events import kinds
from apps.flows.parts import OnEvent, triggers
from apps.flows.purchases import from_people

_BASKETS = """(SELECT count(*) FROM carts_cart c WHERE c.customer_id = p.id AND c.status = 'abandoned'
    AND c.unmailable = '')"""


@triggers.register("came_back")
@dataclass(frozen=True, slots=True, kw_only=True)
class CameBack(OnEvent):
    """Somebody who never ordered left a basket behind once more."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Came back and never ordered")
    short: ClassVar[str] = "baskets"
    hears: ClassVar[frozenset[str]] = frozenset({kinds.CART_ABANDONED})
    candidates: ClassVar[str] = from_people(
        f"jsonb_build_object('baskets', {_BASKETS})",
        "NOT EXISTS (SELECT FROM orders_order o WHERE o.customer_id = p.id AND o.silences)",
    )

    baskets: int = field(
        default=3,
        metadata={
            "label": _("Baskets left behind"), "help": _("or more"), "min_value": 2, "max_value": 100, "example": 3,
        },
    )  # fmt: skip

    def accepts(self, facts: Mapping[str, Any]) -> bool:
        """So many baskets, or more."""
        return bool(facts["baskets"] >= self.baskets)
