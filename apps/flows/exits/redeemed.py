from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.events import kinds
from apps.flows.parts import exits

_REDEEMED = """EXISTS (SELECT FROM offers_code k WHERE k.customer_id = e.customer_id AND k.store_id = e.store_id
    AND k.status = 'redeemed' AND (k.id = (e.about ->> 'code')::bigint OR starts_with(k.ref, 'run:' || e.id || '/')))"""


@exits.register("redeemed")
@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemed:
    """The code it is about was used, or one that it gave."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Code used")
    reason: ClassVar[Reason] = Reason.REDEEMED
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_PLACED, kinds.ORDER_PAID})
    completes: ClassVar[bool] = True

    def where(self) -> Sql:
        return Sql(_REDEEMED)
