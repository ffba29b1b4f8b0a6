"""A full example of everything a mail may say, and the ways in which it can be sparse.

Every merge tag has a sample, so that every preview is full; publishing renders all variants, so
that a mail is known to read well without a name, with forty lines, without pictures, before it
meets a customer.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec

from apps.mail.context import Basket, BasketLine, Links, MailContext, Offer, Profile

LINES = {
    "nl": (
        ("Linnen theedoek – set van 3 (naturel)", ("Naturel",), "1", "24.95"),
        ("Koffiemok steengoed 300 ml | handgedraaid", ("Zeegroen",), "2", "17.50"),
        ("Olijfhouten snijplank", ("Middel",), "1", "39.00"),
    ),
    "en": (
        ("Linen tea towel – set of 3 (natural)", ("Natural",), "1", "24.95"),
        ("Stoneware mug 300 ml | hand thrown", ("Sea green",), "2", "17.50"),
        ("Olive wood board", ("Medium",), "1", "39.00"),
    ),
}

WORDS = {
    "nl": {
        "hours": "ma t/m vr 9.00-17.00 uur",
        "reply_time": "binnen één werkdag",
        "delivery": "Voor 17.00 uur besteld, morgen in huis.",
        "warranty": "Twee jaar garantie op alles wat we maken.",
        "safety": "Veilig betalen; gegevens gaan nooit naar anderen.",
        "return_note": "Retour is gratis.",
        "reason": "omdat een bestelling bij ons is begonnen en hiervoor toestemming is gegeven",
    },
    "en": {
        "hours": "Mon to Fri 9:00-17:00",
        "reply_time": "within one working day",
        "delivery": "Ordered before 17:00, delivered tomorrow.",
        "warranty": "Two years of warranty on everything we make.",
        "safety": "Pay safely; details are never passed on.",
        "return_note": "Returns are free.",
        "reason": "because an order was started with us and permission was given for this",
    },
}


def profile(locale: str) -> Profile:
    words = WORDS[locale[:2]]
    return Profile(
        name="Molenzicht",
        url="https://molenzicht.example",
        colour="#2f5d50",
        signature="Sanne van Molenzicht",
        phone="+31 20 123 45 67",
        chat_url="https://molenzicht.example/chat",
        email="hallo@molenzicht.example",
        payments=("iDEAL", "Bancontact", "PayPal"),
        return_days=30,
        shipping_flat=Decimal("4.95"),
        free_shipping_from=Decimal(100),
        legal_name="Molenzicht B.V.",
        postal_address="Molenpad 12, 1016 GM Amsterdam",
        registration="KvK 12345678",
        country="NL",
        currency="EUR",
        **{name: words[name] for name in ("hours", "reply_time", "delivery", "warranty", "safety", "return_note")},
    )


def sample(locale: str) -> MailContext:
    """The full one: three lines, shipping known, a complete profile."""
    lines = tuple(
        BasketLine(
            title=title,
            options=options,
            quantity=Decimal(quantity),
            price=Decimal(price),
            total=Decimal(price) * Decimal(quantity),
            image=f"https://molenzicht.example/img/{number}.jpg",
            url=f"https://molenzicht.example/p/{number}",
        )
        for number, (title, options, quantity, price) in enumerate(LINES[locale[:2]], start=1)
    )
    return MailContext(
        locale=locale,
        shop=profile(locale),
        first_name="Ada",
        basket=Basket(
            currency="EUR",
            lines=lines,
            subtotal=Decimal("98.95"),
            shipping=Decimal("4.95"),
            tax=Decimal("18.03"),
            total=Decimal("103.90"),
        ),
        links=Links(
            restore="https://molenzicht.example/mandje/herstel?id=8f3c",
            unsubscribe="https://mail.molenzicht.example/u/voorbeeld",
            shop="https://molenzicht.example",
        ),
        reason=WORDS[locale[:2]]["reason"],
        expires_on=date(2026, 11, 25),
        offer=Offer(
            code="DANK-K7MXQ2NDRA",
            kind="amount",
            value=Decimal(10),
            currency="EUR",
            minimum=Decimal(40),
            ends_on=date(2026, 11, 25),
            link="https://molenzicht.example/mandje/herstel?id=8f3c&code=DANK-K7MXQ2NDRA",
        ),
    )


def _given(kind: str, *, code: str = "K7MXQ2NDRA", value: str = "0", minimum: str | None = None) -> Offer:
    """An offer of another kind, without conditions but those named."""
    return Offer(
        code=code,
        kind=kind,
        value=Decimal(value),
        minimum=Decimal(minimum) if minimum else None,
        currency="EUR",
        ends_on=date(2026, 11, 25),
        link="https://molenzicht.example/",
    )


def variants(locale: str) -> dict[str, MailContext]:
    """The full sample and its sparse sisters, by a name an owner understands."""
    full = sample(locale)
    basket, replace = full.basket, msgspec.structs.replace
    bare = tuple(replace(line, image="") for line in basket.lines)
    unshipped = replace(basket, shipping=None, total=None, tax=None)
    name_only = Profile(name="Molenzicht", country="NL", currency="EUR")
    return {
        "full": full,
        "no first name": replace(full, first_name=""),
        "one line": replace(full, basket=replace(unshipped, lines=basket.lines[:1], subtotal=basket.lines[0].total)),
        "forty lines": replace(full, basket=replace(basket, lines=(basket.lines * 14)[:40])),
        "no images": replace(full, basket=replace(basket, lines=bare)),
        "no shipping": replace(full, basket=unshipped, shop=replace(full.shop, shipping_flat=None)),
        "flat shipping": replace(full, basket=unshipped),
        "discount": replace(full, basket=replace(basket, discount=Decimal(10), total=Decimal("93.90"))),
        "tax at the end": replace(full, basket=replace(basket, total=Decimal("121.93"))),
        "other costs": replace(full, basket=replace(basket, total=Decimal("106.40"))),
        "free shipping": replace(full, basket=replace(basket, shipping=Decimal(0), total=Decimal("98.95"))),
        "empty profile": replace(full, shop=name_only),
        "bare": replace(
            full,
            shop=name_only,
            first_name="",
            expires_on=None,
            offer=None,
            reason="",
            basket=replace(unshipped, lines=bare[:1], subtotal=None),
        ),
        "no offer": replace(full, offer=None),
        "credit": replace(full, offer=_given("credit", value="12.50", code="")),
        "percentage": replace(full, offer=_given("percent", value="10", minimum="49.95")),
        "free delivery": replace(full, offer=_given("free_shipping")),
        "gift": replace(full, offer=_given("gift")),
        "no basket": replace(full, basket=Basket(currency="EUR")),
    }
