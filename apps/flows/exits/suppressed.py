from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.events import kinds
from apps.flows.parts import exits


@exits.register("suppressed")
@dataclass(frozen=True, slots=True, kw_only=True)
class Suppressed:
    """Nothing at all for this address: a bounce, a complaint, an erasure."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Nothing may be sent")
    reason: ClassVar[Reason] = Reason.SUPPRESSED_EVERYTHING
    hears: ClassVar[frozenset[str]] = frozenset({kinds.CUSTOMER_SUPPRESSED})
    completes: ClassVar[bool] = False

    def where(self) -> Sql:
        return Sql(
            "p.erased_at IS NOT NULL OR EXISTS (SELECT FROM consent_suppression x WHERE x.store_id = e.store_id"
            " AND x.address_hash = p.address_hash AND x.lifted_at IS NULL AND x.scope = 'everything')"
        )
