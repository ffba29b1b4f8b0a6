"""A basket as a mail shows it: lines and amounts, in the currency and the words of its reader."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import msgspec
from babel import Locale

from apps.mail import money
from apps.mail.blanks import without_blanks
from apps.mail.links import web_address
from apps.mail.names import short_name, spoken
from apps.mail.profile import Profile
from apps.mail.sums import Sums, add_up


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
    left: Decimal | None = None
    """How many the shop has left, where it says so and they are few."""
    review_url: str = ""
    rating: Decimal | None = None
    rating_count: int = 0


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """Lines and amounts as the platform gave them; `shipping` None means it has not said it."""

    currency: str
    lines: tuple[BasketLine, ...] = ()
    subtotal: Decimal | None = None
    discount: Decimal | None = None
    shipping: Decimal | None = None
    tax: Decimal | None = None
    total: Decimal | None = None


def basket_data(basket: Basket, shop: Profile, reader: Locale, lines: int) -> dict[str, Any]:
    def say(amount: Decimal | None) -> str:
        return "" if amount is None else money.money(amount, basket.currency, reader)

    shown = [line_data(line, say, reader) for line in basket.lines[:lines]]
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
    return without_blanks(
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
            "pay_later": bool(shop.pay_later) and own and _reaches(sums, shop.pay_later_from),
            "large": shop.help_from is not None and own and _reaches(sums, shop.help_from),
            "few": any(line["left"] for line in shown),
            "rated": any(line["rating"] for line in shown),
        }
    )


def line_data(line: BasketLine, say: Any, reader: Locale) -> dict[str, Any]:
    title = spoken(line.title, 120)
    return without_blanks(
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
            "left": money.quantity(line.left, reader) if line.left else None,
            "review_url": web_address(line.review_url) if line.review_url else None,
            **(rating_data(line.rating, line.rating_count, reader) if line.rating else UNRATED),
        }
    )


UNRATED: Final[dict[str, str | None]] = {"rating": None, "rating_count": None}


def rating_data(rating: Decimal | None, count: int, reader: Locale) -> dict[str, str | None]:
    """What buyers gave, never more than five: `4,6` by `38`; nothing where nobody did."""
    if rating is None or rating <= 0 or count <= 0:
        return UNRATED
    shown = min(rating, Decimal(5)).quantize(Decimal("0.1"))
    return {"rating": money.quantity(shown, reader), "rating_count": money.quantity(Decimal(count), reader)}


def _sum(lines: tuple[BasketLine, ...]) -> Decimal | None:
    totals = [line.total for line in lines if line.total is not None]
    return sum(totals, Decimal(0)) if totals and len(totals) == len(lines) else None


def _gap(sums: Sums, shop: Profile) -> Decimal | None:
    """What is still missing for free shipping; None when there is nothing to say."""
    if shop.free_shipping_from is None or sums.subtotal is None:
        return None
    gap = shop.free_shipping_from - (sums.subtotal - (sums.discount or Decimal(0)))
    return gap if gap > 0 else None


def _reaches(sums: Sums, amount: Decimal | None) -> bool:
    """Whether the things in it cost at least so much; without an amount every basket does."""
    if sums.subtotal is None:
        return False
    return amount is None or sums.subtotal - (sums.discount or Decimal(0)) >= amount
