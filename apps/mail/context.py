"""What a mail may speak of: a closed set of values, turned into plain dicts for Liquid.

Nothing else reaches a template: no model, no method, no setting. Every value is either text that is
ready to be shown (amounts and dates in the reader's language) or empty, and "empty" is what makes a
block vanish.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec
from babel import Locale

from apps.mail import money
from apps.mail.colours import ACCENT, NIGHT, PAPER, is_colour, readable, text_on, whole
from apps.mail.links import web_address
from apps.mail.names import clean, short_name, spoken
from apps.mail.sizes import LINES_SHOWN
from apps.mail.sums import Sums, add_up

FONTS = {
    "system": "-apple-system, BlinkMacSystemFont, Segoe UI, Roboto, Helvetica, Arial, sans-serif",
    "classic": "Georgia, Cambria, Times New Roman, serif",
    "round": "Verdana, Trebuchet MS, Arial, sans-serif",
}


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner told about the shop. Empty fields leave no trace in any mail."""

    name: str
    url: str = ""
    logo: str = ""
    colour: str = ""
    font: str = "system"
    signature: str = ""
    phone: str = ""
    chat_url: str = ""
    email: str = ""
    hours: str = ""
    reply_time: str = ""
    delivery: str = ""
    return_days: int | None = None
    return_note: str = ""
    payments: tuple[str, ...] = ()
    warranty: str = ""
    safety: str = ""
    shipping_flat: Decimal | None = None
    free_shipping_from: Decimal | None = None
    legal_name: str = ""
    postal_address: str = ""
    registration: str = ""
    country: str = ""
    currency: str = ""


class BasketLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the basket, in the basket's currency."""

    title: str
    quantity: Decimal = Decimal(1)
    price: Decimal | None = None
    total: Decimal | None = None
    image: str = ""
    url: str = ""
    options: tuple[str, ...] = ()
    short_name: str = ""


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """Lines and amounts as the platform gave them; `shipping` None means it has not said it."""

    currency: str
    lines: tuple[BasketLine, ...] = ()
    subtotal: Decimal | None = None
    discount: Decimal | None = None
    shipping: Decimal | None = None
    tax: Decimal | None = None
    total: Decimal | None = None


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What this mail gives: a code that the shop knows, until the end of a day. `value` in percent or `currency`.

    Without a code it is credit that stands on the person's account in the shop.
    """

    code: str
    kind: str
    ends_on: date
    currency: str
    value: Decimal = Decimal(0)
    minimum: Decimal | None = None
    link: str = ""


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """Where the mail can lead. `unsubscribe` is never counted as a click."""

    restore: str = ""
    unsubscribe: str = ""
    shop: str = ""


class MailContext(msgspec.Struct, frozen=True, kw_only=True):
    """All one mail to one person may say."""

    locale: str
    shop: Profile
    basket: Basket
    links: Links
    first_name: str = ""
    reason: str = ""
    kind: str = "marketing"
    expires_on: date | None = None
    offer: Offer | None = None

    def data(self, *, lines: int = LINES_SHOWN) -> dict[str, Any]:
        """Plain dicts for Liquid; `lines` is lowered when a mail would grow too large."""
        reader = money.reader(self.locale, self.shop.country)
        links, expires = self.links, self.expires_on
        return {
            "shop": shop_data(self.shop, self.locale),
            "person": {"first_name": spoken(self.first_name, 40) or None},
            "basket": _basket(self.basket, self.shop, reader, lines),
            "links": {
                "restore": web_address(links.restore) or None,
                "unsubscribe": web_address(links.unsubscribe) or None,
                "shop": web_address(links.shop or self.shop.url) or None,
            },
            "offer": _offer(self._offered(), self.locale, reader) if self.offer else None,
            "mail": {
                "reason": clean(self.reason, 300) or None,
                "expires_on": money.day(expires, reader) if expires else None,
                "kind": self.kind,
                "subject": "",
                "preheader": "",
            },
        }

    def _offered(self) -> Offer:
        """The offer; without a link of its own where the basket's button leads to the same place."""
        assert self.offer is not None
        same = bool(self.basket.lines) and self.offer.link == self.links.restore
        return msgspec.structs.replace(self.offer, link="") if same else self.offer


@lru_cache(maxsize=512)
def shop_data(shop: Profile, locale: str) -> dict[str, Any]:
    """The shop's part: the same object for every mail of a shop, so that its pieces are rendered
    once.
    """
    accent = whole(shop.colour) if is_colour(shop.colour) else ACCENT
    night = readable(accent, NIGHT)
    data: dict[str, Any] = {
        "name": spoken(shop.name, 80),
        "url": web_address(shop.url),
        "logo": web_address(shop.logo),
        "colour": accent,
        "on_colour": text_on(accent),
        "link_colour": readable(accent, PAPER),
        "night_colour": night,
        "on_night_colour": text_on(night),
        "font": FONTS.get(shop.font, FONTS["system"]),
        "signature": spoken(shop.signature or shop.name, 80),
        "legal_name": spoken(shop.legal_name or shop.name, 120),
        "chat_url": web_address(shop.chat_url),
        "phone_link": "".join(c for c in shop.phone if c in "+0123456789"),
        "return_days": str(shop.return_days) if shop.return_days else "",
        "payments": _listed(shop.payments, locale),
    }
    for name in (
        "phone",
        "email",
        "hours",
        "reply_time",
        "delivery",
        "return_note",
        "warranty",
        "safety",
    ):
        data[name] = clean(getattr(shop, name), 400)
    for name in ("postal_address", "registration"):
        data[name] = clean(getattr(shop, name).replace("\n", ", "), 300)
    data["answers"] = any(data[n] for n in ("delivery", "return_days", "return_note", "payments", "warranty"))
    data["contact"] = any(data[n] for n in ("phone", "chat_url", "hours", "reply_time"))
    return _without_blanks(data)


