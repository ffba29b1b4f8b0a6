from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.flows.parts import conditions


@conditions.register("address_known")
@dataclass(frozen=True, slots=True, kw_only=True)
class AddressKnown:
    """We know where to write."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Address known")
    reason: ClassVar[Reason] = Reason.NO_ADDRESS

    def where(self) -> Sql:
        return Sql("p.email_key IS NOT NULL")
