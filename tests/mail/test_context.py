"""Amounts, names and addresses as they may be shown."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from babel import Locale
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from apps.mail import money
from apps.mail.colours import NIGHT, PAPER, contrast, readable, text_on
from apps.mail.context import Profile, shop_data
from apps.mail.links import web_address
from apps.mail.names import short_name, spoken
from apps.mail.samples import sample, variants

LOCALES = ["nl", "en_GB", "en_US", "de", "fr", "de_CH", "sv", "pl", "es", "hi", "ar", "fa", "ja"]
CURRENCIES = [
    "EUR",
    "USD",
    "GBP",
    "JPY",
    "KRW",
    "KWD",
    "BHD",
    "TND",
    "CHF",
    "SEK",
    "INR",
    "XOF",
    "CLP",
]


@given(
    st.decimals(-10_000_000, 10_000_000, places=6),
    st.sampled_from(CURRENCIES),
    st.sampled_from(LOCALES),
)
def test_money_is_written_as_babel_writes_it(amount, currency, locale):
    reader = Locale.parse(locale)
    if amount < 0 and format_currency(-amount, currency, locale=reader) == format_currency(0, currency, locale=reader):
        amount = abs(amount)  # Babel writes -0,00
    assert money.money(amount, currency, reader) == format_currency(amount, currency, locale=reader)


@pytest.mark.parametrize(
    ("amount", "currency", "locale", "shown"),
    [
        ("1249.5", "EUR", "nl", "€\xa01.249,50"),
        ("1249.5", "EUR", "en_GB", "€1,249.50"),
        ("1250", "JPY", "en_GB", "JP¥1,250"),
        ("1.2345", "KWD", "en_US", "KWD1.234"),
        ("-5", "EUR", "nl", "€\xa0-5,00"),
    ],
)
def test_exponents_are_right(amount, currency, locale, shown):
    assert money.money(Decimal(amount), currency, Locale.parse(locale)) == shown


def test_dates_are_days():
    assert money.day(date(2026, 11, 25), money.reader("nl-u")) == "25 november"
    assert money.day(date(2026, 11, 25), money.reader("en")) == "25 November"
    assert money.day(date(2026, 11, 25), money.reader("en", "US")) == "November 25"


@pytest.mark.parametrize(
    ("title", "short"),
    [
        ("Shampoo 250 ml – Lavendel (6-pack)", "Shampoo 250 ml"),
        ("Koffiemok | handgedraaid", "Koffiemok"),
        ("Stoel (eiken)", "Stoel"),
        ("T-shirt wit", "T-shirt wit"),
        ("Een heel erg lange productnaam zonder einde", "Een heel erg lange…"),
    ],
)
def test_a_short_name_is_how_one_would_say_it(title, short):
    assert short_name(title) == short


@given(st.text(min_size=1))
def test_short_names_fit(title):
    assert len(short_name(title)) <= 30


@given(st.text())
def test_a_spoken_name_is_one_line_without_links(text):
    said = spoken(text)
    assert "\n" not in said
    assert "\r" not in said
    assert "://" not in said


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "//",
        "https://",
        "https://a@evil.example/",
        "ftp://x.example",
        " java\nscript:x",
        "http://x.example:99999999/",
        "mailto:x@y.example",
        "https://x.example\x00",
        "http:/x",
        "https://[x/",
    ],
)
def test_only_web_addresses_are_links(url):
    assert web_address(url) == ""


def test_quotes_in_addresses_are_escaped_not_lost():
    assert web_address('https://x.example/a"b<c> d') == "https://x.example/a%22b%3Cc%3E%20d"
    assert web_address("//cdn.example/a.png") == "https://cdn.example/a.png"


@given(st.from_regex(r"\A#[0-9a-f]{6}\Z"))
def test_every_colour_of_a_shop_can_be_read(colour):
    data = shop_data(Profile(name="x", colour=colour), "nl")

    assert contrast(data["on_colour"], data["colour"]) >= 4.5 or data["on_colour"] == text_on(colour)
    assert contrast(data["link_colour"], PAPER) >= 4.5
    assert contrast(data["night_colour"], NIGHT) >= 4.5
    assert contrast(readable(colour, PAPER), PAPER) >= 4.5


def test_every_tag_has_a_sample():
    for locale in ("nl", "nl-u", "en"):
        data = sample(locale).data()
        may_be_empty = {
            "discount", "shipping_flat", "free_shipping_gap", "tax_added", "other_costs", "subject", "preheader",
        }  # fmt: skip
        assert all(data.values())
        parts = [part if isinstance(part, dict) else part[0] for part in data.values()]
        empty = {
            name for part in parts for name, value in part.items() if value is None or value in ("", [], {})
        } - may_be_empty
        # Nobody rated the first line, and there is plenty of it; a line to review is shown without its price.
        assert empty == {"logo", "left", "rating", "rating_count", "price", "total"}
        assert set(variants(locale)) >= {
            "no first name",
            "one line",
            "forty lines",
            "no images",
            "no shipping",
            "empty profile",
        }
