from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from django.utils.translation import gettext_lazy as _

from apps.events import kinds
from apps.flows.parts import OnEvent, triggers
from apps.flows.purchases import REACHABLE

WANTED: Final = "stock.wanted"
"""What a shop's own form or another app calls its event of somebody who asks for a mail; with `product`."""

# The product or a variant of it: whoever asked for the blue one is told that the blue one is back.
_ASKED: Final = f"""
    SELECT t.id, x.customer_id FROM told t
    JOIN customers_customevent x ON x.store_id = t.store_id AND x.name = '{WANTED}'
        AND x.properties ->> 'product' = t.data ->> 'product'
        AND x.occurred_at > t.occurred_at - interval '1 year' AND x.occurred_at <= t.occurred_at
"""
_HAD_IT: Final = """
    SELECT t.id, c.customer_id FROM told t
    JOIN events_event d ON d.store_id = t.store_id AND d.kind = 'cart.abandoned'
        AND d.occurred_at > t.occurred_at - interval '60 days' AND d.occurred_at <= t.occurred_at
    JOIN carts_cart c ON c.id = (d.data ->> 'cart')::bigint AND c.store_id = t.store_id
        AND c.status = 'abandoned' AND c.unmailable = '' AND c.customer_id IS NOT NULL
    WHERE EXISTS (SELECT FROM jsonb_array_elements(c.lines) AS l(line)
        WHERE t.data ->> 'product' IN (l.line ->> 'product', l.line ->> 'variant'))
"""


@triggers.register("back_in_stock")
@dataclass(frozen=True, slots=True, kw_only=True)
class BackInStock(OnEvent):
    """Something is in stock again that somebody asked for, or left behind in a basket of the last sixty days."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Back in stock")
    hears: ClassVar[frozenset[str]] = frozenset({kinds.PRODUCT_BACK})
    candidates: ClassVar[str] = f"""
        SELECT t.id AS event_id, t.store_id, p.id AS customer_id, NULL::bigint AS cart_id, NULL::bigint AS order_id,
            'product:' || (t.data ->> 'product') AS subject, t.occurred_at AS triggered_at,
            t.occurred_at AS newest_at,
            jsonb_build_object('about', jsonb_build_object('product', t.data ->> 'product')) AS facts
        FROM told t JOIN ({_ASKED} UNION {_HAD_IT}) AS g ON g.id = t.id
        JOIN customers_customer p ON p.id = g.customer_id AND p.store_id = t.store_id AND {REACHABLE}
        WHERE t.data ->> 'product' IS NOT NULL
    """
