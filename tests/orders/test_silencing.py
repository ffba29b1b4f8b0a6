"""An order ends the baskets of its person, whichever was heard of first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.carts.models import Cart
from apps.orders.models import Order
from tests.invariants import bodies
from tests.shopkeeping import ADA, BEN, Person, Shop

pytestmark = pytest.mark.django_db


def tied(shop: Shop, name: str) -> str | None:
    cart = shop.cart(name)
    return Order.objects.get(pk=cart.order_id).external_id if cart.order_id else None


def test_a_basket_begun_after_the_order_is_a_new_one(shop: Shop, world, ada: Person) -> None:
    shop.places_order(ada)
    world.at += timedelta(minutes=1)

    assert shop.leaves_cart(ada).status == "active"


def test_a_basket_named_by_the_order_is_ended_whoever_it_belongs_to(shop: Shop, ada: Person) -> None:
    cart = shop.leaves_cart(ada, name="k1")

    shop.places_order(BEN, from_cart=cart)

    assert shop.cart("k1").status == "ordered"


@pytest.mark.parametrize("status", ["pending", "failed", "checkout-draft"])
def test_what_is_unpaid_is_a_basket_and_silences_nothing(shop: Shop, world, ada: Person, status: str) -> None:
    """Decision 12."""
    shop.leaves_cart(ada, name="k1")

    shop.sends(bodies.woo_order(30, world.at, status, created=world.at, email=ada.email))

    assert shop.cart("k1").status == "active"
    assert Cart.objects.of(shop.store).get(keys__kind="order").reached_checkout


def test_the_first_order_ends_the_basket_also_when_it_is_heard_of_last(shop: Shop, world, ada: Person) -> None:
    """The tie once went to whichever order was recorded last."""
    shop.leaves_cart(ada, name="k1")
    early, late = world.at + timedelta(minutes=5), world.at + timedelta(minutes=9)

    for number, at in ((31, late), (30, early), (31, late + timedelta(minutes=1))):
        placed = late if number == 31 else early
        shop.sends(bodies.woo_order(number, at, "processing", created=placed, email=ada.email, paid=placed))

    assert tied(shop, "k1") == "30"


def test_an_order_that_came_to_nothing_gives_the_basket_back(shop: Shop, world, travel, ada: Person) -> None:
    shop.leaves_cart(ada, name="k1")
    at = world.at + timedelta(minutes=1)
    shop.sends(bodies.woo_order(30, at, "on-hold", created=at, email=ada.email))
    assert shop.cart("k1").status == "ordered"

    shop.sends(bodies.woo_order(30, at + timedelta(minutes=5), "cancelled", created=at, email=ada.email))

    assert (shop.cart("k1").status, tied(shop, "k1")) == ("active", None)
    travel(hours=2)
    assert shop.cart("k1").status == "abandoned"


def test_an_order_is_told_once_however_often_it_changes(shop: Shop, world) -> None:
    from apps.events.models import Event

    for minute, status in enumerate(["pending", "on-hold", "processing", "completed", "completed"]):
        at = world.at + timedelta(minutes=minute)
        paid = at if status in ("processing", "completed") else None
        shop.sends(bodies.woo_order(30, at, status, created=world.at, email=ADA.email, paid=paid))

    kinds = list(Event.objects.filter(store_id=shop.store.pk, kind__startswith="order.").values_list("kind", flat=True))
    assert sorted(kinds) == ["order.paid", "order.placed", "order.unpaid"]
