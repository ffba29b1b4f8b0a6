"""Carts and checkouts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from apps.stores.errors import Unreadable
from apps.stores.snapshots import CartGone
from tests.stores.platforms.shopify_shop import (
    RECORDED,
    body_of,
    checkout,
    order,
    seen,
)


def test_cart_checkout_and_order_are_joined_by_their_tokens() -> None:
    cart = seen("carts/update", body_of("carts_update", token="hWN3kYh2bQ0pXkD7vUuZ1a9LcR5?key=abc"))[0]

    assert cart.keys == (("cart", "hWN3kYh2bQ0pXkD7vUuZ1a9LcR5"),)
    assert cart.person is None
    assert cart.keys[0] in checkout().keys
    assert order().cart_keys == checkout().keys


def test_a_checkout_is_a_person_as_soon_as_an_address_is_there() -> None:
    phone, typed = (
        RECORDED[f"scenarios/phone_only_checkout/{name}"] for name in ("01_checkouts_create", "02_checkouts_update")
    )

    first, second = (seen(one.topic, one.body)[0] for one in (phone, typed))

    assert first.person is not None
    assert (first.person.email, second.person.email) == (None, "late.email@example.com")
    assert (first.consent, second.consent.state, second.consent.attest) == (None, "granted", True)
    assert first.keys == second.keys == (("checkout", "c0ffee00c0ffee00c0ffee00c0ffee00"),)


def test_of_two_states_of_one_second_the_completed_one_wins() -> None:
    done = checkout(completed_at="2026-11-20T10:05:11-05:00")

    assert done.tie > checkout().tie
    assert done.completed_at is not None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        ({"source_name": "shopify_draft_order"}, "draft order"),
        ({"source_name": "pos"}, "point of sale"),
        ({"company": {"id": 1}}, "business customer"),
        ({"source_name": "3890849"}, ""),
    ],
)
def test_baskets_that_no_buyer_left_get_no_mail(changes: dict[str, Any], why: str) -> None:
    assert checkout(**changes).unmailable == why


def test_money_is_the_buyers() -> None:
    amounts = checkout(presentment_currency="JPY", total_price="1200").amounts

    assert (amounts.currency, amounts.total) == ("JPY", Decimal(1200))
    sets = {"total_price_set": {"presentment_money": {"amount": "150.00", "currency_code": "EUR"}}}
    assert (order(**sets).amounts.currency, order(**sets).amounts.total) == (
        "EUR",
        Decimal("150.00"),
    )
    assert order(total_price_set=None, presentment_currency="EUR").amounts.currency == "USD"


def test_a_line_is_never_multiplied_twice() -> None:
    line = {
        "title": "A &amp; B",
        "quantity": 3,
        "price": "10.00",
        "line_price": "24.00",
        "product_id": None,
        "variant_id": None,
    }

    only = checkout(line_items=[line, line | {"quantity": 0}]).lines

    assert [(one.title, one.unit_price, one.total, one.variant) for one in only] == [
        ("A &amp; B", Decimal("10.00"), Decimal("24.00"), None)
    ]


@pytest.mark.parametrize(
    ("properties", "options"),
    [
        (None, ()),
        ({}, ()),
        ([], ()),
        ({"Text": "Ada", "_hidden": "x"}, (("Text", "Ada"),)),
        ([{"name": "Text", "value": "Ada"}, {"name": "_x", "value": "1"}, 7], (("Text", "Ada"),)),
    ],
)
def test_hidden_properties_stay_hidden(properties: Any, options: Any) -> None:
    line = {"title": "A", "quantity": 1, "price": "1.00", "properties": properties}

    assert checkout(line_items=[line]).lines[0].options == options


@pytest.mark.parametrize("url", [None, "", "javascript:alert(1)", "https://x.example/a b", 7])
def test_a_withheld_recovery_link_is_no_link(url: Any) -> None:
    assert checkout(abandoned_checkout_url=url).recovery_url == ""


def test_a_deleted_checkout_is_found_by_its_cart() -> None:
    (gone,) = seen("checkouts/delete", body_of("checkouts_delete"))

    assert isinstance(gone, CartGone)
    assert gone.keys == (("cart", "eeafa272cebfd4b22385bc4b645e762c"),)
    with pytest.raises(Unreadable, match="no_key"):
        seen("checkouts/delete", {"id": 1, "cart_token": None})
