from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from django.utils.translation import gettext_lazy as _

from apps.events import kinds
from apps.flows.parts import OnEvent, triggers

CHECKOUT = {
    "reached": _("the checkout was reached"),
    "not_reached": _("the checkout was not reached"),
    "any": _("either way"),
}


@triggers.register("cart_abandoned")
@dataclass(frozen=True, slots=True, kw_only=True)
class CartAbandoned(OnEvent):
    """A known person left a basket behind.

    The basket of somebody without an address starts nothing: once the address is known the basket falls
    silent anew. While the same person is filling a basket, no step is taken.
    """

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Basket left behind")
    short: ClassVar[str] = "checkout"
    lane: ClassVar[str] = "basket"
    hears: ClassVar[frozenset[str]] = frozenset({kinds.CART_ABANDONED})
    candidates: ClassVar[str] = """
        SELECT t.id AS event_id, t.store_id, c.customer_id, c.id AS cart_id, NULL::bigint AS order_id,
            ''::text AS subject, t.occurred_at AS triggered_at, c.last_activity_at AS newest_at,
            jsonb_build_object('reached_checkout', c.reached_checkout, 'unmailable', c.unmailable) AS facts
        FROM told t
        JOIN carts_cart c ON c.id = (t.data ->> 'cart')::bigint AND c.store_id = t.store_id
        JOIN customers_customer p ON p.id = c.customer_id AND p.email_key IS NOT NULL AND p.erased_at IS NULL
        WHERE c.status = 'abandoned'
    """
    hold: ClassVar[str] = """
        (SELECT max(n.due_at) FROM carts_cart n
         WHERE n.customer_id = e.customer_id AND n.store_id = e.store_id AND n.status = 'active')
    """

    checkout: Literal["reached", "not_reached", "any"] = field(
        default="any", metadata={"label": _("Checkout"), "choices": CHECKOUT}
    )

    def accepts(self, facts: Mapping[str, Any]) -> bool:
        return self.checkout == "any" or (self.checkout == "reached") == facts["reached_checkout"]
