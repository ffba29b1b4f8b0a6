"""What a person ordered and spent, kept in the transaction that learns of it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.invariants import bodies
from tests.shopkeeping import ADA, Person, Shop

pytestmark = pytest.mark.django_db


def sums(shop: Shop, person: Person = ADA) -> tuple[int, list[tuple[str, Decimal]]]:
    customer = shop.customer(person)
    return customer.orders_count, list(customer.totals.order_by("currency").values_list("currency", "spent"))


def test_orders_add_up_and_a_refund_takes_off(shopify_shop: Shop, world, ada: Person) -> None:
    first = shopify_shop.places_order(ada, total="80.00 EUR")
    shopify_shop.places_order(ada, total="20.00 EUR")
    assert sums(shopify_shop) == (2, [("EUR", Decimal(100))])

    shopify_shop.sends(bodies.shopify_refund(1, first, world.at, "30.00"))
    assert sums(shopify_shop) == (2, [("EUR", Decimal(70))])

    shopify_shop.sends(bodies.shopify_refund(2, first, world.at, "50.00"))
    assert sums(shopify_shop) == (1, [("EUR", Decimal(20))])


def test_an_order_the_shop_threw_away_leaves_the_sums(shopify_shop: Shop, world, ada: Person) -> None:
    """Once the row was marked and the sums stayed as they were."""
    number = shopify_shop.places_order(ada)

    shopify_shop.sends(bodies.shopify_gone("order", number, world.at + timedelta(minutes=1)))

    assert sums(shopify_shop) == (0, [])


def test_an_order_changed_after_it_was_thrown_away_is_there(shopify_shop: Shop, world, ada: Person) -> None:
    number, later = shopify_shop.places_order(ada), world.at + timedelta(minutes=9)
    changed = bodies.shopify_order(
        number, later, created=world.at, email=ada.email, things=[("13", 1, "80.00")], fulfillment="fulfilled"
    )

    shopify_shop.sends(changed)
    shopify_shop.sends(bodies.shopify_gone("order", number, world.at + timedelta(minutes=1)))

    assert sums(shopify_shop) == (1, [("EUR", Decimal(80))])


def test_a_cancelled_and_a_test_order_count_for_nothing(shop: Shop, world, ada: Person) -> None:
    number = shop.places_order(ada)
    created = world.at

    shop.sends(
        bodies.woo_order(number, created + timedelta(1), "cancelled", created=created, email=ada.email, paid=created)
    )

    assert sums(shop) == (0, [])
