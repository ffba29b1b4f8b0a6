from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.events import kinds
from apps.flows.parts import exits
from apps.flows.silence import LATER_ORDERS

# What it is about: the product, else all of its order.
_SUBJECT = """SELECT e.about ->> 'product' AS product WHERE e.about ->> 'product' IS NOT NULL
    UNION SELECT h.product FROM orders_orderline h WHERE h.order_id = e.order_id AND e.about ->> 'product' IS NULL"""
_RELATED = f"""EXISTS ({LATER_ORDERS} AND EXISTS (SELECT FROM orders_orderline l JOIN ({_SUBJECT}) AS b ON true
    WHERE l.order_id = o.id AND l.quantity > 0 AND l.product <> '' AND (
        EXISTS (SELECT FROM catalog_pairing g WHERE g.store_id = o.store_id
            AND g.product = b.product AND g.other = l.product)
        OR EXISTS (SELECT FROM catalog_product q WHERE q.store_id = o.store_id
            AND q.external_id = b.product AND q.related @> to_jsonb(l.product)))))"""


@exits.register("bought_related")
@dataclass(frozen=True, slots=True, kw_only=True)
class BoughtRelated:
    """Something was bought that goes with what it is about.

    As the shop suggests it, or as other buyers do.
    """

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Bought something that goes with it")
    reason: ClassVar[Reason] = Reason.BOUGHT_AGAIN
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_PLACED})
    completes: ClassVar[bool] = True

    def where(self) -> Sql:
        return Sql(_RELATED)
