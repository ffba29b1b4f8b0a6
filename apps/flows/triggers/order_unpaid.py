from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.events import kinds
from apps.flows.parts import OnEvent, triggers
from apps.flows.purchases import ORDER_TOLD, REACHABLE


@triggers.register("order_unpaid")
@dataclass(frozen=True, slots=True, kw_only=True)
class OrderUnpaid(OnEvent):
    """A payment failed, or waits for the buyer. Whatever happens to the order after that begins the wait anew.

    An unpaid order is a basket (decision 12): this takes the place of a reminder about it.
    """

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Order not paid")
    lane: ClassVar[str] = "basket"
    takes_over: ClassVar[bool] = True
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_UNPAID})
    # The basket that the order still is, under its own number.
    candidates: ClassVar[str] = f"""
        SELECT t.id AS event_id, o.store_id, c.customer_id, c.id AS cart_id, o.id AS order_id,
            'order:' || o.id AS subject, t.occurred_at AS triggered_at, t.occurred_at AS newest_at,
            '{{}}'::jsonb AS facts
        FROM told t
        JOIN orders_order o ON o.id = {ORDER_TOLD} AND o.store_id = t.store_id
        JOIN carts_cartkey k ON k.store_id = o.store_id AND k.kind = 'order' AND k.value = o.external_id
        JOIN carts_cart c ON c.id = k.cart_id AND c.status IN ('active', 'abandoned') AND c.unmailable = ''
        JOIN customers_customer p ON p.id = c.customer_id AND {REACHABLE}
        WHERE o.paid_at IS NULL AND NOT o.silences AND NOT o.test AND o.gone_at IS NULL
    """
