from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.events import kinds
from apps.flows.parts import exits

_TOLD = """EXISTS (SELECT FROM events_event d WHERE d.customer_id = e.customer_id AND d.store_id = e.store_id
    AND d.kind = 'custom' AND d.data ->> 'name' = %s::text AND d.occurred_at >= e.triggered_at)"""


@exits.register("custom_event")
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomEvent:
    """Another app told of something since it began: a subscription was paid after all, a ticket was closed."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Another app's event")
    short: ClassVar[str] = "name"
    reason: ClassVar[Reason] = Reason.TOLD_BY_APP
    hears: ClassVar[frozenset[str]] = frozenset({kinds.CUSTOM})
    completes: ClassVar[bool] = False

    name: str = field(
        metadata={"label": _("Name of the event"), "help": _("for example subscription.paid"), "max_length": 80}
    )

    def where(self) -> Sql:
        return Sql(_TOLD, (self.name,))
