"""Orders, refunds and parcels."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

from apps.stores.errors import Unreadable
from apps.stores.platforms.cleaning import ZERO, aware, key, money, text, unit, url
from apps.stores.platforms.cleaning import amount as number
from apps.stores.platforms.shopify.carts import shipping_of
from apps.stores.platforms.shopify.parts import (
    Context,
    cart_keys,
    options,
    pairs_of,
    person,
    shown,
    shown_currency,
    title,
)
from apps.stores.platforms.shopify.payloads import (
    Fulfillment,
    FulfillmentEvent,
    Order,
    OrderLine,
    Refund,
    Transaction,
)
from apps.stores.snapshots import (
    Amounts,
    ConsentGiven,
    FulfillmentSeen,
    Line,
    OrderSeen,
    RefundSeen,
    Snapshot,
    Stage,
)

CLICK_ATTRIBUTE = "mandje"

_PAID = frozenset({"paid", "partially_refunded", "refunded"})
_RANKS: dict[Stage, int] = {
    "unpaid": 0,
    "placed": 1,
    "paid": 2,
    "fulfilled": 3,
    "refunded": 4,
    "cancelled": 5,
}
_GIVEN_BACK = frozenset({"refund", "change"})


def order(body: Order, context: Context) -> list[Snapshot]:
    """An order of Shopify is always placed: before that it is a checkout."""
    external_id = key(body.id)
    if external_id is None:
        raise Unreadable("no_key", "an order has an id")
    if body.financial_status is None and body.total_price is None and body.line_items is None:
        raise Unreadable("wrong_shape", "expected an order")
    return [_order(body, external_id, context)]


def _order(body: Order, external_id: str, context: Context) -> OrderSeen:
    created = aware(body.created_at)
    at = aware(body.updated_at) or context.triggered_at or created
    placed = aware(body.processed_at) or created or at
    stage = _stage(body)
    lines = tuple(line for item in body.line_items or () if (line := _line(item)) is not None)
    amounts = _amounts(body, lines, context)
    refunds = tuple(
        seen for one in body.refunds or () if (seen := _refund(one, external_id, amounts.currency, context))
    )
    return OrderSeen(
        at=at,
        tie=(_RANKS[stage], context.tie),
        external_id=external_id,
        number=text(body.name, 100) or text(_word(body.order_number), 100) or external_id,
        stage=stage,
        created_at=created,
        amounts=amounts,
        lines=lines,
        person=person(
            body.email or body.contact_email,
            body.customer,
            body.shipping_address,
            body.billing_address,
            body.customer_locale,
        ),
        placed_at=placed,
        # Shopify names no moment of payment; that of the order is the same in every later body.
        paid_at=placed if body.financial_status in _PAID else None,
        fulfilled_at=_fulfilled_at(body, at),
        cancelled_at=aware(body.cancelled_at),
        refunded=_refunded(body, refunds, amounts),
        refunds=refunds,
        cart_keys=cart_keys(body.checkout_token, body.cart_token),
        codes=tuple(code for one in body.discount_codes or () if (code := text(one.code, 255))),
        click=_click(body),
        landing=text(body.landing_site, 2000),
        payment_method=text(next(iter(body.payment_gateway_names or ()), None), 100),
        status="/".join(text(word, 50) for word in (body.financial_status, body.fulfillment_status) if word),
        consent=_box(body, created or at),
        test=bool(body.test) or context.test,
    )


def _word(value: Any) -> str | None:
    return None if value is None else str(value)


def _stage(body: Order) -> Stage:
    if body.cancelled_at is not None or body.financial_status == "voided":
        return "cancelled"
    if body.financial_status == "refunded":
        return "refunded"
    if body.fulfillment_status == "fulfilled":
        return "fulfilled"
    return "paid" if body.financial_status in _PAID else "placed"


def _fulfilled_at(body: Order, at: datetime | None) -> datetime | None:
    if body.fulfillment_status != "fulfilled":
        return None
    sent = [
        moment for one in body.fulfillments or () if one.status != "cancelled" and (moment := aware(one.created_at))
    ]
    return max(sent) if sent else at


def _box(body: Order, at: datetime | None) -> ConsentGiven | None:
    if not body.buyer_accepts_marketing:
        return None
    return ConsentGiven(state="granted", at=at, source="shopify checkout", attest=True)


def _click(body: Order) -> str:
    """Our token as a cart attribute, or in the landing page's `utm_id` (shopify.md 3.5)."""
    for name, value in pairs_of(body.note_attributes):
        if name == CLICK_ATTRIBUTE and isinstance(value, (str, int)):
            return text(str(value))
    if body.landing_site and "utm_id" in body.landing_site:
        try:
            query = parse_qs(urlsplit(body.landing_site).query, max_num_fields=50)
        except ValueError:
            return ""
        if query.get("utm_source") == [CLICK_ATTRIBUTE]:
            return text(query.get("utm_id", [""])[0])
    return ""


