from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Literal

from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.events import kinds
from apps.flows import deliveries
from apps.flows.parts import OnEvent, triggers

MOMENTS: Final = {"ordered": _("when it is ordered"), "delivered": _("when it is delivered")}

_LINE: Final = """jsonb_build_object('line', l.id, 'product', l.product, 'variant', l.variant,
    'categories', coalesce(q.categories, '[]'::jsonb), 'tags', coalesce(q.tags, '[]'::jsonb),
    'how_to', coalesce(q.how_to <> '' OR q.how_to_url <> '', false))"""
_LINES: Final = f"""(SELECT jsonb_agg({_LINE} ORDER BY l.position) FROM orders_orderline l
    LEFT JOIN catalog_product q ON q.store_id = o.store_id AND q.external_id = l.product AND l.product <> ''
    WHERE l.order_id = o.id AND l.quantity > 0)"""

# The same question of one line, asked by the database.
_MATCHES: Final = """
    l.order_id = o.id AND l.quantity > 0 AND (%s::boolean IS FALSE OR q.how_to <> '' OR q.how_to_url <> '')
    AND (%s::boolean OR l.product = ANY(%s::text[]) OR l.variant = ANY(%s::text[])
        OR EXISTS (SELECT FROM jsonb_array_elements_text(q.categories) AS w(word) WHERE lower(w.word) = ANY(%s::text[]))
        OR EXISTS (SELECT FROM jsonb_array_elements_text(q.tags) AS w(word) WHERE lower(w.word) = ANY(%s::text[])))
"""
_MATCHING: Final = f"""FROM orders_orderline l
    LEFT JOIN catalog_product q ON q.store_id = o.store_id AND q.external_id = l.product AND l.product <> ''
    WHERE {_MATCHES}"""


@triggers.register("bought")
@dataclass(frozen=True, slots=True, kw_only=True)
class Bought(OnEvent):
    """Something of these products, categories or tags was bought; whatever it was when none is named."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Bought something of these")
    short: ClassVar[str] = "products"
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_PLACED, kinds.ORDER_DELIVERED})
    candidates: ClassVar[str] = deliveries.told(f"'placed', t.kind = 'order.placed', 'lines', {_LINES}")

    products: tuple[str, ...] = field(
        default=(), metadata={"label": _("Products"), "help": _("the shop's own numbers"), "max_length": 40}
    )
    categories: tuple[str, ...] = field(default=(), metadata={"label": _("Categories"), "max_length": 200})
    tags: tuple[str, ...] = field(default=(), metadata={"label": _("Tags"), "max_length": 200})
    how_to: bool = field(
        default=False,
        metadata={"label": _("Only what has instructions"), "help": _("a text or an address with the product")},
    )
    moment: Literal["ordered", "delivered"] = field(
        default="ordered", metadata={"label": _("Begins"), "choices": MOMENTS}
    )

    def accepts(self, facts: Mapping[str, Any]) -> bool:
        """At the moment it listens to, and with one line that fits."""
        return facts["placed"] == (self.moment == "ordered") and self._line(facts) is not None

    def about(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """The first line that fits."""
        line = self._line(facts) or {}
        return {key: line[key] for key in ("product", "line") if line.get(key)}

    def _line(self, facts: Mapping[str, Any]) -> dict[str, Any] | None:
        return next((line for line in facts["lines"] or () if self._fits(line)), None)

    def _fits(self, line: dict[str, Any]) -> bool:
        if self.how_to and not line["how_to"]:
            return False
        if not (self.products or self.categories or self.tags):
            return True
        return (
            bool({line["product"], line["variant"]} & set(self.products))
            or bool(_lower(line["categories"]) & _lower(self.categories))
            or bool(_lower(line["tags"]) & _lower(self.tags))
        )

    def due(self) -> Sql | None:
        """What must have arrived by now."""
        if self.moment == "ordered":
            return None
        wanted = (
            self.how_to, not (self.products or self.categories or self.tags), list(self.products), list(self.products),
            sorted(_lower(self.categories)), sorted(_lower(self.tags)),
        )  # fmt: skip
        about = f"""(SELECT jsonb_build_object('product', l.product, 'line', l.id) {_MATCHING}
            ORDER BY l.position LIMIT 1)"""
        return deliveries.supposed(None, Sql(f"EXISTS (SELECT {_MATCHING})", wanted), Sql(about, wanted))


def _lower(words: Any) -> set[str]:
    return {word.lower() for word in words if isinstance(word, str)}
