"""A full example of everything a mail may say, and the ways in which it can be sparse.

Every merge tag has a sample, so that every preview is full; publishing renders all variants, so
that a mail is known to read well without a name, with forty lines, without pictures, before it
meets a customer.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import msgspec

from apps.mail.context import (
    Answer,
    Basket,
    BasketLine,
    Links,
    MailContext,
    Offer,
    Profile,
    Purchase,
    Survey,
    Ware,
)
from apps.mail.purchases import LINES_KEPT
from apps.mail.sample_words import ASKED, HOW_TO, LINES, THINGS, WORDS


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
        pay_later_from=Decimal(50),
        guide_url="https://molenzicht.example/gids",
        help_from=Decimal(75),
        account_url="https://molenzicht.example/account",
        **{name: text for name, text in words.items() if name != "reason"},
    )


def wares(locale: str) -> tuple[Ware, ...]:
    """Three products; the last one nobody rated yet."""
    return tuple(
        Ware(
            title=title,
            url=f"https://molenzicht.example/p/s{number}",
            image=f"https://molenzicht.example/img/s{number}.jpg",
            price=Decimal(price),
            currency="EUR",
            rating=Decimal(rating) if rating else None,
            rating_count=count,
            left=Decimal(3) if number == 1 else None,
            how_to=HOW_TO[locale[:2]],
            how_to_url=f"https://molenzicht.example/uitleg/{number}",
            reorder_url=f"https://molenzicht.example/mandje/opnieuw?p={number}",
            life_days=56,
        )
        for number, (title, price, rating, count) in enumerate(THINGS[locale[:2]], start=1)
    )


def purchase(lines: tuple[BasketLine, ...], *, stage: str = "fulfilled") -> Purchase:
    """An order of these lines, on its way."""
    return Purchase(
        number="1042",
        currency="EUR",
        stage=stage,
        placed_on=date(2026, 11, 11),
        expected_on=date(2026, 11, 13),
        lines=lines,
        line_count=len(lines),
        total=Decimal("103.90"),
        tracking_url="https://vervoerder.example/volg/3S0001",
        pay_url="https://molenzicht.example/afrekenen/1042",
    )


def asked(locale: str) -> Survey:
    """A question with three answers."""
    question, answers = ASKED[locale]
    return Survey(
        question=question,
        answers=tuple(
            Answer(label=label, url=f"https://mail.molenzicht.example/a/voorbeeld{number}")
            for number, label in enumerate(answers, start=1)
        ),
        url="https://mail.molenzicht.example/a/voorbeeld",
        low="0",
        high="10",
    )


def sample(locale: str) -> MailContext:
    """The full one: three lines, shipping known, a complete profile, and one of everything a mail may be about."""
    products = wares(locale)
    lines = tuple(
        BasketLine(
            title=title,
            options=options,
            quantity=Decimal(quantity),
            price=Decimal(price),
            total=Decimal(price) * Decimal(quantity),
            image=f"https://molenzicht.example/img/{number}.jpg",
            url=f"https://molenzicht.example/p/{number}",
            left=Decimal(3) if number == 3 else None,
            review_url=f"https://mail.molenzicht.example/beoordelen/{number}",
            rating=Decimal("4.6") if number == 2 else None,
            rating_count=38 if number == 2 else 0,
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
            pay="https://molenzicht.example/afrekenen/1042",
            review="https://molenzicht.example/beoordelingen",
            preferences="https://mail.molenzicht.example/voorkeuren/voorbeeld",
            account="https://molenzicht.example/account",
            confirm="https://mail.molenzicht.example/c/voorbeeld",
        ),
        order=purchase(lines),
        lines=lines,
        product=products[0],
        products=products,
        news=products[1:],
        favourites=products[:1],
        bestsellers=products,
        survey=asked(locale),
        event={"name": "quiz", "points": 240, "url": "https://molenzicht.example/quiz"},
        tags=("vriend",),
        properties={"colour": "blue", "points": 240},
        segments=("champions",),
        years=1,
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


def _alone(full: MailContext) -> MailContext:
    """Only what the mail is about: no suggestions, nothing known about the person, no other page to go to."""
    return msgspec.structs.replace(
        full,
        products=(),
        news=(),
        favourites=(),
        bestsellers=(),
        event={},
        tags=(),
        properties={},
        segments=(),
        links=msgspec.structs.replace(full.links, pay="", review="", preferences="", account="", confirm=""),
    )


def variants(locale: str) -> dict[str, MailContext]:
    """The full sample and its sparse sisters, by a name an owner understands."""
    full = sample(locale)
    basket, replace = full.basket, msgspec.structs.replace
    many = (basket.lines * 14)[:LINES_KEPT]
    bare = tuple(replace(line, image="") for line in basket.lines)
    unshipped = replace(basket, shipping=None, total=None, tax=None)
    name_only = Profile(name="Molenzicht", country="NL", currency="EUR")
    return {
        "full": full,
        "no first name": replace(full, first_name=""),
        "one line": replace(
            full,
            basket=replace(unshipped, lines=basket.lines[:1], subtotal=basket.lines[0].total),
            order=purchase(basket.lines[:1]),
            lines=basket.lines[:1],
            products=full.products[:1],
        ),
        "forty lines": replace(
            full,
            basket=replace(basket, lines=many),
            order=purchase(many),
            lines=many,
            products=full.products * 14,
        ),
        "no images": replace(
            full,
            basket=replace(basket, lines=bare),
            order=purchase(bare),
            products=tuple(replace(ware, image="") for ware in full.products),
        ),
        "no shipping": replace(full, basket=unshipped, shop=replace(full.shop, shipping_flat=None)),
        "flat shipping": replace(full, basket=unshipped),
        "discount": replace(full, basket=replace(basket, discount=Decimal(10), total=Decimal("93.90"))),
        "tax at the end": replace(full, basket=replace(basket, total=Decimal("121.93"))),
        "other costs": replace(full, basket=replace(basket, total=Decimal("106.40"))),
        "free shipping": replace(full, basket=replace(basket, shipping=Decimal(0), total=Decimal("98.95"))),
        "empty profile": replace(full, shop=name_only),
        "bare": replace(
            _alone(full),
            shop=name_only,
            first_name="",
            expires_on=None,
            offer=None,
            reason="",
            order=Purchase(number="1042", currency="EUR", lines=bare[:1]),
            product=Ware(title=full.products[0].title),
            basket=replace(unshipped, lines=bare[:1], subtotal=None),
        ),
        "no offer": replace(full, offer=None),
        "credit": replace(full, offer=_given("credit", value="12.50", code="")),
        "percentage": replace(full, offer=_given("percent", value="10", minimum="49.95")),
        "free delivery": replace(full, offer=_given("free_shipping")),
        "gift": replace(full, offer=_given("gift")),
        "no basket": replace(full, basket=Basket(currency="EUR")),
        "nothing else": _alone(full),
    }
