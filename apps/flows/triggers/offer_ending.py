from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.events import kinds
from apps.flows.parts import OnEvent, triggers
from apps.flows.purchases import from_people


@triggers.register("offer_ending")
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferEnding(OnEvent):
    """A code that somebody has not used yet ends in three days."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Offer about to end")
    hears: ClassVar[frozenset[str]] = frozenset({kinds.OFFER_ENDING})
    candidates: ClassVar[str] = from_people(
        "jsonb_build_object('about', jsonb_build_object('code', k.id))",
        "k.status = 'issued'",
        subject="'code:' || k.id",
    ).replace("WHERE", "JOIN offers_code k ON k.id = (t.data ->> 'code')::bigint AND k.store_id = t.store_id WHERE", 1)
