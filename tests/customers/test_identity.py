"""Who is who: the cases in which a shop's people are easily mistaken for one another (decision 3)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.carts.models import Cart
from apps.core import db
from apps.customers.models import Customer, CustomerAlias, CustomerKey
from apps.orders.models import Order
from tests.invariants import bodies
from tests.shopkeeping import ADA, BEN, Person, Shop

WORK = "ada@work.example"


def people(shop: Shop) -> list[str | None]:
    return sorted(Customer.objects.of(shop.store).values_list("email_key", flat=True), key=str)


def order_of(shop: Shop, number: int) -> Order:
    return Order.objects.of(shop.store).get(external_id=str(number))


@pytest.mark.parametrize("typed", ["ADA@shopper.example", " ada@shopper.example ", "Ada@SHOPPER.Example"])
def test_however_an_address_is_typed_it_is_one_person(shop: Shop, ada: Person, typed: str) -> None:
    shop.leaves_cart(ada)

    shop.places_order(ada.at(typed))

    assert people(shop) == [ada.email]
    assert Cart.objects.of(shop.store).get().status == "ordered"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("zoë@shopper.example", "zoe\u0308@shopper.example"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@BÜCHER.example", "ada@bu\u0308cher.example"),
    ],
)
def test_two_spellings_of_one_address_are_one_person(shop: Shop, one: str, other: str) -> None:
    shop.leaves_cart(ADA.at(one))

    shop.leaves_cart(ADA.at(other))

    assert len(people(shop)) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ada@shopper.example", "ada+shop@shopper.example"),
        ("ada.l@shopper.example", "adal@shopper.example"),
        ("ada@strasse.example", "ada@straße.example"),
        ("ada@shopper.example", "ada@shopper.example.com"),
    ],
)
def test_two_addresses_are_never_one_person(shop: Shop, one: str, other: str) -> None:
    shop.leaves_cart(ADA.at(one))

    shop.places_order(ADA.at(other))

    assert len(people(shop)) == 2
    assert Cart.objects.of(shop.store).get().status == "active"


def test_the_spelling_shown_does_not_depend_on_what_came_first(shop: Shop, other_shop: Shop, ada: Person) -> None:
    for typed in ("ADA@shopper.example", ada.email):
        shop.leaves_cart(ada.at(typed))
    for typed in (ada.email, "ADA@shopper.example"):
        other_shop.leaves_cart(ada.at(typed))

    assert shop.customer(ada).email == other_shop.customer(ada).email == ada.email


def test_nobody_and_nobody_are_not_one(shop: Shop) -> None:
    shop.leaves_cart(None)
    shop.leaves_cart(None)

    assert people(shop) == []
    assert Cart.objects.of(shop.store).filter(customer__isnull=True).count() == 2


def test_accounts_without_an_address_stay_apart(shopify_shop: Shop, world) -> None:
    shopify_shop.sends(
        bodies.shopify_customer(70, world.at, None), bodies.shopify_customer(71, world.at, None)
    )  # fmt: skip

    assert people(shopify_shop) == [None, None]


def test_an_order_of_the_account_under_another_address_silences_the_accounts_basket(shop: Shop, ada: Person) -> None:
    cart = shop.leaves_cart(ada.with_account(7))

    shop.places_order(ada.with_account(7).at(WORK))

    cart.refresh_from_db()
    assert cart.status == "ordered"
    assert people(shop) == [ada.email, WORK]


def test_a_guests_order_stays_hers_when_an_account_is_made(shop: Shop, world, ada: Person) -> None:
    number = shop.places_order(ada)

    shop.sends(bodies.woo_customer(7, world.at, ada.email))
    later = shop.places_order(ada.with_account(7))

    assert people(shop) == [ada.email]
    assert order_of(shop, number).customer_id == order_of(shop, later).customer_id == shop.customer(ada).pk
    assert shop.customer(ada).orders_count == 2


def test_an_anonymous_basket_gets_its_person_when_the_address_comes(shop: Shop, world, travel, ada: Person) -> None:
    cart = shop.leaves_cart(None, name="k1")
    assert cart.customer_id is None
    travel(minutes=70)
    cart.refresh_from_db()
    assert (cart.status, cart.told_customer_id) == ("abandoned", None)

    shop.sends(bodies.woo_cart("k1", world.at, email=ada.email))
    travel(minutes=70)

    cart.refresh_from_db()
    assert (cart.customer_id, cart.told_customer_id) == (shop.customer(ada).pk, shop.customer(ada).pk)
    assert (
        len(db.rows("SELECT 1 FROM events_event WHERE kind = 'cart.abandoned' AND store_id = %s", [shop.store.pk])) == 2
    )


def test_a_basket_of_another_device_joins_by_the_checkout(shopify_shop: Shop, world, ada: Person) -> None:
    at = world.at
    shopify_shop.sends(bodies.shopify_cart("c1", at), bodies.shopify_checkout("k9", at, email=ada.email))
    assert Cart.objects.of(shopify_shop.store).count() == 2

    shopify_shop.sends(bodies.shopify_checkout("k9", at + timedelta(minutes=1), email=ada.email, cart="c1"))

    cart = Cart.objects.of(shopify_shop.store).get()
    assert sorted(cart.keys.values_list("value", flat=True)) == ["c1", "k9"]
    assert cart.customer_id == shopify_shop.customer(ada).pk


def test_a_cart_update_without_a_person_keeps_whose_it_is(shopify_shop: Shop, world, ada: Person) -> None:
    """It once met a batch in which nobody was named, and was set apart as unreadable."""
    at = world.at
    shopify_shop.sends(bodies.shopify_checkout("k1", at, email=ada.email, cart="c1"))

    shopify_shop.sends(bodies.shopify_cart("c1", at + timedelta(minutes=2), [("14", 2, "5.00")]))

    cart = Cart.objects.of(shopify_shop.store).get()
    assert (cart.customer_id, cart.email_key, cart.total) == (shopify_shop.customer(ada).pk, ada.email, Decimal(10))


def test_a_refund_alone_finds_its_order_and_person(shopify_shop: Shop, world, ada: Person) -> None:
    number = shopify_shop.places_order(ada)

    shopify_shop.sends(bodies.shopify_refund(1, number, world.at, "30.00"))

    order = order_of(shopify_shop, number)
    assert (order.customer_id, order.refunded) == (shopify_shop.customer(ada).pk, Decimal(30))
    assert shopify_shop.customer(ada).totals.get().spent == Decimal(50)


def test_an_account_takes_its_orders_to_the_new_address(shop: Shop, world, ada: Person) -> None:
    shop.sends(bodies.woo_customer(7, world.at, ada.email))
    number = shop.places_order(ada.with_account(7))

    shop.sends(bodies.woo_customer(7, world.at + timedelta(minutes=5), WORK))

    assert people(shop) == [ada.email, WORK]
    assert order_of(shop, number).customer.email_key == WORK
    assert (shop.customer(ada).orders_count, shop.customer(ada.at(WORK)).orders_count) == (0, 1)
    assert not shop.customer(ada).totals.exists()


def test_an_order_that_moved_away_lets_the_old_addresss_basket_go(shop: Shop, world, ada: Person) -> None:
    """The account's order had ended this basket by its person; the order turned out to be another's."""
    shop.sends(bodies.woo_customer(7, world.at, ada.email))
    cart = shop.leaves_cart(ada)
    shop.places_order(ada.at(WORK).with_account(7))
    cart.refresh_from_db()
    assert cart.status == "ordered"

    shop.sends(bodies.woo_customer(7, world.at + timedelta(minutes=5), BEN.email))

    cart.refresh_from_db()
    assert (cart.status, cart.order_id) == ("active", None)


def test_swapped_addresses_swap_the_accounts_and_not_the_people(shop: Shop, world, ada: Person) -> None:
    first, then = world.at, world.at + timedelta(minutes=5)
    shop.sends(bodies.woo_customer(7, first, ada.email), bodies.woo_customer(8, first, BEN.email))
    rows = {shop.customer(ada).pk, shop.customer(BEN).pk}

    shop.sends(bodies.woo_customer(7, then, BEN.email), bodies.woo_customer(8, then, ada.email))

    assert {shop.customer(ada).pk, shop.customer(BEN).pk} == rows
    pointers = {key.value: key.customer.email_key for key in CustomerKey.objects.of(shop.store)}
    assert pointers == {"7": BEN.email, "8": ada.email}


def test_older_news_of_an_account_changes_nothing(shop: Shop, world, ada: Person) -> None:
    shop.sends(bodies.woo_customer(7, world.at, ada.email))

    shop.sends(bodies.woo_customer(7, world.at - timedelta(days=1), WORK))

    assert CustomerKey.objects.of(shop.store).get().customer.email_key == ada.email


def test_what_an_order_says_does_not_outweigh_the_customer_record(shop: Shop, world, ada: Person) -> None:
    shop.sends(bodies.woo_customer(7, world.at, ada.email))

    number = shop.places_order(ada.at(WORK).with_account(7))

    assert CustomerKey.objects.of(shop.store).get().customer.email_key == ada.email
    assert order_of(shop, number).customer.email_key == ada.email


def test_a_nameless_account_goes_up_into_its_address_and_stays_known(shopify_shop: Shop, world, ada: Person) -> None:
    shopify_shop.sends(bodies.shopify_customer(70, world.at, None))
    nameless = Customer.objects.of(shopify_shop.store).get()

    shopify_shop.sends(bodies.shopify_customer(70, world.at + timedelta(minutes=1), ada.email))

    assert people(shopify_shop) == [ada.email]
    assert CustomerAlias.objects.get(old_id=nameless.pk).customer_id == shopify_shop.customer(ada).pk


def test_accounts_the_platform_merged_point_alike_and_two_addresses_stay_two(
    shopify_shop: Shop, world, ada: Person
) -> None:
    at = world.at
    shopify_shop.sends(bodies.shopify_customer(70, at, ada.email), bodies.shopify_customer(71, at, WORK))
    number = shopify_shop.places_order(ada.at(WORK).with_account(71))

    shopify_shop.sends(bodies.shopify_merge(70, 71, at + timedelta(minutes=1)))

    assert people(shopify_shop) == [ada.email, WORK]
    assert order_of(shopify_shop, number).customer.email_key == ada.email
    assert (shopify_shop.customer(ada).orders_count, shopify_shop.customer(ada.at(WORK)).orders_count) == (1, 0)

    shopify_shop.sends(bodies.shopify_customer(71, at + timedelta(hours=1), WORK))
    assert {key.customer.email_key for key in CustomerKey.objects.of(shopify_shop.store)} == {ada.email}


def test_a_merge_keeps_the_older_draw_and_the_old_number(shopify_shop: Shop, world, ada: Person) -> None:
    from apps.flows.models import Draw, Flow

    at = world.at
    shopify_shop.sends(bodies.shopify_customer(70, at, ada.email), bodies.shopify_customer(71, at, None))
    nameless = Customer.objects.of(shopify_shop.store).get(email_key=None)
    flow = Flow.objects.create(store=shopify_shop.store, slug="a", name="A")
    Draw.objects.create(flow=flow, customer=nameless, ticket=3, held_out=True, drawn_at=at)
    Draw.objects.create(
        flow=flow, customer=shopify_shop.customer(ada), ticket=80, held_out=False, drawn_at=at + timedelta(days=1)
    )

    shopify_shop.sends(bodies.shopify_merge(70, 71, at + timedelta(minutes=1)))

    assert people(shopify_shop) == [ada.email]
    assert Draw.objects.get().held_out
    assert CustomerAlias.objects.get().old_id == nameless.pk


def test_the_same_address_in_another_shop_is_another_person(
    shop: Shop, other_shop: Shop, ada: Person, cy: Person
) -> None:
    cart = shop.leaves_cart(ada)
    other_shop.leaves_cart(cy)

    other_shop.places_order(ada)

    cart.refresh_from_db()
    assert cart.status == "active"
    assert shop.customer(ada).pk != other_shop.customer(ada).pk
    assert bytes(shop.customer(ada).address_hash) != bytes(other_shop.customer(ada).address_hash)
    assert people(shop) == [ada.email]


def test_equal_contents_join_nothing(shop: Shop, ada: Person) -> None:
    """`cart_hash` is the same for everybody with the same things in the basket."""
    shop.leaves_cart(ada)
    shop.leaves_cart(BEN)

    shop.places_order(ada)

    assert Cart.objects.of(shop.store).get(email_key=BEN.email).status == "active"


@pytest.mark.parametrize("bad", ["ada", "ada@", "@shopper.example", "ada@localhost", "a b@c.example", "ada@1.2.3.4"])
def test_what_is_no_address_makes_nobody(shop: Shop, bad: str) -> None:
    shop.leaves_cart(ADA.at(bad))

    assert people(shop) == []
    assert Cart.objects.of(shop.store).get().customer_id is None
