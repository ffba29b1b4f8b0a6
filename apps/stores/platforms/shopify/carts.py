"""Baskets: carts without a person, and checkouts."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from apps.stores.errors import Unreadable
from apps.stores.platforms.cleaning import ZERO, aware, key, money, text, unit, url
from apps.stores.platforms.cleaning import amount as number
from apps.stores.platforms.shopify.parts import (
    Context,
    cart_keys,
    cart_token,
    options,
    person,
    shown,
    shown_currency,
    title,
    unmailable,
)
from apps.stores.platforms.shopify.payloads import (
    Cart,
    CartLine,
    Checkout,
    CheckoutLine,
    DeletedCheckout,
    ShippingLine,
)
from apps.stores.snapshots import Amounts, CartGone, CartSeen, ConsentGiven, Line, Snapshot


def cart(body: Cart, context: Context) -> list[Snapshot]:
    """A cart of the online store. It knows no person (shopify.md 3)."""
    token = cart_token(body.token) or cart_token(body.id)
    if token is None:
        raise Unreadable("no_key", "a cart has a token")
    lines = tuple(line for item in body.line_items or () if (line := _cart_line(item)) is not None)
    return [
        CartSeen(
            at=aware(body.updated_at) or context.triggered_at,
            tie=(0, context.tie),
            keys=(("cart", token),),
            created_at=aware(body.created_at),
            origin="cart",
            reached_checkout=False,
            lines=lines,
            amounts=_cart_amounts(body, lines, context),
            unmailable=unmailable(None, None, test=context.test),
        )
    ]


def _cart_amounts(body: Cart, lines: tuple[Line, ...], context: Context) -> Amounts | None:
    """A cart states no total and, emptied, no currency either."""
    if not lines:
        return None
    first = (body.line_items or [CartLine()])[0]
    total = sum((line.total for line in lines), ZERO)
    code = shown_currency(first.line_price_set or first.price_set, context.shop.currency)
    return Amounts(currency=code, total=total, subtotal=total)


def _cart_line(item: CartLine) -> Line | None:
    """`price` is the unit after line discounts, `line_price` the line: never multiplied twice
    (14.13).
    """
    return _line(
        item,
        named=text(item.title),
        price=number(shown(item.price_set, item.price)),
        total=number(shown(item.line_price_set, item.line_price)),
    )


def _line(item: CartLine | CheckoutLine, *, named: str, price: Decimal | None, total: Decimal | None) -> Line | None:
    quantity = number(item.quantity)
    if quantity is None:
        quantity = Decimal(1)
    if quantity <= 0:
        return None
    if total is None:
        total = (price or ZERO) * quantity
    return Line(
        product=key(item.product_id),
        variant=key(item.variant_id),
        title=named,
        quantity=quantity,
        unit_price=unit(total, quantity) if price is None else price,
        total=total,
        sku=text(item.sku, 100),
        options=options(item.properties) if item.properties else (),
        gift_card=bool(item.gift_card),
    )


def checkout(body: Checkout, context: Context) -> list[Snapshot]:
    """A checkout; of two states of one second the completed one wins (14.5)."""
    if key(body.token) is None:
        raise Unreadable("no_key", "a checkout has a token")
    if body.line_items is None and body.total_price is None and body.abandoned_checkout_url is None:
        raise Unreadable("wrong_shape", "expected a checkout")
    completed = aware(body.completed_at)
    lines = tuple(line for item in body.line_items or () if (line := _checkout_line(item)) is not None)
    at = aware(body.updated_at) or context.triggered_at
    return [
        CartSeen(
            at=at,
            tie=(1 if completed else 0, context.tie),
            keys=cart_keys(body.token, body.cart_token),
            created_at=aware(body.created_at),
            origin="checkout",
            reached_checkout=True,
            lines=lines,
            amounts=_checkout_amounts(body, lines, context),
            person=person(
                body.email,
                body.customer,
                body.shipping_address,
                body.billing_address,
                body.customer_locale,
            ),
            # An unticked box says nothing; of a ticked one only the owner knows who ticked it
            # (decision 15).
            consent=_box(body, at),
            recovery_url=url(body.abandoned_checkout_url),
            completed_at=completed,
            unmailable=unmailable(body.source_name, body.company, test=context.test),
        )
    ]


def _box(body: Checkout, at: datetime | None) -> ConsentGiven | None:
    if not body.buyer_accepts_marketing:
        return None
    return ConsentGiven(state="granted", at=at, source="shopify checkout", attest=True)


def _checkout_line(item: CheckoutLine) -> Line | None:
    """In the buyer's words where the shop translated, else in the shop's."""
    named = title(item.presentment_title or item.title, item.presentment_variant_title or item.variant_title)
    price = number(item.price)
    if price is None:
        price = number(item.variant_price)
    return _line(item, named=named, price=price, total=number(item.line_price))


def _checkout_amounts(body: Checkout, lines: tuple[Line, ...], context: Context) -> Amounts:
    """A checkout's strings are in the buyer's currency (2.2)."""
    subtotal, total = number(body.subtotal_price), number(body.total_price)
    shipping = shipping_of(body.shipping_lines)
    if subtotal is None:
        subtotal = sum((line.total for line in lines), ZERO)
    return Amounts(
        currency=shown_currency(None, body.presentment_currency, body.currency, context.shop.currency),
        total=subtotal + (shipping or ZERO) if total is None else total,
        subtotal=subtotal,
        shipping=shipping,
        discount=number(body.total_discounts),
        tax=number(body.total_tax),
    )


def shipping_of(lines: list[ShippingLine] | None) -> Decimal | None:
    """None until a way of sending is chosen."""
    chosen = [line for line in lines or () if not line.is_removed]
    return sum((money(shown(line.price_set, line.price)) for line in chosen), ZERO) if chosen else None


def checkout_gone(body: DeletedCheckout, context: Context) -> list[Snapshot]:
    """Without a token as a rule: joined by its cart."""
    keys = cart_keys(body.token, body.cart_token)
    if not keys:
        raise Unreadable("no_key", "a deleted checkout has a token or a cart token")
    return [CartGone(at=context.triggered_at, tie=(2, context.tie), keys=keys)]
