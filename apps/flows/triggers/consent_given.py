from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.events import kinds
from apps.flows.parts import OnEvent, triggers
from apps.flows.purchases import from_people


@triggers.register("consent_given")
@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentGiven(OnEvent):
    """Somebody said yes to marketing mail, and has not taken it back."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Said yes to mail")
    hears: ClassVar[frozenset[str]] = frozenset({kinds.CONSENT_CHANGED})
    candidates: ClassVar[str] = from_people(
        "'{}'::jsonb",
        "t.data ->> 'state' = 'granted' AND EXISTS (SELECT FROM consent_permission y"
        " WHERE y.customer_id = p.id AND y.state = 'granted')",
    )
