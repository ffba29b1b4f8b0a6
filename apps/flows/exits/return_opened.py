from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.events import kinds
from apps.flows.parts import exits

_OPENED = """EXISTS (SELECT FROM events_event d WHERE d.customer_id = e.customer_id AND d.store_id = e.store_id
    AND (d.kind = 'return.opened' OR d.kind = 'custom' AND d.data ->> 'name' = 'return.opened')
    AND CASE WHEN e.order_id IS NULL OR NOT starts_with(d.subject, 'order:') THEN d.occurred_at >= e.triggered_at
        ELSE d.subject = 'order:' || e.order_id END)"""


@exits.register("return_opened")
@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnOpened:
    """Something is to be sent back: of the order it is about, or since it began."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Return opened")
    reason: ClassVar[Reason] = Reason.RETURN_OPENED
    hears: ClassVar[frozenset[str]] = frozenset({kinds.RETURN_OPENED, kinds.CUSTOM})
    completes: ClassVar[bool] = False

    def where(self) -> Sql:
        return Sql(_OPENED)
