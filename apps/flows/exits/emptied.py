from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.events import kinds
from apps.flows.parts import exits


@exits.register("emptied")
@dataclass(frozen=True, slots=True, kw_only=True)
class Emptied:
    """The basket was emptied, or the shop removed it."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Basket emptied")
    reason: ClassVar[Reason] = Reason.CART_EMPTIED
    hears: ClassVar[frozenset[str]] = frozenset({kinds.CART_EMPTIED})
    completes: ClassVar[bool] = False

    def where(self) -> Sql:
        return Sql("c.status = 'emptied'")
