from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.events import kinds
from apps.flows.parts import exits


@exits.register("unsubscribed")
@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribed:
    """No more marketing for this address."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Unsubscribed")
    reason: ClassVar[Reason] = Reason.SUPPRESSED_MARKETING
    hears: ClassVar[frozenset[str]] = frozenset({kinds.CUSTOMER_UNSUBSCRIBED, kinds.CUSTOMER_SUPPRESSED})
    completes: ClassVar[bool] = False

    def where(self) -> Sql:
        return Sql(
            "EXISTS (SELECT FROM consent_suppression x WHERE x.store_id = e.store_id"
            " AND x.address_hash = p.address_hash AND x.lifted_at IS NULL AND x.scope = 'marketing')"
        )
