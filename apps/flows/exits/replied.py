from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.events import kinds
from apps.flows.parts import exits

_REPLIED = """EXISTS (SELECT FROM events_event d WHERE d.customer_id = e.customer_id AND d.store_id = e.store_id
    AND d.kind = 'custom' AND d.data ->> 'name' = 'mail.replied' AND d.occurred_at >= e.triggered_at)"""


@exits.register("replied")
@dataclass(frozen=True, slots=True, kw_only=True)
class Replied:
    """A person answered one of our mails, as the shop's mailbox or desk says; an out-of-office is none."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Replied")
    reason: ClassVar[Reason] = Reason.REPLIED
    hears: ClassVar[frozenset[str]] = frozenset({kinds.CUSTOM})
    completes: ClassVar[bool] = True

    def where(self) -> Sql:
        return Sql(_REPLIED)
