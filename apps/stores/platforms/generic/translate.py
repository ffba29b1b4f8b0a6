"""Which message becomes what."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final

import msgspec

from apps.stores.errors import Ignored, Unreadable
from apps.stores.platforms.base import Envelope, ShopFacts
from apps.stores.platforms.cleaning import ZERO, amount, aware, country, currency, email, key, known, text, unit, url
from apps.stores.platforms.decoding import decode, guard
from apps.stores.platforms.generic import payloads as say
from apps.stores.snapshots import (
    Amounts,
    CartGone,
    CartSeen,
    ConsentGiven,
    CustomerSeen,
    FulfillmentSeen,
    Gone,
    Keys,
    Line,
    OrderSeen,
    Person,
    PrivacyRequest,
    ProductSeen,
    ReviewSeen,
    Snapshot,
    Stage,
)

_RANKS: Final[dict[Stage, int]] = {
    "unpaid": 0, "placed": 2, "paid": 3, "fulfilled": 4, "cancelled": 5, "refunded": 6,
}  # fmt: skip
"""Of two states of one second the later in an order's usual life wins."""


def translate(envelope: Envelope, shop: ShopFacts) -> list[Snapshot]:
    guard(envelope.body)
    message = decode(envelope.body, say.Message)
    if not message.type:
        raise Unreadable("no_type", f"expected a type, one of {', '.join(say.TYPES)}")
    told = _TOLD.get(message.type)
    if told is None:
        raise Ignored(f"unknown type {text(message.type, 60)!r}; there are {', '.join(say.TYPES)}")
    if message.data is None:
        raise Unreadable("no_data", "a message has data")
    data = _read(bytes(message.data), say.TYPES[message.type])
    return told(data, hashlib.sha256(envelope.body).hexdigest(), shop, aware(message.timestamp))


