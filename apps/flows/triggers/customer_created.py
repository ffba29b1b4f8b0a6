from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.events import kinds
from apps.flows.parts import OnEvent, triggers
from apps.flows.purchases import from_people


@triggers.register("customer_created")
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerCreated(OnEvent):
    """The shop has a new address: with an account, a basket, an order or a sign-up."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("New customer")
    hears: ClassVar[frozenset[str]] = frozenset({kinds.CUSTOMER_CREATED})
    candidates: ClassVar[str] = from_people("'{}'::jsonb")
