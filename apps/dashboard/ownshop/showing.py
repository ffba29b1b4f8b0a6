"""The basket mail in a shop's own look: the template that ships, with what the shop shows to everybody."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import msgspec
from django.utils.translation import gettext_lazy as _

from apps.dashboard.ownshop.looking import Shop
from apps.dashboard.ownshop.shelf import Thing
from apps.dashboard.previewing import night, unlinked
from apps.mail import library
from apps.mail.context import Basket, BasketLine, Links, MailContext, Profile
from apps.mail.rendering import render
from apps.mail.samples import sample

MAIL: Final = "abandoned-checkout-1"
VOICES: Final = (("nl", _("Dutch, with je")), ("nl-u", _("Dutch, with u")), ("en", _("English")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One mail as it would arrive; its links lead nowhere."""

    locale: str
    label: str
    subject: str
    preheader: str
    html: str
    dark: str


def mails(shop: Shop, speaks: str) -> list[Shown]:
    """The mail in every voice, the reader's own language first."""
    voices = sorted(VOICES, key=lambda voice: not voice[0].startswith(speaks[:2]))
    return [_mail(shop, locale, str(label)) for locale, label in voices]


def _mail(shop: Shop, locale: str, label: str) -> Shown:
    mail = render(library.compiled(MAIL, locale), _context(shop, locale))
    html = unlinked(mail.html)
    return Shown(
        locale=locale, label=label, subject=mail.subject, preheader=mail.preheader, html=html, dark=night(html)
    )


def _context(shop: Shop, locale: str) -> MailContext:
    example = sample(locale)
    profile = Profile(
        name=shop.name,
        url=shop.url,
        logo=shop.logo,
        colour=shop.colour,
        country=shop.country,
        currency=shop.currency,
    )
    return MailContext(
        locale=locale,
        shop=profile,
        basket=_basket(shop, example),
        links=Links(restore=shop.url, unsubscribe=shop.url, shop=shop.url),
        reason=example.reason,
    )


def _basket(shop: Shop, example: MailContext) -> Basket:
    """The shop's own things; where it shows none, the example's without their pictures."""
    currency = shop.currency or "EUR"
    if not shop.things:
        lines = tuple(msgspec.structs.replace(line, image="", url="") for line in example.basket.lines)
        return Basket(currency=currency, lines=lines, subtotal=example.basket.subtotal)
    lines = tuple(_line(thing) for thing in shop.things)
    prices = [line.price for line in lines if line.price is not None]
    whole = sum(prices, Decimal(0)) if len(prices) == len(lines) else None
    return Basket(currency=currency, lines=lines, subtotal=whole)


def _line(thing: Thing) -> BasketLine:
    return BasketLine(title=thing.title, price=thing.price, total=thing.price, image=thing.image, url=thing.url)
