from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.events import kinds
from apps.flows.parts import exits
from apps.flows.silence import LATER_ORDERS

_AGAIN = f"""EXISTS ({LATER_ORDERS} AND EXISTS (SELECT FROM orders_orderline l
    WHERE l.order_id = o.id AND l.quantity > 0 AND e.about ->> 'product' IN (l.product, l.variant)))"""


@exits.register("bought_again")
@dataclass(frozen=True, slots=True, kw_only=True)
class BoughtAgain:
    """The product it is about was bought once more."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Bought again")
    reason: ClassVar[Reason] = Reason.BOUGHT_AGAIN
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_PLACED})
    completes: ClassVar[bool] = True

    def where(self) -> Sql:
        return Sql(_AGAIN)
