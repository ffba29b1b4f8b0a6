"""The link back into the shop."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

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
