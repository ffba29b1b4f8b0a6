from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.events import kinds
from apps.flows.parts import exits

_REVIEWED = """EXISTS (SELECT FROM events_event d WHERE d.customer_id = e.customer_id AND d.store_id = e.store_id
        AND d.kind = 'review.given' AND d.occurred_at >= e.triggered_at)
    OR EXISTS (SELECT FROM orders_review r WHERE r.store_id = e.store_id AND r.email_key = p.email_key
        AND r.written_at >= e.triggered_at)"""


@exits.register("reviewed")
@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """Somebody wrote a review of what was bought, since it began."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Reviewed")
    reason: ClassVar[Reason] = Reason.REVIEWED
    hears: ClassVar[frozenset[str]] = frozenset({kinds.REVIEW_GIVEN})
    completes: ClassVar[bool] = True

    def where(self) -> Sql:
        return Sql(_REVIEWED)
