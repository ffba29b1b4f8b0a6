"""Products, deletions and topics without use."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

from apps.stores.errors import Ignored
from apps.stores.snapshots import Gone
from tests.stores.platforms.shopify_shop import (
    body_of,
    seen,
)


def test_a_variant_has_its_own_picture_and_stock() -> None:
    body = body_of("products_update")
    body["images"] = [
        {"id": 1, "src": "https://cdn.example/a.png", "variant_ids": []},
        {"id": 2, "src": "https://cdn.example/m.png", "variant_ids": [757650484644203962]},
    ]
    body["variants"][0] |= {"inventory_quantity": 0, "price": "29.00"}

    (one,) = seen("products/update", body)

    assert one.image == "https://cdn.example/a.png"
    assert [variant.image for variant in one.variants] == ["", "https://cdn.example/m.png"]
    assert [variant.in_stock for variant in one.variants] == [False, True]
    assert (one.in_stock, one.price, one.stock) == (True, Decimal("19.99"), 50)
    assert one.tags == ("example", "mens", "t-shirt")
    assert one.url == "https://shop.example.com/products/example-t-shirt"
    assert seen("products/update", body | {"published_at": None})[0].status == "unpublished"


@pytest.mark.parametrize(
    "topic",
    [
        "orders/edited",
        "inventory_levels/update",
        "locales/create",
        "customer.tags_added",
        "discounts/redeemcode_added",
        "customers_marketing_consent/update",
        "nobody/knows",
        "",
    ],
)
def test_topics_without_use_are_ignored_with_a_reason(topic: str) -> None:
    with pytest.raises(Ignored) as ignored:
        seen(topic, {"id": 1})

    assert str(ignored.value)


def test_a_deletion_is_as_old_as_its_trigger() -> None:
    (gone,) = seen(
        "orders/delete",
        body_of("orders_delete"),
        {"x-shopify-triggered-at": "2026-11-20T15:05:12.550000000Z"},
    )

    assert isinstance(gone, Gone)
    assert gone.at == datetime.fromisoformat("2026-11-20T15:05:12.55Z")
