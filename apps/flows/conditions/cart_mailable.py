from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.flows.parts import conditions


@conditions.register("cart_mailable")
@dataclass(frozen=True, slots=True, kw_only=True)
class CartMailable:
    """The basket costs something and is no test, draft or sale at the till."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("A basket worth a mail")
    reason: ClassVar[Reason] = Reason.UNMAILABLE_BASKET

    def where(self) -> Sql:
        return Sql("c.unmailable = '' AND c.total > 0")
