from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.forms import FieldRefused
from apps.events import kinds
from apps.flows.parts import OnEvent, triggers
from apps.flows.purchases import FIRST_ORDER, STANDS, day_of, from_orders

_DAY = f"(SELECT {day_of('o.placed_at')} FROM stores_store s WHERE s.id = o.store_id)"


@triggers.register("campaign_order")
@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignOrder(OnEvent):
    """Somebody ordered for the first time between these days, both included, where the shop is."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("First order in a campaign")
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_PLACED})
    candidates: ClassVar[str] = from_orders(f"{STANDS} AND {FIRST_ORDER}", f"jsonb_build_object('day', {_DAY})")

    first_day: date = field(metadata={"label": _("From")})
    last_day: date = field(metadata={"label": _("Until and including")})

    def __post_init__(self) -> None:
        if self.last_day < self.first_day:
            raise FieldRefused("last_day", gettext("expected a day that is not before the first"))

    def accepts(self, facts: Mapping[str, Any]) -> bool:
        """The day of the order lies between the two."""
        return self.first_day <= date.fromisoformat(facts["day"]) <= self.last_day
