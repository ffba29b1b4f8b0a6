from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.flows.parts import exits


@exits.register("newer_basket")
@dataclass(frozen=True, slots=True, kw_only=True)
class NewerBasket:
    """A basket begun too late to be one story with this one."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Newer basket")
    reason: ClassVar[Reason] = Reason.NEWER_BASKET
    hears: ClassVar[frozenset[str]] = frozenset()
    completes: ClassVar[bool] = False

    def where(self) -> Sql:
        return Sql(
            "EXISTS (SELECT FROM carts_cart n WHERE n.customer_id = e.customer_id AND n.store_id = e.store_id"
            " AND n.id <> e.cart_id AND n.started_at > e.merges_until AND n.status IN ('active', 'abandoned')"
            " AND n.lines <> '[]'::jsonb)"
        )
