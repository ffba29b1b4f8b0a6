"""What our WordPress companion tells: baskets, consent, erasure (woocommerce.md 5.4)."""

from __future__ import annotations

import hashlib
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from apps.stores.errors import Ignored, Unreadable
from apps.stores.platforms.base import ShopFacts
from apps.stores.platforms.cleaning import (
    ZERO,
    amount,
    aware,
    country,
    currency,
    email,
    key,
    known,
    text,
    unit,
    url,
)
from apps.stores.platforms.decoding import decode, guard, read
from apps.stores.platforms.woocommerce import meta
from apps.stores.platforms.woocommerce.payloads import (
    Batch,
    CompanionConsent,
    CompanionData,
    CompanionEvent,
    CompanionItem,
)
from apps.stores.snapshots import (
    Amounts,
    CartSeen,
    ConsentSeen,
    Line,
    Person,
    PrivacyRequest,
    Snapshot,
)

# Typing an address is what a checkout asks for; an account's address is known before anything is
# wanted.
_AT_CHECKOUT = frozenset({"checkout", "typed"})


def events(body: bytes) -> list[msgspec.Raw] | None:
    """The batch's events, still raw; None for bare data."""
    # Not guarded as a whole: a NUL in one event is that event's trouble.
    return decode(body, Batch).events


def batch(events: list[msgspec.Raw], shop: ShopFacts) -> tuple[list[Snapshot], list[Unreadable]]:
    """Each event on its own: what one of them breaks is kept apart (decision 20)."""
    seen: list[Snapshot] = []
    refused: list[Unreadable] = []
    for raw in events:
        try:
            seen += _event(bytes(raw), shop)
        except Unreadable as error:
            refused.append(error)
        except Ignored:
            continue
    if not seen and not refused:
        raise Ignored("a batch without anything we use")
    return seen, refused


def _event(raw: bytes, shop: ShopFacts) -> list[Snapshot]:
    event = read(raw, CompanionEvent)
    if event.data is None:
        raise Unreadable("no_key", "an event has data")
    return told(
        event.topic or "",
        event.data,
        raw,
        shop,
        created=aware(event.created),
        event_id=text(event.id, 100),
    )


def bare(topic: str, body: bytes, shop: ShopFacts) -> list[Snapshot]:
    """The same data sent by WooCommerce's own machinery: no envelope."""
    guard(body)
    return told(topic, decode(body, CompanionData), body, shop)


def told(
    topic: str,
    data: CompanionData,
    raw: bytes,
    shop: ShopFacts,
    *,
    created: datetime | None = None,
    event_id: str = "",
) -> list[Snapshot]:
    at, tie = aware(data.at) or created, hashlib.sha256(raw).hexdigest()
    match topic:
        case "cart.updated" | "cart.emptied":
            return [_cart(data, at, tie, shop, emptied=topic == "cart.emptied")]
        case "consent.changed":
            return [_consent(data, at, tie)]
        case "privacy.erase":
            return [
                PrivacyRequest(
                    at=at,
                    tie=(0, tie),
                    action="redact",
                    person=_addressed(data),
                    request_id=event_id,
                )
            ]
    raise Ignored(f"unknown topic {text(topic, 100)!r}")


def _cart(data: CompanionData, at: datetime | None, tie: str, shop: ShopFacts, *, emptied: bool) -> CartSeen:
    cart = key(data.cart)
    if cart is None:
        raise Unreadable("no_key", "a basket has its id")
    lines = () if emptied else _lines(data)
    return CartSeen(
        at=at,
        tie=(0, tie),
        keys=(("companion", cart),),
        created_at=None,
        origin="companion",
        reached_checkout=data.email_source in _AT_CHECKOUT,
        lines=lines,
        amounts=_amounts(data, lines, shop),
        person=_person(data),
        consent=meta.given(data.consent, at),
    )


def _person(data: CompanionData) -> Person:
    return Person(
        account=key(data.customer_id),
        email=email(data.email),
        first_name=known(data.first_name),
        last_name=known(data.last_name),
        locale=known(data.locale, 20),
        country=country(data.country),
    )


def _addressed(data: CompanionData) -> Person:
    person = _person(data)
    if person.email is None and person.account is None:
        raise Unreadable("no_key", "consent and erasure name a person")
    return person


def _consent(data: CompanionData, at: datetime | None, tie: str) -> ConsentSeen:
    stamp = data.consent or CompanionConsent(
        state=data.state, at=data.at, source=data.source, text_version=data.text_version
    )
    person, consent = _addressed(data), meta.given(stamp, at)
    if consent is None:
        raise Ignored("no yes and no no")
    return ConsentSeen(at=at or consent.at, tie=(0, tie), person=person, consent=consent)


def _amounts(data: CompanionData, lines: tuple[Line, ...], shop: ShopFacts) -> Amounts:
    subtotal = sum((line.total for line in lines), ZERO)
    total, shipping = amount(data.total), amount(data.shipping)
    if not lines:
        total = ZERO
    return Amounts(
        currency=currency(data.currency, shop.currency),
        total=subtotal + (shipping or ZERO) if total is None else total,
        subtotal=subtotal,
        shipping=shipping,
        total_includes_shipping=shipping is None and total is not None and total > subtotal,
    )


def _lines(data: CompanionData) -> tuple[Line, ...]:
    return tuple(line for item in data.items or () if (line := _line(item)) is not None)


def _line(item: CompanionItem) -> Line | None:
    quantity = amount(item.quantity)
    if quantity is None:
        quantity = Decimal(1)
    if quantity <= 0:
        return None
    price, total = amount(item.price), amount(item.line_total)
    if total is None:
        total = (price or ZERO) * quantity
    return Line(
        product=key(item.product_id),
        variant=key(item.variation_id),
        title=text(item.name),
        quantity=quantity,
        unit_price=unit(total, quantity) if price is None else price,
        total=total,
        sku=text(item.sku, 100),
        image=url(item.image),
        url=url(item.url),
        options=_variation(item.variation),
    )


def _variation(value: Any) -> tuple[tuple[str, str], ...]:
    """`{"attribute_colour": "Moss"}` under the shop's own keys: a restored basket needs them as
    they are.
    """
    if not isinstance(value, dict):
        return ()
    return tuple((text(name, 100), text(chosen, 100)) for name, chosen in value.items() if isinstance(chosen, str))[:10]