def _amounts(body: Order, lines: tuple[Line, ...], context: Context) -> Amounts:
    """In the buyer's currency: the sets' presentment money, since an order's plain strings are the
    shop's.
    """
    total = number(shown(body.total_price_set, body.total_price))
    subtotal = number(shown(body.subtotal_price_set, body.subtotal_price))
    shipping = number(shown(body.total_shipping_price_set, None))
    if shipping is None:
        shipping = shipping_of(body.shipping_lines)
    if subtotal is None:
        subtotal = sum((line.total for line in lines), ZERO)
    return Amounts(
        currency=_currency(body, context),
        total=subtotal + (shipping or ZERO) if total is None else total,
        subtotal=subtotal,
        shipping=shipping,
        discount=number(shown(body.total_discounts_set, body.total_discounts)),
        tax=number(shown(body.total_tax_set, body.total_tax)),
    )


def _currency(body: Order, context: Context) -> str:
    """Without sets the amounts are the shop's, and so is their currency."""
    return shown_currency(body.total_price_set, body.currency, body.presentment_currency, context.shop.currency)


def _line(item: OrderLine) -> Line | None:
    quantity = number(item.quantity)
    if quantity is None:
        quantity = Decimal(1)
    if quantity <= 0:
        return None
    price = money(shown(item.price_set, item.price))
    total = price * quantity
    for one in item.discount_allocations or ():
        total -= money(shown(one.amount_set, one.amount))
    return Line(
        product=key(item.product_id),
        variant=key(item.variant_id),
        title=text(item.name) or title(item.title, item.variant_title),
        quantity=quantity,
        unit_price=unit(total, quantity) if item.discount_allocations else price,
        total=total,
        sku=text(item.sku, 100),
        options=options(item.properties) if item.properties else (),
        gift_card=bool(item.gift_card),
    )


def _refunded(body: Order, refunds: tuple[RefundSeen, ...], amounts: Amounts) -> Decimal | None:
    """What went back so far; where only the status tells, a full refund is the total."""
    known = [refund.amount for refund in refunds if refund.amount is not None]
    if not any(known) and body.financial_status == "refunded":
        return amounts.total
    if body.refunds is None or len(known) < len(refunds):
        return None
    if not known and body.financial_status == "partially_refunded":
        return None
    return sum(known, ZERO)


def refund(body: Refund, context: Context) -> list[Snapshot]:
    order_id = key(body.order_id)
    seen = _refund(body, order_id or "", "", context)
    if order_id is None or seen is None:
        raise Unreadable("no_key", "a refund has an id and an order")
    if body.transactions is None and body.refund_line_items is None:
        raise Unreadable("wrong_shape", "expected a refund")
    return [seen]


def _refund(body: Refund, order_id: str, code: str, context: Context) -> RefundSeen | None:
    external_id = key(body.id)
    if external_id is None:
        return None
    paid_back = None if body.transactions is None else [one for one in body.transactions if _went_back(one)]
    currencies = [found for one in paid_back or () if (found := shown_currency(None, one.currency))]
    return RefundSeen(
        at=aware(body.processed_at) or aware(body.created_at) or context.triggered_at,
        tie=(0, context.tie),
        external_id=external_id,
        order=order_id,
        # Lines taken off an order give nothing back; money moves in transactions only.
        amount=None if paid_back is None else sum((abs(money(one.amount)) for one in paid_back), ZERO),
        currency=currencies[0] if currencies else code,
    )


def _went_back(one: Transaction) -> bool:
    return one.kind in _GIVEN_BACK and one.status in ("success", None)


def fulfillment(body: Fulfillment, context: Context) -> list[Snapshot]:
    external_id, order_id = key(body.id), key(body.order_id)
    if external_id is None or order_id is None:
        raise Unreadable("no_key", "a fulfillment has an id and an order")
    at = aware(body.updated_at) or aware(body.created_at) or context.triggered_at
    links = [body.tracking_url, *(body.tracking_urls or ())]
    return [
        FulfillmentSeen(
            at=at,
            tie=(0, context.tie),
            external_id=external_id,
            order=order_id,
            status=text(body.shipment_status or body.status, 50),
            delivered_at=at if body.shipment_status == "delivered" else None,
            tracking_url=next((found for one in links if (found := url(one))), ""),
        )
    ]


def fulfillment_event(body: FulfillmentEvent, context: Context) -> list[Snapshot]:
    """One step of a parcel, told of its fulfillment."""
    external_id, order_id = key(body.fulfillment_id), key(body.order_id)
    if external_id is None or order_id is None:
        raise Unreadable("no_key", "a parcel's event has its fulfillment and order")
    happened = aware(body.happened_at) or aware(body.created_at) or context.triggered_at
    return [
        FulfillmentSeen(
            # The carrier's moment may lie before what a fulfillment's own update already told.
            at=aware(body.updated_at) or aware(body.created_at) or happened,
            tie=(1, context.tie),
            external_id=external_id,
            order=order_id,
            status=text(body.status, 50),
            delivered_at=happened if body.status == "delivered" else None,
        )
    ]
