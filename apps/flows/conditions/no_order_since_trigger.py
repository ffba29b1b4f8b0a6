from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.flows.parts import conditions
from apps.flows.silence import ORDER_PLACED


@conditions.register("no_order_since_trigger")
@dataclass(frozen=True, slots=True, kw_only=True)
class NoOrderSinceTrigger:
    """Nothing was bought since the basket was begun, under any name of this person."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("No order since")
    reason: ClassVar[Reason] = Reason.ORDER_PLACED

    def where(self) -> Sql:
        return Sql(f"NOT {ORDER_PLACED}")
