from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.events import kinds
from apps.flows.parts import exits

# The hold of the same event may be written a moment later: the diary is asked as well.
_OPEN = """EXISTS (SELECT FROM customers_hold h WHERE h.customer_id = e.customer_id AND h.store_id = e.store_id
        AND h.kind IN ('complaint', 'score') AND h.began_at <= n.at AND (h.ends_at IS NULL OR h.ends_at > n.at))
    OR EXISTS (SELECT FROM events_event d WHERE d.customer_id = e.customer_id AND d.store_id = e.store_id
        AND (d.kind = 'score.low' OR d.kind = 'custom' AND d.data ->> 'name' = 'complaint.opened')
        AND d.occurred_at > e.triggered_at)"""


@exits.register("complaint")
@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """Somebody complained, or gave a low score, and it is not settled."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Complaint")
    reason: ClassVar[Reason] = Reason.COMPLAINT_OPEN
    hears: ClassVar[frozenset[str]] = frozenset({kinds.SCORE_LOW, kinds.CUSTOM})
    completes: ClassVar[bool] = False

    def where(self) -> Sql:
        return Sql(_OPEN)