@cache
def _decoder(wanted: type[say.Record]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(wanted, strict=False)


def _read(body: bytes, wanted: type[say.Record]) -> Any:
    """Ours is the format, so what does not fit is said with its place."""
    try:
        return _decoder(wanted).decode(body)
    except msgspec.ValidationError as wrong:
        raise Unreadable("wrong_shape", str(wrong).replace("`$", "`data")) from None
    except RecursionError:
        raise Unreadable("too_deep") from None


def _person(of: say.Person | None) -> Person:
    if of is None:
        return Person()
    return Person(
        account=key(of.customer_id),
        email=email(of.email),
        first_name=known(of.first_name),
        last_name=known(of.last_name),
        locale=known(of.language, 20),
        country=country(of.country),
    )


def _consent(given: say.Consent | None) -> ConsentGiven | None:
    if given is None:
        return None
    return ConsentGiven(
        state=given.state,
        at=aware(given.at),
        source=text(given.source, 100) or "shop",
        text_version=text(given.text_version, 100),
        double_opt_in=given.double_opt_in,
    )


def _money(value: Decimal | None) -> Decimal | None:
    return None if value is None else amount(str(value))


def _lines(lines: list[say.Line]) -> tuple[Line, ...]:
    return tuple(made for line in lines if (made := _line(line)) is not None)


def _line(line: say.Line) -> Line | None:
    quantity = _money(line.quantity)
    if quantity is None or quantity <= 0:
        return None
    price, total = _money(line.unit_price), _money(line.total)
    if total is None:
        total = (price or ZERO) * quantity
    return Line(
        product=key(line.product_id),
        variant=key(line.variant_id),
        title=text(line.title),
        quantity=quantity,
        unit_price=unit(total, quantity) if price is None else price,
        total=total,
        sku=text(line.sku, 100),
        image=url(line.image),
        url=url(line.url),
        options=tuple((text(name, 100), text(value, 100)) for name, value in list(line.options.items())[:10]),
    )


def _amounts(sums: say.Sums, shop: ShopFacts) -> Amounts:
    return Amounts(
        currency=currency(sums.currency, shop.currency),
        total=_money(sums.total) or ZERO,
        subtotal=_money(sums.subtotal),
        shipping=_money(sums.shipping),
        discount=_money(sums.discount),
        tax=_money(sums.tax),
    )


def _basket(data: say.Basket, tie: str, shop: ShopFacts, _: datetime | None) -> list[Snapshot]:
    lines = _lines(data.lines)
    if lines and data.sums is None:
        raise Unreadable("wrong_shape", "a basket with lines has sums with a currency - at `data.sums`")
    return [
        CartSeen(
            at=aware(data.updated_at),
            tie=(1 if data.completed_at else 0, tie),
            keys=(("basket", data.id),),
            created_at=aware(data.created_at),
            origin="checkout",
            reached_checkout=data.reached_checkout,
            lines=lines,
            amounts=_amounts(data.sums, shop) if data.sums is not None and lines else None,
            person=_person(data.person) if data.person is not None else None,
            consent=_consent(data.consent),
            recovery_url=url(data.restore_url),
            completed_at=aware(data.completed_at),
        )
    ]


def _basket_gone(data: say.Gone, tie: str, _: ShopFacts, sent: datetime | None) -> list[Snapshot]:
    return [CartGone(at=aware(data.deleted_at) or sent, tie=(2, tie), keys=(("basket", data.id),))]


def _order(data: say.Order, tie: str, shop: ShopFacts, _: datetime | None) -> list[Snapshot]:
    stage: Stage = data.status
    keys: Keys = (("order", data.id),)
    if data.basket_id:
        keys = (*keys, ("basket", data.basket_id))
    created, at = aware(data.created_at), aware(data.updated_at)
    paid = aware(data.paid_at) or (at if stage in ("paid", "fulfilled") else None)
    seen = OrderSeen(
        at=at,
        tie=(_RANKS[stage], tie),
        external_id=data.id,
        number=text(data.number, 100) or data.id,
        stage=stage,
        created_at=created,
        amounts=_amounts(data.sums, shop),
        lines=_lines(data.lines),
        person=_person(data.person),
        placed_at=created if paid or stage not in ("unpaid", "cancelled") else None,
        paid_at=paid,
        fulfilled_at=aware(data.fulfilled_at) or (at if stage == "fulfilled" else None),
        cancelled_at=aware(data.cancelled_at) or (at if stage == "cancelled" else None),
        refunded=_money(data.refunded),
        cart_keys=keys,
        codes=tuple(code for one in data.codes if (code := text(one, 255))),
        click=text(data.click),
        payment_method=text(data.payment_method, 100),
        pay_url=url(data.pay_url),
        status=data.status,
        consent=_consent(data.consent),
        test=data.test,
    )
    beside: list[Snapshot] = []
    if stage == "unpaid" or (stage == "cancelled" and paid is None):
        beside.append(_still_a_basket(seen))
    if data.delivered_at is not None:
        beside.append(_delivered(seen, data.delivered_at))
    return [seen, *beside]


def _still_a_basket(seen: OrderSeen) -> CartSeen:
    """Unpaid is a basket (decision 12)."""
    return CartSeen(
        at=seen.at,
        tie=seen.tie,
        keys=seen.cart_keys,
        created_at=seen.created_at,
        origin="order",
        reached_checkout=True,
        lines=seen.lines,
        amounts=seen.amounts,
        person=seen.person if seen.person.email or seen.person.account else None,
        consent=seen.consent,
        unmailable="test" if seen.test else "",
    )


def _delivered(seen: OrderSeen, moment: datetime) -> FulfillmentSeen:
    return FulfillmentSeen(
        at=seen.at,
        tie=seen.tie,
        external_id=seen.external_id,
        order=seen.external_id,
        status="delivered",
        delivered_at=aware(moment),
    )


def _customer(data: say.Customer, tie: str, _shop: ShopFacts, _: datetime | None) -> list[Snapshot]:
    person = _person(data.person)
    if person.account is None and person.email is None:
        raise Unreadable("no_key", "a customer has a customer_id or a usable email - at `data.person`")
    return [
        CustomerSeen(
            at=aware(data.updated_at),
            tie=(0, tie),
            person=person,
            created_at=aware(data.created_at),
            consent=_consent(data.consent),
        )
    ]


def _product(data: say.Product, tie: str, shop: ShopFacts, _: datetime | None) -> list[Snapshot]:
    return [
        ProductSeen(
            at=aware(data.updated_at),
            tie=(0, tie),
            external_id=data.id,
            parent=key(data.parent_id) or "",
            title=text(data.title),
            url=url(data.url),
            image=url(data.image),
            price=_money(data.price),
            regular_price=_money(data.regular_price),
            currency=currency(data.currency, shop.currency),
            in_stock=data.in_stock,
            stock=_money(data.stock),
            status="publish" if data.published else "hidden",
            categories=tuple(named for one in data.categories if (named := text(one))),
            tags=tuple(named for one in data.tags if (named := text(one))),
            brand=text(data.brand),
            rating=_money(data.rating),
            rating_count=data.rating_count,
            related=tuple(data.related[:20]),
        )
    ]


def _review(data: say.Review, tie: str, _shop: ShopFacts, _: datetime | None) -> list[Snapshot]:
    return [
        ReviewSeen(
            at=aware(data.written_at),
            tie=(0, tie),
            external_id=data.id,
            product=data.product_id,
            rating=data.rating,
            person=_person(data.person),
            author=text(data.author),
            text=text(data.text, 10_000),
            verified=data.verified,
            approved=data.approved,
            written_at=aware(data.written_at),
        )
    ]


def _gone(noun: Any) -> Callable[[Any, str, ShopFacts, datetime | None], list[Snapshot]]:
    def told(data: say.Gone, tie: str, _: ShopFacts, sent: datetime | None) -> list[Snapshot]:
        return [Gone(at=aware(data.deleted_at) or sent, tie=(0, tie), noun=noun, external_id=data.id)]

    return told


def _erasure(data: say.Erasure, tie: str, _shop: ShopFacts, sent: datetime | None) -> list[Snapshot]:
    person = _person(data.person)
    if person.account is None and person.email is None:
        raise Unreadable("no_key", "erasure names a customer_id or an email - at `data.person`")
    return [
        PrivacyRequest(
            at=sent, tie=(0, tie), action="redact", person=person, request_id=text(data.request_id, 100)
        )
    ]  # fmt: skip


_TOLD: Final[dict[str, Callable[[Any, str, ShopFacts, datetime | None], list[Snapshot]]]] = {
    "basket.updated": _basket,
    "basket.deleted": _basket_gone,
    "order.updated": _order,
    "order.deleted": _gone("order"),
    "customer.updated": _customer,
    "customer.deleted": _gone("customer"),
    "product.updated": _product,
    "product.deleted": _gone("product"),
    "review.updated": _review,
    "privacy.erase": _erasure,
}
