"""From a platform's loose values to ours: plain text, text ids, finite money, aware times."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from html import unescape

from apps.stores.errors import Unreadable

NAME = 200
URL = 2000
ZERO = Decimal(0)

Id = int | str | None
"""An id as platforms write it; a float has lost digits and is none."""
Loose = str | int | float | None
"""An amount or count as platforms write it."""

# Control characters, line separators and the marks that turn the reading direction around in a
# subject line.
_UNWANTED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]+")
_NOT_IN_URL = re.compile(r"[\s\x00-\x20\x7f<>\"\\]")
_MOST = Decimal(10) ** 13
_SIX_PLACES = Decimal("0.000001")


def text(value: str | None, limit: int = NAME) -> str:
    """One line without control characters."""
    if not value:
        return ""
    if not value.isprintable():
        value = _UNWANTED.sub(" ", value)
    return value.strip()[:limit]


def unescaped(value: str | None, limit: int = NAME) -> str:
    """WordPress stores names as HTML: decode the entities, exactly once."""
    if value and "&" in value:
        value = unescape(value)
    return text(value, limit)


def known(value: str | None, limit: int = NAME) -> str | None:
    """Text of a person: what is empty is unknown."""
    return text(value, limit) or None


def email(value: str | None) -> str | None:
    """An address as typed, or None for what no mail could reach."""
    if not value or "@" not in value:
        return None
    value = value.strip()
    local, _, domain = value.rpartition("@")
    if not local or not domain or len(value) > 254 or " " in value or not value.isprintable():
        return None
    return value


def url(value: str | None, limit: int = URL) -> str:
    """An http(s) address or nothing; a cut one would lead elsewhere, so a long one is dropped."""
    if not value or len(value) > limit:
        return ""
    if not value.startswith(("https://", "http://")) or _NOT_IN_URL.search(value):
        return ""
    return value


def key(value: Id) -> str | None:
    """An id as text; 0 and '' are how platforms write 'none'."""
    if not value or (type(value) is int and value < 0):
        return None
    word = value if type(value) is str else str(value)
    word = word.strip()
    return word if word and word != "0" and len(word) <= 200 and word.isprintable() else None


def amount(value: Loose) -> Decimal | None:
    """Money or a count. What is no number is unknown; what is no finite number is refused with its
    body.
    """
    if value is None or value == "":
        return None
    word = value if type(value) is str else str(value)
    if len(word) > 60:
        return None
    try:
        number = Decimal(word)
    except InvalidOperation:
        return None
    if not number.is_finite() or not -_MOST < number < _MOST:
        raise Unreadable("nan", "an amount is not finite, or beyond what is stored")
    # Stored with six places; only long or scientific notation can have more.
    return number if len(word) < 12 and "e" not in word and "E" not in word else rounded(number)


def rounded(number: Decimal) -> Decimal:
    """With at most the six places that are stored."""
    exponent = number.as_tuple().exponent
    return number.quantize(_SIX_PLACES) if isinstance(exponent, int) and (exponent < -6 or exponent > 0) else number


def money(value: Loose) -> Decimal:
    """An amount where nothing is known means nothing."""
    number = amount(value)
    return ZERO if number is None else number


def unit(total: Decimal, quantity: Decimal) -> Decimal:
    return total if quantity == 1 else rounded(total / quantity)


def currency(value: str | None, otherwise: str) -> str:
    if value and len(value) == 3 and value.isascii() and value.isalpha():
        return value.upper()
    return otherwise


def country(value: str | None) -> str | None:
    if value and len(value) == 2 and value.isascii() and value.isalpha():
        return value.upper()
    return None


def aware(value: datetime | None) -> datetime | None:
    """A time with its offset. One without is UTC (WooCommerce's `_gmt` fields); an absurd one is
    none.
    """
    if value is None or not 1990 <= value.year < 2200:
        return None
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
