"""Deletions, customers and topics without use."""

from __future__ import annotations

import json

import pytest

from apps.stores.errors import Ignored, Unreadable
from apps.stores.snapshots import Gone, OrderSeen
from tests.stores.platforms.deliveries import (
    envelope,
)
from tests.stores.platforms.woocommerce_shop import FACTS, RECORDED, order, seen, shop


def test_a_gone_thing_and_an_error_object() -> None:
    (gone,) = shop.translate(RECORDED["coupon.deleted"].envelope(), FACTS)
    error = {
        "code": "woocommerce_rest_shop_order_invalid_id",
        "message": "Invalid ID.",
        "data": {"status": 404},
    }

    assert gone == Gone(at=None, tie=gone.tie, noun="coupon", external_id="32")
    for topic in (
        "order.updated",
        "order.deleted",
        "product.updated",
        "customer.created",
        "coupon.updated",
    ):
        with pytest.raises(Unreadable, match="error_object"):
            seen(error, topic)


def test_a_whole_body_under_a_deletions_topic_deletes_nothing() -> None:
    with pytest.raises(Unreadable, match="wrong_shape"):
        seen(order(), "order.deleted")
    with pytest.raises(Unreadable, match="wrong_shape"):
        seen(json.loads(RECORDED["customer.created"].body), "order.updated")


def test_who_runs_the_shop_is_no_customer() -> None:
    body = json.loads(RECORDED["customer.created"].body)

    with pytest.raises(Ignored):
        seen(body | {"role": "shop_manager"}, "customer.updated")
    assert seen(body | {"role": "shop_manager", "is_paying_customer": True}, "customer.updated")


def test_a_restored_order_says_so() -> None:
    (first,) = shop.translate(RECORDED["order.restored"].envelope(), FACTS)

    assert isinstance(first, OrderSeen)
    assert first.restored


@pytest.mark.parametrize("topic", ["action.woocommerce_add_to_cart", "review.created", "", "cart.opened"])
def test_topics_without_use_are_ignored_with_a_reason(topic: str) -> None:
    with pytest.raises(Ignored):
        shop.translate(envelope(topic, {"id": 1}), FACTS)
