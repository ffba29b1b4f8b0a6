from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.events import kinds
from apps.flows.parts import OnEvent, triggers
from apps.flows.purchases import FIRST_ORDER, STANDS, from_orders

_NO_ACCOUNT = """o.account IS NULL AND NOT EXISTS (SELECT FROM customers_customerkey k
    WHERE k.customer_id = o.customer_id AND k.kind = 'account')"""


@triggers.register("guest_ordered")
@dataclass(frozen=True, slots=True, kw_only=True)
class GuestOrdered(OnEvent):
    """Somebody without an account ordered for the first time."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("First order of a guest")
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_PLACED})
    candidates: ClassVar[str] = from_orders(f"{STANDS} AND {FIRST_ORDER} AND {_NO_ACCOUNT}")
