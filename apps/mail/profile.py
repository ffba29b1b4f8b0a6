"""The shop as its mails know it: what the owner told, and the same as words and colours."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec

from apps.mail.blanks import without_blanks
from apps.mail.colours import ACCENT, NIGHT, PAPER, is_colour, readable, text_on, whole
from apps.mail.links import web_address
from apps.mail.names import clean, spoken

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
    brand: str = ""
    value: str = ""
    service: str = ""
    pay_later: str = ""
    pay_later_from: Decimal | None = None
    guide_title: str = ""
    guide_url: str = ""
    help_line: str = ""
    help_from: Decimal | None = None
    account_url: str = ""
    review_url: str = ""


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
        "payments": listed(shop.payments, locale),
        "guide_title": clean(shop.guide_title, 80),
        "guide_url": web_address(shop.guide_url),
        "account_url": web_address(shop.account_url),
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
        "brand",
        "value",
        "service",
        "pay_later",
        "help_line",
    ):
        data[name] = clean(getattr(shop, name), 400)
    for name in ("postal_address", "registration"):
        data[name] = clean(getattr(shop, name).replace("\n", ", "), 300)
    data["answers"] = any(data[n] for n in ("delivery", "return_days", "return_note", "payments", "warranty"))
    data["about"] = any(data[n] for n in ("brand", "value", "service"))
    data["contact"] = any(data[n] for n in ("phone", "chat_url", "hours", "reply_time"))
    return without_blanks(data)


def listed(words: tuple[str, ...], locale: str) -> str:
    """`iDEAL, Klarna en PayPal`."""
    shown = [clean(w, 40) for w in words if clean(w)]
    if len(shown) < 2:
        return "".join(shown)
    joint = {"nl": " en ", "de": " und ", "fr": " et "}.get(locale[:2], " and ")
    return ", ".join(shown[:-1]) + joint + shown[-1]
