"""WooCommerce orders, and the unpaid ones that are baskets (decision 12)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, get_args

from apps.stores.errors import Unreadable
from apps.stores.platforms.base import ShopFacts
from apps.stores.platforms.cleaning import (
    ZERO,
    amount,
    aware,
    currency,
    key,
    money,
    text,
    unescaped,
    unit,
    url,
)
from apps.stores.platforms.woocommerce import meta
from apps.stores.platforms.woocommerce.payloads import LineItem, Meta, Order
from apps.stores.platforms.woocommerce.people import person
from apps.stores.snapshots import (
    Amounts,
    CartSeen,
    Keys,
    Line,
    OrderSeen,
    Person,
    RefundSeen,
    Snapshot,
    Stage,
)

_STAGES: dict[str, Stage] = {
    "auto-draft": "unpaid",
    "draft": "unpaid",
    "checkout-draft": "unpaid",
    "pending": "unpaid",
    "failed": "unpaid",
    "on-hold": "placed",
    "processing": "paid",
    "completed": "fulfilled",
    "cancelled": "cancelled",
    "refunded": "refunded",
    "trash": "cancelled",
}
# Of two states of one second the later in an order's usual life wins.
_RANKS: dict[Stage, int] = {
    "unpaid": 0,
    "cancelled": 3,
    "placed": 4,
    "paid": 5,
    "fulfilled": 6,
    "refunded": 8,
}
_UNPAID_RANKS = {"pending": 1, "failed": 2}
_CANCELLED_AFTER_PAYMENT = 7

_OFFLINE = frozenset({"bacs", "cheque", "cod"})
_NOT_BY_A_BUYER = {
    "admin": "made in the admin",
    "subscription": "subscription renewal",
    "pos": "point of sale",
    "pos-rest-api": "point of sale",
}


def order(body: Order, tie: str, shop: ShopFacts, *, restored: bool) -> list[Snapshot]:
    """The order, and beside it the basket that it still is."""
    if (external_id := key(body.id)) is None:
        raise Unreadable("no_key", "an order has an id")
    if body.order_key is None and body.currency is None and body.line_items is None:
        raise Unreadable("wrong_shape", "expected an order")
    seen = _order(body, external_id, tie, shop, restored=restored)
    if seen.stage == "unpaid" or (seen.stage == "cancelled" and seen.paid_at is None):
        return [seen, _basket(seen, body)]
    return [seen]


def _order(body: Order, external_id: str, tie: str, shop: ShopFacts, *, restored: bool) -> OrderSeen:
    values = meta.by_key(body.meta_data)
    created = aware(body.date_created_gmt or body.date_created)
    at = aware(body.date_modified_gmt or body.date_modified) or created
    paid = aware(body.date_paid_gmt or body.date_paid)
    status = text(body.status, 50).removeprefix("wc-")
    stage = _stage(status, body, shop)
    lines = _lines(body)
    amounts = _amounts(body, lines, shop)
    refunds = _refunds(body, external_id, at, tie, amounts.currency)
    return OrderSeen(
        at=at,
        tie=(_rank(stage, status, paid=paid is not None), tie),
        external_id=external_id,
        number=text(body.number, 100) or external_id,
        stage=stage,
        created_at=created,
        amounts=amounts,
        lines=lines,
        person=person(key(body.customer_id), body.billing, body.shipping, meta.locale(values)),
        placed_at=created if paid or stage not in ("unpaid", "cancelled") else None,
        paid_at=paid,
        fulfilled_at=aware(body.date_completed_gmt or body.date_completed),
        cancelled_at=at if stage == "cancelled" else None,
        refunded=None if body.refunds is None else sum((refund.amount or ZERO for refund in refunds), ZERO),
        refunds=refunds,
        cart_keys=_keys(external_id, values),
        codes=tuple(code for line in body.coupon_lines or () if (code := unescaped(line.code, 255))),
        click=meta.click(values),
        landing=meta.landing(values),
        payment_method=text(body.payment_method, 100),
        pay_url=url(body.payment_url) if body.needs_payment else "",
        status=status,
        consent=meta.consent(values, created or at, shop.consent_meta),
        restored=restored,
    )


def _stage(status: str, body: Order, shop: ShopFacts) -> Stage:
    """The owner's own map first, then WooCommerce's statuses; of a plugin's the payment tells."""
    own = shop.order_statuses or {}
    if (named := own.get(status) or own.get(f"wc-{status}")) in get_args(Stage):
        return named  # type: ignore[return-value]
    if known := _STAGES.get(status):
        return known
    if body.date_paid_gmt or body.date_paid:
        return "paid"
    return "unpaid" if body.needs_payment else "placed"


