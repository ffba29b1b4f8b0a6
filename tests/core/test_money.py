"""Amounts are kept as received and rounded only when shown."""

from __future__ import annotations

import csv
import operator
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.money import AmountRefused, CurrencyMismatch, Money, exponent, format_money, total

GOLDEN = list(csv.DictReader(Path(__file__).with_name("golden_money.csv").open(encoding="utf-8")))
LOCALES = ("nl", "en_GB", "de", "fr", "sv", "en_US")

amounts = st.decimals(min_value=-(10**9), max_value=10**9, places=6, allow_nan=False)


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: f"{row['currency']} {row['amount']}")
def test_every_currency_is_shown_as_its_reader_expects(row: dict[str, str]) -> None:
    amount, currency = Decimal(row["amount"]), row["currency"]

    shown = {locale: format_money(amount, currency, locale) for locale in LOCALES}

    # The file writes a no-break space as ~ and a narrow one as _, so that a reviewer sees them.
    expected = {name: row[name].replace("~", "\u00a0").replace("_", "\u202f") for name in LOCALES}
    assert shown == expected


@pytest.mark.parametrize(
    ("currency", "digits"), [("JPY", 0), ("EUR", 2), ("KWD", 3), ("CLF", 4), ("RSD", 2), ("QQQ", 2)]
)
def test_the_exponent_is_that_of_iso_4217(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "shown"),
    [
        ("80.00", "EUR", "nl_NL_formal", "€\u00a080,00"),
        ("80.00", "EUR", "pt-BR", "€\u00a080,00"),
        ("80.00", "EUR", "klingon", "€80.00"),
        ("80.00", "EUR", "", "€80.00"),
        ("-0.001", "EUR", "en", "€0.00"),
        ("0.125", "EUR", "en", "€0.13"),
        ("1299.50", "RSD", "en", "RSD\u00a01,299.50"),
        ("1300.00", "RSD", "en", "RSD\u00a01,300"),
        ("9999999999999.999999", "JPY", "en", "¥10,000,000,000,000"),
    ],
)
def test_a_price_is_shown_whole_and_in_a_known_locale(amount: str, currency: str, locale: str, shown: str) -> None:
    assert format_money(Decimal(amount), currency, locale) == shown


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("12.50", "12.50"),
        (" 12 ", "12"),
        (7, "7"),
        ("-3.5", "-3.5"),
        ("1.0E-5", "0.00001"),
        (Decimal("2.10"), "2.10"),
    ],
)
def test_an_amount_is_read_as_a_platform_writes_it(written: str | int | Decimal, amount: str) -> None:
    assert Money.parse(written, "eur") == Money(Decimal(amount), "EUR")


@pytest.mark.parametrize(
    "written",
    [
        "",
        "NaN",
        "Infinity",
        "-inf",
        "12,50",
        "1_000",
        "1 000",
        "٣",
        "0x10",
        "1e999",
        "9" * 99,
        "10000000000000",
    ],
)
def test_what_is_no_amount_is_refused(written: str) -> None:
    with pytest.raises(AmountRefused):
        Money.parse(written, "EUR")


@pytest.mark.parametrize("written", [0.1, True, None, float("nan"), Decimal("NaN"), Decimal("Infinity"), [], {}])
def test_a_float_and_whatever_else_json_holds_is_refused(written: object) -> None:
    with pytest.raises(AmountRefused):
        Money.parse(written, "EUR")  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["", "EU", "EURO", "E1R", "ÉUR", "€"])
def test_what_is_no_currency_is_refused(currency: str) -> None:
    with pytest.raises(AmountRefused):
        Money.parse("1", currency)


@pytest.mark.parametrize("act", [operator.add, operator.sub, operator.lt, operator.le, operator.gt, operator.ge])
def test_two_currencies_never_meet(act: Callable[[object, object], object]) -> None:
    euro, dollar = Money.parse("1", "EUR"), Money.parse("1", "USD")

    with pytest.raises(CurrencyMismatch):
        act(euro, dollar)
    with pytest.raises(TypeError):
        act(euro, 1)


def test_money_is_not_multiplied_by_a_float() -> None:
    with pytest.raises(TypeError):
        Money.parse("1", "EUR") * 0.1  # type: ignore[operator]


def test_more_decimals_than_the_column_holds_are_rounded_once() -> None:
    assert Money.parse("20.661157024793388", "EUR").amount == Decimal("20.661157")
    assert 3 * Money.parse("0.333333", "EUR") == Money.parse("0.999999", "EUR")
    assert Money.parse("1", "EUR") * Decimal("0.0000005") == Money.zero("EUR")


def test_a_total_of_nothing_is_zero_in_its_currency() -> None:
    assert total([], "EUR") == Money.zero("EUR")
    assert str(total([Money.parse("1.10", "EUR")] * 3, "EUR")) == "3.30 EUR"


@given(amounts, amounts)
def test_adding_and_taking_away_again_changes_nothing(one: Decimal, other: Decimal) -> None:
    first, second = Money(one, "EUR"), Money(other, "EUR")

    assert first + second - second == first
    assert (first + second) == second + first
    assert (first < second) == (one < other)


@given(amounts)
def test_what_is_stored_is_read_back_equal(amount: Decimal) -> None:
    money = Money(amount, "EUR")

    assert Money.parse(str(money).removesuffix(" EUR"), "EUR") == money


@given(st.text(max_size=40), st.text(max_size=5))
def test_text_from_strangers_gives_money_or_a_refusal(amount: str, currency: str) -> None:
    try:
        money = Money.parse(amount, currency)
    except AmountRefused:
        return
    assert money.amount.is_finite()


@given(amounts, st.sampled_from(["EUR", "JPY", "KWD", "RSD", "QQQ"]), st.text(max_size=12))
def test_any_locale_shows_something(amount: Decimal, currency: str, locale: str) -> None:
    assert format_money(amount, currency, locale)
