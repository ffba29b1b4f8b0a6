from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.events import kinds
from apps.flows import deliveries
from apps.flows.parts import OnEvent, triggers


@triggers.register("order_delivered")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDelivered(OnEvent):
    """An order arrived: somebody said so, or it was sent off long enough ago.

    Of two such news about one order only the first counts.
    """

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Order delivered")
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_DELIVERED})
    candidates: ClassVar[str] = deliveries.told("")

    days: int | None = field(
        default=None,
        metadata={
            "label": _("Delivered so many days after it was shipped"),
            "help": _("when nobody says so; empty: as the shop's settings say"),
            "min_value": 1,
            "max_value": 60,
        },
    )

    def due(self) -> Sql | None:
        """Orders that must have arrived by now."""
        return deliveries.supposed(self.days, Sql("true"), Sql("'{}'::jsonb"))
