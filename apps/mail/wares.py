"""A product as a mail shows it: with its rating where buyers gave one, its price in the shop's currency."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec
from babel import Locale

from apps.mail import money
from apps.mail.baskets import rating_data
from apps.mail.blanks import without_blanks
from apps.mail.links import web_address
from apps.mail.names import clean, short_name, spoken

SHOWN: Final = 4
"""So many products stand in a list at most."""
HOW_TO: Final = 1_200
WEEK: Final = 7


class Ware(msgspec.Struct, frozen=True, kw_only=True):
    """One product. `rating` on five stars, only where buyers gave one; `life_days` how long one lasts, if known."""

    title: str
    short_name: str = ""
    url: str = ""
    image: str = ""
    price: Decimal | None = None
    currency: str = ""
    rating: Decimal | None = None
    rating_count: int = 0
    left: Decimal | None = None
    how_to: str = ""
    how_to_url: str = ""
    reorder_url: str = ""
    life_days: int | None = None


def ware_data(ware: Ware, locale: str, reader: Locale) -> dict[str, Any]:
    """Its words for Liquid; whatever is not known is nothing."""
    return without_blanks(
        {
            "pictured": bool(ware.image),
            "title": spoken(ware.title, 120),
            "short_name": spoken(ware.short_name) if ware.short_name else spoken(short_name(ware.title)),
            "url": web_address(ware.url),
            "image": web_address(ware.image),
            "price": money.money(ware.price, ware.currency, reader) if ware.price and ware.currency else "",
            **rating_data(ware.rating, ware.rating_count, reader),
            "left": money.quantity(ware.left, reader) if ware.left else "",
            "how_to": clean(ware.how_to, HOW_TO),
            "how_to_url": web_address(ware.how_to_url),
            "reorder_url": web_address(ware.reorder_url),
            "lasts": lasting(ware.life_days, locale) if ware.life_days else "",
        }
    )


def wares_data(wares: Sequence[Ware], locale: str, reader: Locale, *, most: int = SHOWN) -> list[dict[str, Any]]:
    return with_pictures([ware_data(ware, locale, reader) for ware in wares[:most]])


def with_pictures(things: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each told whether the list has pictures: then those without one keep its place free."""
    pictured = any(thing["image"] for thing in things)
    return [{**thing, "pictured": pictured} for thing in things]


_LENGTHS: Final = {
    "nl": (("1 dag", "{n} dagen"), ("1 week", "{n} weken")),
    "en": (("1 day", "{n} days"), ("1 week", "{n} weeks")),
}


def lasting(days: int, locale: str) -> str:
    """`8 weken`; below two weeks `10 dagen`."""
    in_days, in_weeks = _LENGTHS.get(locale[:2], _LENGTHS["en"])
    one, more = in_days if days < 2 * WEEK else in_weeks
    count = days if days < 2 * WEEK else round(days / WEEK)
    return one if count == 1 else more.format(n=count)
