"""The link back into the shop."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from apps.stores.platforms.base import Basket, ShopLinks
from apps.stores.snapshots import Line
from tests.stores.platforms.deliveries import (
    NOON,
)
from tests.stores.platforms.woocommerce_shop import shop

LINES = (
    Line(
        product="13",
        variant=None,
        title="Lantern",
        quantity=Decimal(2),
        unit_price=Decimal(5),
        total=Decimal(10),
    ),
    Line(
        product="15",
        variant="17",
        title="Blanket",
        quantity=Decimal(1),
        unit_price=Decimal(9),
        total=Decimal(9),
        options=(("attribute_colour", "Moss"), ("Size", "big")),
    ),
    Line(
        product=None,
        variant=None,
        title="Gone",
        quantity=Decimal(1),
        unit_price=Decimal(1),
        total=Decimal(1),
    ),
)


def basket(**changes: Any) -> Basket:
    return replace(
        Basket(
            keys=(("order", "1"), ("companion", "ab" * 16)),
            lines=LINES,
            recovery_url="",
            message_ref="m-1",
            expires_at=NOON,
            code="TAKE&5",
        ),
        **changes,
    )


def links(**changes: Any) -> ShopLinks:
    return replace(ShopLinks(url="https://shop.example/nl/", secret="s&amp;t"), **changes)


def test_the_companions_link_is_signed_and_holds_no_address() -> None:
    parts_ = urlsplit(shop.restore(basket(), links(companion=True)))
    query = parse_qs(parts_.query)
    payload, signature = query["rcv"][0].split(".")

    assert signature == hmac.new(b"s&t", b"restore." + payload.encode(), hashlib.sha256).hexdigest()
    assert json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))) == {
        "c": "ab" * 16,
        "x": int(NOON.timestamp()),
        "k": "TAKE&5",
        "r": "m-1",
        "i": [[13, 0, 2, {}], [15, 17, 1, {"attribute_colour": "Moss"}]],
    }
    assert parts_.path == "/nl/"
    assert query["utm_source"] == ["mandje"]
    assert query["utm_id"] == ["m-1"]


def test_without_the_companion_core_restores_and_old_shops_show_their_cart() -> None:
    core = shop.restore(basket(), links(version=(10, 0, 0)))

    assert core == (
        "https://shop.example/nl/checkout-link/?products=13:2,17:1&coupon=TAKE%265"
        "&utm_source=mandje&utm_medium=email&utm_id=m-1"
    )
    for old in (links(version=(9, 9)), links()):
        assert shop.restore(basket(), old).startswith("https://shop.example/nl/cart/?utm_source=mandje")
    assert "/cart/?" in shop.restore(basket(lines=LINES[2:]), links(version=(11,)))


def test_a_code_bound_to_an_address_needs_our_plugin() -> None:
    """By core's own link a guest with such a code is told to enter a valid e-mail, and pays the full price."""
    assert shop.binds_address(links(companion=True, version=(11, 0)))
    assert not shop.binds_address(links(version=(11, 0)))
    assert not shop.binds_address(links(companion=True, secret=""))


PAY = "https://shop.example/nl/checkout/order-pay/23/?pay_for_order=true&key=wc_order_x"


def unpaid(minutes: int, **changes: Any) -> Basket:
    return basket(pay_url=PAY, unpaid_since=NOON - timedelta(minutes=minutes), at=NOON, **changes)


def test_an_older_shop_without_our_plugin_lets_an_unpaid_order_be_paid_in_its_first_hour() -> None:
    link = shop.restore(unpaid(59), links(version=(9, 9)))

    assert link.startswith(PAY + "&")
    assert parse_qs(urlsplit(link).query)["utm_id"] == ["m-1"]
    # By then WooCommerce has cancelled it, and the link would say that it cannot be paid.
    assert "/cart/" in shop.restore(unpaid(60), links(version=(9, 9)))


def test_whatever_brings_the_basket_back_goes_before_the_pay_link() -> None:
    assert "/checkout-link/" in shop.restore(unpaid(5), links(version=(10, 0)))
    assert "rcv=" in shop.restore(unpaid(5), links(companion=True, version=(9, 9)))


@pytest.mark.parametrize(
    "pay",
    [
        "https://evil.example/pay?x=1", "http://shop.example/pay?x=1", "https://shop.example@evil.example/?x=1",
        "https://shop.example/",
    ],
)  # fmt: skip
def test_a_pay_link_leads_to_the_shop_itself(pay: str) -> None:
    strange = replace(unpaid(5), pay_url=pay)
    assert urlsplit(shop.restore(strange, links(version=(9, 9)))).path == "/nl/cart/"


def test_an_older_shop_gets_a_single_product_back_into_the_basket() -> None:
    only = basket(lines=LINES[:1], code="")
    link = urlsplit(shop.restore(only, links(version=(9, 9))))
    query = parse_qs(link.query)

    assert (link.netloc, link.path) == ("shop.example", "/nl/")
    assert (query["add-to-cart"], query["quantity"], query["utm_id"]) == (["13"], ["2"], ["m-1"])
    # A variation asks for its attributes, which a link cannot know.
    assert urlsplit(shop.restore(replace(only, lines=LINES[1:2]), links(version=(9, 9)))).path == "/nl/cart/"
