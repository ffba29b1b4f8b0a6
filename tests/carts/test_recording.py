"""Baskets from what platforms say of them."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.carts.models import Cart
from tests.invariants import bodies
from tests.shopkeeping import Person, Shop

pytestmark = pytest.mark.django_db


def test_a_checkout_deleted_before_it_was_told_stays_deleted(shopify_shop: Shop, world, ada: Person) -> None:
    """The news of the deletion was once dropped, for want of a basket to hang it on."""
    shopify_shop.sends(bodies.shopify_checkout_deleted("k1", "c1", world.at + timedelta(minutes=9)))

    shopify_shop.sends(bodies.shopify_checkout("k1", world.at, email=ada.email, cart="c1"))

    assert shopify_shop.cart("k1").status == "emptied"


def test_a_basket_touched_after_its_deletion_lives(shopify_shop: Shop, world, ada: Person) -> None:
    shopify_shop.sends(bodies.shopify_checkout("k1", world.at, email=ada.email, cart="c1"))
    shopify_shop.sends(bodies.shopify_checkout_deleted("k1", "c1", world.at + timedelta(minutes=1)))

    shopify_shop.sends(bodies.shopify_cart("c1", world.at + timedelta(minutes=2)))

    assert shopify_shop.cart("k1").status == "active"


def test_an_emptied_basket_names_no_currency_of_earlier_days(shopify_shop: Shop, world) -> None:
    shopify_shop.sends(bodies.shopify_cart("c1", world.at), bodies.shopify_cart("c1", world.at + timedelta(1), ()))

    cart = Cart.objects.of(shopify_shop.store).get()
    assert (cart.currency, cart.total, cart.status) == ("", Decimal(0), "emptied")


def test_older_news_changes_nothing(shop: Shop, world, ada: Person) -> None:
    shop.sends(bodies.woo_cart("k1", world.at, [("13", 2, "5.00")], email=ada.email))

    shop.sends(bodies.woo_cart("k1", world.at - timedelta(minutes=5), [("14", 9, "1.00")], email=ada.email))

    assert shop.cart("k1").total == Decimal(10)