def _without_blanks(data: dict[str, Any]) -> dict[str, Any]:
    """Nothing instead of '': to Liquid an empty text is true, which would surprise whoever writes
    `{% if %}`.
    """
    return {name: None if value == "" else value for name, value in data.items()}


def _listed(words: tuple[str, ...], locale: str) -> str:
    """`iDEAL, Klarna en PayPal`."""
    shown = [clean(w, 40) for w in words if clean(w)]
    if len(shown) < 2:
        return "".join(shown)
    joint = {"nl": " en ", "de": " und ", "fr": " et "}.get(locale[:2], " and ")
    return ", ".join(shown[:-1]) + joint + shown[-1]


def _basket(basket: Basket, shop: Profile, reader: Locale, lines: int) -> dict[str, Any]:
    def say(amount: Decimal | None) -> str:
        return "" if amount is None else money.money(amount, basket.currency, reader)

    shown = [_line(line, say, reader) for line in basket.lines[:lines]]
    own = basket.currency == (shop.currency or basket.currency)
    known = basket.shipping is not None and basket.total is not None
    flat = shop.shipping_flat if own and not known else None
    sums = add_up(
        lines=_sum(basket.lines),
        subtotal=basket.subtotal,
        discount=basket.discount,
        shipping=basket.shipping,
        tax=basket.tax,
        total=basket.total,
    )
    return _without_blanks(
        {
            "lines": shown,
            "first": shown[0]["short_name"] if shown else "",
            "count": len(basket.lines),
            "more": max(len(basket.lines) - lines, 0),
            "has_images": any(line["image"] for line in shown),
            "currency": basket.currency,
            "shipping_known": known,
            "subtotal": say(sums.subtotal),
            "discount": say(-sums.discount) if sums.discount else "",
            "shipping": say(basket.shipping) if known else "",
            "shipping_free": known and basket.shipping == 0,
            "shipping_flat": say(flat),
            "tax": say(sums.included_tax) if sums.included_tax else "",
            "tax_added": say(sums.added_tax) if sums.added_tax else "",
            "other_costs": say(sums.other),
            "total": say(basket.total) if known else "",
            "free_shipping_gap": say(_gap(sums, shop)) if own and not known else "",
        }
    )


def _line(line: BasketLine, say: Any, reader: Locale) -> dict[str, Any]:
    title = spoken(line.title, 120)
    return _without_blanks(
        {
            "title": title,
            "short_name": spoken(line.short_name) if line.short_name else spoken(short_name(line.title)),
            "quantity": money.quantity(line.quantity, reader),
            "several": line.quantity != 1,
            "price": say(line.price),
            "total": say(line.total),
            "image": web_address(line.image),
            "url": web_address(line.url),
            "options": ", ".join(spoken(o, 60) for o in line.options),
        }
    )


GIVEN = {
    "free_shipping": {"nl": "gratis verzending", "en": "free shipping"},
    "gift": {"nl": "een cadeau", "en": "a gift"},
}


def _offer(offer: Offer, locale: str, reader: Locale) -> dict[str, Any]:
    """The offer in the reader's words: `10 %`, `€ 10`, `gratis verzending`; and whatever the shop will ask of it."""
    return _without_blanks(
        {
            "code": clean(offer.code, 60),
            "value": _worth(offer, locale, reader),
            "ends_on": money.day(offer.ends_on, reader),
            "minimum": money.whole(offer.minimum, offer.currency, reader) if offer.minimum else "",
            "link": web_address(offer.link),
        }
    )


def _worth(offer: Offer, locale: str, reader: Locale) -> str:
    if offer.kind == "percent":
        return f"{money.quantity(offer.value, reader)}\xa0%"
    if offer.kind in GIVEN:
        words = GIVEN[offer.kind]
        return words.get(locale[:2], words["en"])
    return money.whole(offer.value, offer.currency, reader)


def _sum(lines: tuple[BasketLine, ...]) -> Decimal | None:
    totals = [line.total for line in lines if line.total is not None]
    return sum(totals, Decimal(0)) if totals and len(totals) == len(lines) else None


def _gap(sums: Sums, shop: Profile) -> Decimal | None:
    """What is still missing for free shipping; None when there is nothing to say."""
    if shop.free_shipping_from is None or sums.subtotal is None:
        return None
    gap = shop.free_shipping_from - (sums.subtotal - (sums.discount or Decimal(0)))
    return gap if gap > 0 else None
