from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.events import kinds
from apps.flows.parts import exits

_CANCELLED = """EXISTS (SELECT FROM orders_order o WHERE o.id = e.order_id AND (o.gone_at IS NOT NULL
    OR o.stage = 'cancelled' AND (o.placed_at IS NOT NULL OR NOT EXISTS (SELECT FROM events_event d
        WHERE d.store_id = o.store_id AND d.kind = 'order.cancelled' AND d.source_key = o.external_id
        AND d.data -> 'timer' = 'true'::jsonb))))"""


@exits.register("cancelled")
@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """Somebody cancelled the order it is about.

    An unpaid order that the shop's own timer let go of is a basket again, and no reason to stop.
    """

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Order cancelled")
    reason: ClassVar[Reason] = Reason.ORDER_CANCELLED
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_CANCELLED})
    completes: ClassVar[bool] = False

    def where(self) -> Sql:
        return Sql(_CANCELLED)
