from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.events import kinds
from apps.flows.parts import exits

_CLICKED = """EXISTS (SELECT FROM events_event d JOIN mail_message m ON m.id = (d.data ->> 'message')::bigint
    WHERE d.customer_id = e.customer_id AND d.store_id = e.store_id AND d.kind = 'mail.clicked'
    AND d.occurred_at >= e.triggered_at AND starts_with(m.origin, 'run:' || e.id || '/'))"""


@exits.register("clicked")
@dataclass(frozen=True, slots=True, kw_only=True)
class Clicked:
    """Somebody clicked in one of its mails."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Clicked")
    reason: ClassVar[Reason] = Reason.CLICKED
    hears: ClassVar[frozenset[str]] = frozenset({kinds.MAIL_CLICKED})
    completes: ClassVar[bool] = True

    def where(self) -> Sql:
        return Sql(_CLICKED)
