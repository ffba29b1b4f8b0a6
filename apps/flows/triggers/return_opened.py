from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.events import kinds
from apps.flows.parts import OnEvent, triggers
from apps.flows.purchases import ORDER_OF_SHOP, ORDER_TOLD, from_people


@triggers.register("return_opened")
@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnOpened(OnEvent):
    """Somebody asked to send something back, as the shop or an app beside it says."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Return opened")
    hears: ClassVar[frozenset[str]] = frozenset({kinds.RETURN_OPENED, kinds.CUSTOM})
    candidates: ClassVar[str] = from_people(
        "jsonb_build_object('about', jsonb_strip_nulls(jsonb_build_object('custom', t.data -> 'custom')))",
        "t.kind <> 'custom' OR t.data ->> 'name' = 'return.opened'",
        subject=f"coalesce('order:' || {ORDER_TOLD}, '')",
        order=ORDER_OF_SHOP,
    )