def _rank(stage: Stage, status: str, *, paid: bool) -> int:
    if stage == "unpaid":
        return _UNPAID_RANKS.get(status, 0)
    return _CANCELLED_AFTER_PAYMENT if stage == "cancelled" and paid else _RANKS[stage]


def _keys(external_id: str, values: dict[str, Any]) -> Keys:
    companion = meta.word(values, "_rcv_cart", 64)
    return (("order", external_id), ("companion", companion)) if companion else (("order", external_id),)


def _amounts(body: Order, lines: tuple[Line, ...], shop: ShopFacts) -> Amounts:
    """Totals as the shop shows them: with tax where its prices have it. `total` is before refunds
    (2.3).
    """
    tax = amount(body.total_tax)
    shipping, discount = amount(body.shipping_total), amount(body.discount_total)
    if body.prices_include_tax:
        shipping = None if shipping is None else shipping + money(body.shipping_tax)
        discount = None if discount is None else discount + money(body.discount_tax)
    total = amount(body.total)
    subtotal = sum([line.total for line in lines], ZERO)
    return Amounts(
        currency=currency(body.currency, shop.currency),
        total=subtotal + (shipping or ZERO) if total is None else total,
        subtotal=subtotal,
        shipping=shipping,
        discount=discount,
        tax=tax,
    )


def _lines(body: Order) -> tuple[Line, ...]:
    with_tax = bool(body.prices_include_tax)
    return tuple(line for item in body.line_items or () if (line := _line(item, with_tax=with_tax)) is not None)


def _line(item: LineItem, *, with_tax: bool) -> Line | None:
    quantity = amount(item.quantity)
    if quantity is None:
        quantity = Decimal(1)
    if quantity <= 0:
        return None
    total = amount(item.total)
    if total is None:
        # `price` is a rounded float of the same amount (2.3): only where there is nothing better.
        total = money(item.price) * quantity
    if with_tax:
        total += money(item.total_tax)
    return Line(
        product=key(item.product_id),
        variant=key(item.variation_id),
        title=unescaped(item.name),
        quantity=quantity,
        unit_price=unit(total, quantity),
        total=total,
        sku=text(item.sku, 100),
        image=url(item.image.src) if item.image is not None else "",
        options=_options(item.meta_data) if item.meta_data else (),
    )


def _options(metas: list[Meta]) -> tuple[tuple[str, str], ...]:
    """What the buyer chose, as the shop words it; keys with `_` are the shop's own notes."""
    pairs = []
    for one in metas:
        if not one.key or one.key.startswith("_"):
            continue
        value = one.display_value if isinstance(one.display_value, str) else one.value
        if isinstance(value, (str, int)) and (shown := unescaped(str(value), 100)) and "<" not in shown:
            name = one.display_key if isinstance(one.display_key, str) else one.key
            pairs.append((unescaped(name, 100), shown))
    return tuple(pairs[:10])


def _refunds(body: Order, external_id: str, at: Any, tie: str, code: str) -> tuple[RefundSeen, ...]:
    """`refunds[]` states negative totals; ours are what was given back."""
    return tuple(
        RefundSeen(
            at=at,
            tie=(0, tie),
            external_id=refund_id,
            order=external_id,
            amount=abs(money(one.total)),
            currency=code,
        )
        for one in body.refunds or ()
        if (refund_id := key(one.id)) is not None
    )


def _basket(seen: OrderSeen, body: Order) -> CartSeen:
    return CartSeen(
        at=seen.at,
        tie=seen.tie,
        keys=seen.cart_keys,
        created_at=seen.created_at,
        origin="order",
        reached_checkout=True,
        lines=seen.lines,
        amounts=seen.amounts,
        person=seen.person if seen.person != Person(locale=seen.person.locale) else None,
        consent=seen.consent,
        unmailable=_unmailable(seen, body),
    )


def _unmailable(seen: OrderSeen, body: Order) -> str:
    """A basket is left by a buyer. With an offline method the order stood until the shop itself
    cancelled it.
    """
    if seen.stage == "cancelled" and (seen.payment_method in _OFFLINE or seen.status == "trash"):
        return "cancelled by the shop"
    return _NOT_BY_A_BUYER.get(body.created_via or "", "")
