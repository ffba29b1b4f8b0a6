"""Amounts and dates as the reader writes them.

Babel's CLDR data decides; its formatter costs 30 µs a call, too much for fifteen amounts a mail. So
the pattern is taken from Babel once per language and currency and filled here. A test holds both
equal over currencies × languages. Exponents are ISO 4217's by way of CLDR: JPY 0, EUR 2, KWD 3.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_skeleton
from babel.numbers import format_currency, get_currency_precision, get_currency_symbol

REGIONS = {"en": "en_GB", "nl": "nl", "de": "de", "fr": "fr"}


@lru_cache(maxsize=64)
def reader(locale: str, country: str = "") -> Locale:
    """CLDR's name for a template's language: `nl-u` reads like `nl`; English is British unless the
    shop is American.
    """
    language = locale.partition("-")[0]
    if language == "en" and country == "US":
        return Locale.parse("en_US")
    return Locale.parse(REGIONS.get(language, language))


class Pattern:
    """Where sign, symbol, point and comma stand for one currency in one language."""

    __slots__ = ("negative", "positive", "quantum", "spec", "table")

    def __init__(self, currency: str, locale: Locale) -> None:
        digits = get_currency_precision(currency)
        pattern = locale.currency_formats["standard"]
        symbol = get_currency_symbol(currency, locale)
        symbols = locale.number_symbols["latn"]
        self.quantum = Decimal(1).scaleb(-digits)
        self.spec = f",.{digits}f"
        self.table = str.maketrans({",": symbols["group"], ".": symbols["decimal"]})
        minus = symbols["minusSign"]
        self.positive = (
            pattern.prefix[0].replace("¤", symbol),
            pattern.suffix[0].replace("¤", symbol),
        )
        self.negative = (
            pattern.prefix[1].replace("¤", symbol).replace("-", minus),
            pattern.suffix[1].replace("¤", symbol).replace("-", minus),
        )

    def fill(self, amount: Decimal) -> str:
        rounded = amount.quantize(self.quantum, ROUND_HALF_EVEN)
        before, after = self.negative if rounded < 0 else self.positive
        digits = format(abs(rounded), self.spec).translate(self.table)
        return f"{before}{digits}{after}"


@lru_cache(maxsize=512)
def pattern_for(currency: str, locale: Locale) -> Pattern | None:
    """The pattern, or None where filling it by hand would differ from Babel (Indian grouping, other
    digits).
    """
    pattern = Pattern(currency, locale)
    probes = [Decimal(0), Decimal("7.5"), Decimal("-1234.565"), Decimal("12345678.9")]
    same = all(pattern.fill(p) == format_currency(p, currency, locale=locale) for p in probes)
    return pattern if same else None


def money(amount: Decimal, currency: str, locale: Locale) -> str:
    """An amount in its own currency, in the reader's language: `€ 24,95`, `¥1,250`."""
    pattern = pattern_for(currency, locale)
    return pattern.fill(amount) if pattern else str(format_currency(amount, currency, locale=locale))


def whole(amount: Decimal, currency: str, locale: Locale) -> str:
    """A round amount without its zeros, as people say it: `€ 10`; else as `money` writes it."""
    shown = money(amount, currency, locale)
    cents = f"{locale.number_symbols['latn']['decimal']}{'0' * get_currency_precision(currency)}"
    return shown.replace(cents, "") if amount == amount.to_integral_value() and len(cents) > 1 else shown


@lru_cache(maxsize=1024)
def day(value: date, locale: Locale) -> str:
    """A day without its year: `25 november`. Dates, not "n days" (product.md 7)."""
    return format_skeleton("MMMMd", value, locale=locale)


def quantity(value: Decimal, locale: Locale) -> str:
    """`2`, `1,5`: no zeros that mean nothing, the reader's decimal sign."""
    if value == value.to_integral_value():
        return str(value.quantize(Decimal(1)))
    return format(value.normalize(), "f").replace(".", locale.number_symbols["latn"]["decimal"])
