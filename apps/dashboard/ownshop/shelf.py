"""The things on a shop's shelf, from the feed that each platform shows to everybody."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from apps.dashboard.ownshop.head import picture_address
from apps.mail.names import clean

SHOWN: Final = 5
ASKED: Final = 10
_TAGS: Final = re.compile(r"<[^>]{0,500}>")
_AMOUNT: Final = re.compile(r"\d{1,12}(?:\.\d{1,6})?")
_MINOR: Final = re.compile(r"\d{1,15}")
_CODE: Final = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """One product as its shop shows it to everybody."""

    title: str
    price: Decimal | None
    currency: str
    image: str
    url: str
    available: bool


def first(things: Iterable[Thing]) -> tuple[Thing, ...]:
    """Five to show: those in stock and with a picture before the others, else in the shop's own order."""
    ranked = sorted(things, key=lambda thing: (not thing.available, not thing.image))
    return tuple(ranked[:SHOWN])


def of_shopify(answer: Any, base: str, *, loopback: bool) -> list[Thing]:
    """`/products.json`: prices as text in the shop's currency, which it does not name (shopify.md 8)."""
    return [
        Thing(
            title=words(product.get("title")),
            price=_amount(_first(product.get("variants")).get("price")),
            currency="",
            image=_small(picture_address(_text(_first(product.get("images")).get("src")), base, loopback=loopback)),
            url=f"{base}/products/{_text(product.get('handle'))}",
            available=any(variant.get("available") is not False for variant in _dicts(product.get("variants"))),
        )
        for product in _dicts(answer.get("products") if isinstance(answer, dict) else None)
        if words(product.get("title"))
    ]


def of_woocommerce(answer: Any, base: str, *, loopback: bool) -> list[Thing]:
    """The Store API: prices in minor units, names as HTML (woocommerce.md 2.5)."""
    found = []
    for product in _dicts(answer):
        prices = _dict(product.get("prices"))
        picture = _first(product.get("images"))
        image = picture_address(_text(picture.get("thumbnail") or picture.get("src")), base, loopback=loopback)
        currency = _text(prices.get("currency_code"))
        thing = Thing(
            title=words(product.get("name")),
            price=_minor(prices.get("price"), prices.get("currency_minor_unit")),
            currency=currency if _CODE.fullmatch(currency) else "",
            image=image,
            url=_text(product.get("permalink")),
            available=product.get("is_in_stock") is not False,
        )
        found += [thing] if thing.title else []
    return found


def words(said: Any) -> str:
    """A name without tags and entities, one line."""
    return clean(_TAGS.sub(" ", html.unescape(_text(said))), 120)


def currency_of(said: Any) -> str:
    return _text(said) if _CODE.fullmatch(_text(said)) else ""


def _amount(said: Any) -> Decimal | None:
    return Decimal(_text(said)) if _AMOUNT.fullmatch(_text(said)) else None


def _minor(said: Any, places: Any) -> Decimal | None:
    digits, unit = _text(said), places if isinstance(places, int) and 0 <= places <= 4 else 2
    return Decimal(digits).scaleb(-unit) if _MINOR.fullmatch(digits) else None


def _small(image: str) -> str:
    """Shopify's own server cuts a picture to size."""
    if not image or "width=" in image or "shopify" not in image:
        return image
    return f"{image}{'&' if '?' in image else '?'}width=300"


def _first(found: Any) -> dict[str, Any]:
    return next(_dicts(found), {})


def _dicts(found: Any) -> Iterator[dict[str, Any]]:
    return (one for one in (found if isinstance(found, list) else [])[: ASKED * 2] if isinstance(one, dict))


def _dict(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _text(said: Any) -> str:
    return str(said)[:2000] if isinstance(said, str | int) and not isinstance(said, bool) else ""
