"""The link back into the shop."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from apps.stores.platforms.base import Basket, ShopLinks
from apps.stores.snapshots import Line
from tests.stores.platforms.deliveries import (
    NOON,
)
from tests.stores.platforms.shopify_shop import (
    DOMAIN,
    shop,
)


def basket(**changes: Any) -> Basket:
    lines = tuple(
        Line(
            product="1",
            variant=variant,
            title="A",
            quantity=quantity,
            unit_price=Decimal(1),
            total=Decimal(1),
        )
        for variant, quantity in (
            ("44567890123456", Decimal(2)),
            ("44567890123457", Decimal("1.5")),
            (None, Decimal(1)),
        )
    )
    url = f"https://{DOMAIN}/61/checkouts/ac/hWN/recover?key=0a%2B&locale=en-US"
    start = Basket(keys=(), lines=lines, recovery_url=url, message_ref="m-1", expires_at=NOON, code="A&B")
    return replace(start, **changes)


LINKS = ShopLinks(url="https://shop.example.com", shop_domain=DOMAIN, hosts=frozenset({"go.example.com"}))
UTM = "utm_source=mandje&utm_medium=email&utm_id=m-1&discount=A%26B"


@pytest.mark.parametrize("host", [DOMAIN, "shop.example.com", "go.example.com", "SHOP.example.com:443"])
def test_the_shops_own_recovery_link_stays_as_it_is(host: str) -> None:
    url = f"https://{host}/61/checkouts/ac/hWN/recover?key=0a%2B&locale=en-US"

    assert shop.restore(basket(recovery_url=url), LINKS) == f"{url}&{UTM}"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://shop.example.com/r?key=1",
        "https://evil.example/r",
        "https://shop.example.com@evil.example/",
        "https://shop.example.com:8443/",
        "https://shop.example.com.evil.example/",
        "https://[::1",
        "javascript:1",
    ],
)
def test_any_other_link_gives_way_to_a_permalink(url: str) -> None:
    assert shop.restore(basket(recovery_url=url), LINKS) == (
        f"https://shop.example.com/cart/44567890123456:2,44567890123457:1?attributes%5Bmandje%5D=m-1&{UTM}"
    )


def test_without_variants_the_shop_itself_is_the_link() -> None:
    assert shop.restore(basket(recovery_url="", lines=(), code=""), LINKS).startswith(
        "https://shop.example.com/?utm_source="
    )


def test_without_variants_a_code_is_kept_for_the_visit() -> None:
    assert shop.restore(basket(recovery_url="", lines=()), LINKS) == (
        "https://shop.example.com/discount/A%26B?redirect=%2F%3Futm_source%3Dmandje%26utm_medium%3Demail%26utm_id%3Dm-1"
    )


def test_a_link_that_has_a_discount_already_keeps_its_own() -> None:
    url = f"https://{DOMAIN}/61/checkouts/ac/hWN/recover?key=0a&discount=OWN"

    assert shop.restore(basket(recovery_url=url), LINKS).count("discount=") == 1


def test_a_link_withheld_since_2027_gives_way_to_a_permalink() -> None:
    """Missing, null or empty: the webhook's body says it in either way (shopify.md 7)."""
    from tests.stores.platforms.shopify_shop import checkout

    for withheld in ({"abandoned_checkout_url": None}, {"abandoned_checkout_url": ""}):
        assert checkout(**withheld).recovery_url == ""
    assert shop.restore(basket(recovery_url=""), LINKS).startswith("https://shop.example.com/cart/44567890123456:2,")
