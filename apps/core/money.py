"""Amounts with their currency: as received, rounded only when shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Final

from babel import Locale
from babel.core import UnknownLocaleError
from babel.numbers import NumberPattern, get_currency_precision, get_currency_symbol

# The column is numeric(19,6): what does not fit is refused here, not by the database.
SCALE: Final = Decimal("0.000001")
LIMIT: Final = Decimal(10) ** 13
FALLBACK_LOCALE: Final = "en"

# Wide enough that a product of two amounts is rounded once, whatever the thread's own context is.
_EXACT: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
# PHP prints small floats as 1.0E-5, so an exponent is an ordinary sight in shop data.
_NUMBER: Final = re.compile(r"[+-]?\d{1,30}(\.\d{1,30})?([eE][+-]?\d{1,2})?", re.ASCII)

# ISO 4217 list one, where the exponent is not 2. CLDR (Babel) tells what people use in cash,
# which differs: it shows Serbian dinars and Iraqi dinars without any decimals.
_EXPONENTS: Final[dict[str, int]] = {
    currency: digits
    for digits, currencies in {
        0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
        3: "BHD IQD JOD KWD LYD OMR TND",
        4: "CLF UYW",
    }.items()
    for currency in currencies.split()
}


class AmountRefused(ValueError):
    """Not an amount of money; the message says what was expected."""


class CurrencyMismatch(ValueError):
    """Two currencies met in one sum."""


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in one currency. Two currencies never add up."""

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", _stored(self.amount))
        if not _CURRENCY.fullmatch(str(self.currency)):
            raise AmountRefused("expected a currency of three capital letters (ISO 4217), such as EUR")

    @classmethod
    def parse(cls, amount: str | int | Decimal, currency: str) -> Money:
        """Read an amount as a platform wrote it: text, a whole number, or an exact decimal.

        A float is refused: 0.1 has already lost its value when it arrives.
        """
        return cls(_decimal(amount), currency.strip().upper())

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls(Decimal(0), currency)

    def __add__(self, other: Money) -> Money:
        return Money(_EXACT.add(self.amount, self._same(other)), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(_EXACT.subtract(self.amount, self._same(other)), self.currency)

    def __neg__(self) -> Money:
        return Money(_EXACT.minus(self.amount), self.currency)

    def __mul__(self, times: int | Decimal) -> Money:
        if isinstance(times, bool) or not isinstance(times, int | Decimal):
            raise TypeError("money is multiplied by a whole number or a Decimal")
        return Money(_EXACT.multiply(self.amount, Decimal(times)), self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._same(other)

    def __str__(self) -> str:
        """For logs and commands; people read `format_money`."""
        return f"{self.amount:f} {self.currency}"

    def _same(self, other: Money) -> Decimal:
        if not isinstance(other, Money):
            raise TypeError("expected money, a bare number has no currency")
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not add up")
        return other.amount


def total(amounts: Iterable[Money], currency: str) -> Money:
    """The sum in `currency`, zero when there is nothing."""
    return sum(amounts, start=Money.zero(currency))


def exponent(currency: str) -> int:
    """How many decimals the currency has by ISO 4217; two when the list does not know it."""
    return _EXPONENTS.get(currency, 2)


def format_money(amount: Decimal, currency: str, locale: str) -> str:
    """The amount as a reader of `locale` expects it, in the currency's own decimals.

    Half a cent goes up, as shops do it; this is the one place that rounds. A locale of a
    platform (`nl_NL_formal`, `pt-BR`) is cut until CLDR knows it.
    """
    money = Money(amount, currency)
    digits = _shown_digits(money)
    shown = money.amount.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP, context=_EXACT)
    known = _locale(locale)
    # Adding zero turns "-0.00" into "0.00": nobody owes minus nothing.
    text: str = _pattern(known, currency, digits).apply(shown + 0, known, currency=currency, currency_digits=False)
    return text


def _decimal(amount: str | int | Decimal) -> Decimal:
    if isinstance(amount, str):
        text = amount.strip()
        if not _NUMBER.fullmatch(text):
            raise AmountRefused("expected an amount such as 12.50")
        return Decimal(text)
    if type(amount) in (Decimal, int):
        return Decimal(amount)
    raise AmountRefused(f"expected an amount as text or a whole number, not {type(amount).__name__}")


def _stored(amount: Decimal) -> Decimal:
    """The amount as the column keeps it: finite, below 10^13, six decimals at most."""
    if type(amount) is not Decimal or not amount.is_finite():
        raise AmountRefused("expected a finite decimal amount")
    exponent_of = amount.as_tuple().exponent
    if isinstance(exponent_of, int) and exponent_of < -6:
        amount = amount.quantize(SCALE, context=_EXACT) if amount.adjusted() < 20 else amount
    if abs(amount) >= LIMIT:
        raise AmountRefused("expected an amount below 10,000,000,000,000")
    return amount


def _shown_digits(money: Money) -> int:
    """CLDR's decimals where they lose nothing, else those of ISO 4217.

    A Serbian price of 1299.50 must not be shown as 1300, nor 1300 as 1300.00.
    """
    usual, full = get_currency_precision(money.currency), exponent(money.currency)
    fits = money.amount == money.amount.quantize(Decimal(1).scaleb(-usual), context=_EXACT)
    return usual if fits else max(usual, full)


@lru_cache(maxsize=256)
def _locale(name: str) -> Locale:
    parts = name.strip().replace("-", "_").split("_")[:4]
    while parts:
        try:
            return Locale.parse("_".join(parts))
        except (UnknownLocaleError, ValueError, TypeError):
            parts.pop()
    return Locale.parse(FALLBACK_LOCALE)


@lru_cache(maxsize=4096)
def _pattern(locale: Locale, currency: str, digits: int) -> NumberPattern:
    """The locale's currency pattern with fixed decimals; a copy, Babel shares its own."""
    pattern: NumberPattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (digits, digits)
    # CLDR's currencySpacing, which Babel leaves out: "CHF 5.00" beside "€5.00".
    if get_currency_symbol(currency, locale)[-1].isalpha():
        positive, negative = (text.removesuffix("¤") for text in pattern.prefix)
        gaps = tuple("¤\u00a0" if text.endswith("¤") else "" for text in pattern.prefix)
        pattern.prefix = (positive + gaps[0], negative + gaps[1])
    return pattern
