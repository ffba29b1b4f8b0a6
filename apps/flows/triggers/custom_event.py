from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.events import kinds
from apps.flows.parts import OnEvent, triggers
from apps.flows.purchases import ORDER_OF_SHOP, ORDER_TOLD, from_people

# A stranger's word: it counts only where the shop sells such a thing.
_PRODUCT = """(SELECT q.external_id FROM customers_customevent x
    JOIN catalog_product q ON q.store_id = x.store_id AND q.external_id = x.properties ->> 'product'
    WHERE x.id = (t.data ->> 'custom')::bigint AND x.store_id = t.store_id)"""


@triggers.register("custom_event")
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomEvent(OnEvent):
    """Another app told of something: a loyalty level, a ticket that was closed, a quiz that was filled in."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Another app's event")
    short: ClassVar[str] = "name"
    hears: ClassVar[frozenset[str]] = frozenset({kinds.CUSTOM})
    candidates: ClassVar[str] = from_people(
        "jsonb_build_object('name', t.data -> 'name', 'about', jsonb_strip_nulls("
        f"jsonb_build_object('custom', t.data -> 'custom', 'product', {_PRODUCT})))",
        subject=f"CASE WHEN {ORDER_TOLD} IS NOT NULL THEN t.subject ELSE '' END",
        order=ORDER_OF_SHOP,
    )

    name: str = field(
        metadata={"label": _("Name of the event"), "help": _("for example loyalty.level"), "max_length": 80}
    )

    def accepts(self, facts: Mapping[str, Any]) -> bool:
        """The event of this name."""
        return bool(facts["name"] == self.name)
