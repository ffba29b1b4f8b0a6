"""Orders, people, products and baskets asked of a Shopify shop, and the last look before a mail."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from apps.core.stamps import stamp
from apps.stores.errors import AccessRefused, NotOffered
from apps.stores.platforms.calling import LookedFor
from apps.stores.platforms.shopify import fetching, nodes
from apps.stores.snapshots import CartSeen, CustomerSeen, OrderSeen, ProductSeen
from apps.stores.troubles import Trouble
from tests.shops.shopify import Shopify
from tests.shops.shopify_things import gid, money
from tests.stores.platforms.deliveries import SHOPS
from tests.stores.platforms.shopify_calls import ADA, BEN, FACTS, recorded, shopify
from tests.stores.platforms.shopify_shop import RECORDED, seen

MOLEN = SHOPS["shopify"]


@pytest.fixture(autouse=True)
def _nothing_learned() -> None:
    fetching._AFFORDABLE.clear()


def everything(shop: Shopify, what: Any, since: datetime | None = None) -> list[Any]:
    found, cursor = [], ""
    for _ in range(100):
        page = shopify.fetch(shop.access(), FACTS, what, since=since, cursor=cursor)
        found += page.seen
        cursor = page.cursor
        if not cursor:
            return found
    raise AssertionError("the pages never end")


def without_tie(one: Any) -> dict[str, Any]:
    """What it says, numbers as numbers: 182.0 and 182.00 are one price."""
    if isinstance(one, msgspec.Struct):
        return {name: without_tie(value) for name, value in msgspec.structs.asdict(one).items() if name != "tie"}
    return [without_tie(each) for each in one] if isinstance(one, tuple) else one


# --- the same thing by its webhook and by asking ---


@pytest.mark.parametrize(
    ("webhook", "node"),
    [("scenarios/recovered/05_orders_create", "recovered"),
     ("scenarios/cancelled_and_refunded/03_orders_cancelled", "cancelled")],
)  # fmt: skip
def test_an_order_is_the_same_by_its_webhook_and_by_asking(webhook: str, node: str) -> None:
    (told,) = seen("orders/updated", RECORDED[webhook].body)
    (asked,) = nodes.order(recorded(f"node.{node}"), MOLEN)

    told, asked = without_tie(told), without_tie(asked)
    if node == "cancelled":
        # Its webhook repeats no refunds: the money comes with refunds/create.
        told.pop("refunded"), asked.pop("refunded")
    assert asked == told


def test_a_basket_is_the_same_but_for_what_only_its_webhook_tells() -> None:
    (told,) = seen("checkouts/update", RECORDED["scenarios/recovered/04_checkouts_update"].body)
    (asked,) = nodes.basket(recorded("node.checkout"), MOLEN)

    told, asked = without_tie(told), without_tie(asked)
    assert asked.pop("keys")[0] in told.pop("keys")
    for only in ("consent", "amounts", "person"):
        told.pop(only), asked.pop(only)
    assert asked == told


def test_a_product_is_the_same_but_for_the_pictures_of_its_variants() -> None:
    (told,) = seen("products/update", RECORDED["products_update"].body)
    # Recorded before its maker was asked for too.
    (asked,) = nodes.product(recorded("node.product") | {"vendor": "Acme"}, MOLEN)

    told, asked = without_tie(told), without_tie(asked)
    for variant in (*told["variants"], *asked["variants"]):
        variant.pop("image")
    assert asked == told


def test_of_two_states_of_one_second_the_same_one_stays_whichever_came_first() -> None:
    """The webhook's: and asking twice is one and the same state."""
    (told,) = seen("orders/updated", RECORDED["scenarios/recovered/05_orders_create"].body)
    (asked,) = nodes.order(recorded("node.recovered"), MOLEN)
    (again,) = nodes.order(recorded("node.recovered"), MOLEN)

    assert stamp(told.at, told.tie) > stamp(asked.at, asked.tie) == stamp(again.at, again.tie)
    (later,) = nodes.order(recorded("node.recovered") | {"displayFulfillmentStatus": "FULFILLED"}, MOLEN)
    assert stamp(later.at, later.tie) > stamp(told.at, told.tie)


def test_the_recorded_answer_about_abandoned_checkouts_is_a_basket() -> None:
    (node,) = recorded("abandonedCheckouts")["data"]["abandonedCheckouts"]["nodes"]

    (basket,) = nodes.basket(node, MOLEN)

    assert isinstance(basket, CartSeen)
    assert basket.keys == (("cart", "hWN3kYh2bQ0pXkD7vUuZ1a9LcR5"),)
    assert basket.person is not None
    assert basket.person.email == "ada.buyer@example.com"
    assert basket.amounts is not None
    assert basket.amounts.total == Decimal(182)
    assert basket.recovery_url == node["abandonedCheckoutUrl"]


# --- what changed ---


def test_changes_come_oldest_first_page_by_page(theepot: Shopify) -> None:
    product = theepot.adds_product()
    moments = [theepot.now - timedelta(minutes=minute) for minute in (5, 50, 20, 90)]
    numbers = [theepot.adds_order(email=ADA, at=at) for at in moments]
    fetching._AFFORDABLE["orders"] = 1

    found = everything(theepot, "orders", theepot.now - timedelta(hours=1))

    assert [one.external_id for one in found] == [numbers[1], numbers[2], numbers[0]]
    assert found[0].lines[0].product == product
    assert len(theepot.asked_for("Orders")) == 3


def test_the_page_says_the_shops_own_clock(theepot: Shopify) -> None:
    theepot.ahead = timedelta(minutes=7)
    theepot.adds_order(email=ADA, at=theepot.now)

    page = shopify.fetch(theepot.access(), FACTS, "orders", since=None, cursor="")

    assert page.asked_at is not None
    assert abs((page.asked_at - theepot.now).total_seconds()) < 2


def test_a_question_too_dear_is_asked_by_fewer_at_once_and_remembered(theepot: Shopify) -> None:
    for number in range(12):
        theepot.adds_order(email=f"n{number}@shopper.example", at=theepot.now)
    theepot.dearest = 400

    assert len(everything(theepot, "orders")) == 12
    before = len(theepot.asked_for("Orders"))
    everything(theepot, "orders")
    assert len(theepot.asked_for("Orders")) - before == before - 1


def test_an_order_with_more_lines_than_a_page_comes_whole(theepot: Shopify) -> None:
    theepot.adds_product()
    number = theepot.adds_order(email=ADA, at=theepot.now)
    line = theepot.things.orders[number]["lineItems"][0]
    theepot.things.orders[number]["lineItems"] = [line | {"sku": f"S{place}"} for place in range(230)]

    (order,) = everything(theepot, "orders")

    assert [one.sku for one in order.lines] == [f"S{place}" for place in range(230)]


def test_people_come_with_their_consent(theepot: Shopify) -> None:
    ada, ben = theepot.adds_customer(email=ADA), theepot.adds_customer(email=BEN, first_name="Ben")
    theepot.things.customers[ada]["defaultEmailAddress"] |= {
        "marketingState": "SUBSCRIBED", "marketingOptInLevel": "CONFIRMED_OPT_IN",
        "marketingUpdatedAt": "2026-11-02T09:00:00Z",
    }  # fmt: skip

    found = {one.person.account: one for one in everything(theepot, "customers") if isinstance(one, CustomerSeen)}

    assert found[ada].person.email == ADA
    assert found[ada].consent is not None
    assert (found[ada].consent.state, found[ada].consent.double_opt_in) == ("granted", True)
    assert found[ben].consent is None


def test_products_come_with_their_stock_pictures_and_stars(theepot: Shopify) -> None:
    pot = theepot.adds_product(title="Theepot", price="24.95", stock=3)
    theepot.things.rates(pot, "4.6", 37)
    theepot.adds_product(title="Kopje", stock=0)

    pot_seen, cup = everything(theepot, "products")

    assert isinstance(pot_seen, ProductSeen)
    assert (pot_seen.external_id, pot_seen.title, pot_seen.price, pot_seen.stock) == (
        pot, "Theepot", Decimal("24.95"), Decimal(3),
    )  # fmt: skip
    assert (pot_seen.rating, pot_seen.rating_count) == (Decimal("4.6"), 37)
    assert pot_seen.image.startswith("https://cdn.shopify.com/")
    assert pot_seen.variants[0].image == pot_seen.image
    assert pot_seen.url == "https://theepot.example/products/theepot"
    assert (cup.in_stock, cup.rating) == (False, None)


def test_baskets_come_with_their_links(theepot: Shopify) -> None:
    token = theepot.adds_basket(email=ADA, at=theepot.now - timedelta(hours=2), total="80.00")

    (basket,) = everything(theepot, "baskets", theepot.now - timedelta(days=1))

    assert isinstance(basket, CartSeen)
    assert basket.keys == (("cart", theepot.things.baskets[token]["_cart"]),)
    assert basket.person is not None
    assert basket.person.email == ADA
    assert "/recover?key=" in basket.recovery_url


def test_a_basket_whose_link_is_withheld_does_not_become_a_second_one(theepot: Shopify) -> None:
    """Without its link nothing says which basket of the webhooks it is."""
    theepot.adds_basket(email=ADA, at=theepot.now)
    theepot.withholds()

    assert everything(theepot, "baskets") == []


def test_what_protected_data_hides_is_unknown_and_the_order_comes(theepot: Shopify) -> None:
    theepot.adds_customer(email=ADA)
    number = theepot.adds_order(email=ADA, at=theepot.now)
    theepot.withholds()

    (order,) = everything(theepot, "orders")

    assert order.external_id == number
    assert (order.person.email, order.person.first_name) == (None, None)
    assert order.person.account


def test_without_the_permission_the_trouble_names_it(theepot: Shopify) -> None:
    theepot.scopes.remove("read_orders")

    with pytest.raises(AccessRefused) as refused:
        everything(theepot, "orders")

    assert (refused.value.trouble, refused.value.values["scope"]) == (Trouble.SCOPE_MISSING, "read_orders")


def test_reviews_and_single_baskets_are_not_offered(theepot: Shopify) -> None:
    with pytest.raises(NotOffered):
        everything(theepot, "reviews")
    with pytest.raises(NotOffered):
        shopify.one(theepot.access(), FACTS, "baskets", "1")


@pytest.mark.parametrize("what", ["orders", "products", "customers"])
def test_one_thing_as_it_is_now_and_nothing_for_what_is_not_there(theepot: Shopify, what: Any) -> None:
    key = {
        "orders": lambda: theepot.adds_order(email=ADA, at=theepot.now),
        "products": theepot.adds_product,
        "customers": lambda: theepot.adds_customer(email=ADA),
    }[what]()

    (one,) = shopify.one(theepot.access(), FACTS, what, key)

    assert getattr(one, "external_id", None) == key or one.person.account == key
    assert shopify.one(theepot.access(), FACTS, what, "12") == []
    assert shopify.one(theepot.access(), FACTS, what, '1" OR "') == []


def test_a_refund_is_told_by_its_total(theepot: Shopify) -> None:
    number = theepot.adds_order(email=ADA, at=theepot.now, total="80.00")
    theepot.things.orders[number] |= {
        "displayFinancialStatus": "PARTIALLY_REFUNDED",
        "refunds": [
            {"id": gid("Refund", 5), "createdAt": "2026-11-22T10:00:00Z", "processedAt": "2026-11-22T10:00:00Z",
             "totalRefundedSet": money("30.00")}
        ],
    }  # fmt: skip

    (order,) = shopify.one(theepot.access(), FACTS, "orders", number)

    assert isinstance(order, OrderSeen)
    assert order.refunded == Decimal(30)
    assert [(one.external_id, one.amount, one.currency) for one in order.refunds] == [("5", Decimal(30), "EUR")]


# --- the last look ---


def looked(at: datetime, email: str = "", account: str | None = None, *keys: tuple[str, str]) -> LookedFor:
    return LookedFor(keys=keys, email=email, account=account, since=at)


def found_by(shop: Shopify, *baskets: LookedFor, since: timedelta = timedelta(seconds=-60)) -> set[str]:
    orders = shopify.look(shop.access(), FACTS, baskets, since=shop.now - since)
    return {one.external_id for one in orders if isinstance(one, OrderSeen)}


def test_an_order_is_found_by_checkout_by_account_and_by_address_in_one_question(theepot: Shopify) -> None:
    then = theepot.now - timedelta(hours=2)
    ada = theepot.adds_customer(email="old@shopper.example")
    token = theepot.adds_basket(email="x@shopper.example", at=then)
    orders = {
        theepot.adds_order(email="other@shopper.example", at=then, basket=token),
        theepot.adds_order(email="third@shopper.example", at=then, customer=ada),
        theepot.adds_order(email="BEN@Shopper.example", at=then),
    }
    theepot.adds_order(email="cy@shopper.example", at=then)
    cart = theepot.things.baskets[token]["_cart"]
    early = then - timedelta(minutes=1)

    found = found_by(theepot, looked(early, "", None, ("cart", cart)), looked(early, "", ada), looked(early, BEN))

    assert found == orders
    assert len(theepot.asked_for("Orders")) == 2


def test_nothing_known_joins_nothing(theepot: Shopify) -> None:
    """An order at the till without an address is nobody's (shopify.md 14.7)."""
    theepot.adds_order(email="", at=theepot.now - timedelta(hours=1))

    assert found_by(theepot, looked(theepot.now - timedelta(days=1), "", None, ("companion", "x"))) == set()


def test_an_order_before_the_basket_is_not_its_order(theepot: Shopify) -> None:
    theepot.adds_order(email=ADA, at=theepot.now - timedelta(days=2))

    assert found_by(theepot, looked(theepot.now - timedelta(days=1), ADA)) == set()


def test_what_was_ordered_since_we_last_heard_is_always_looked_at(theepot: Shopify) -> None:
    number = theepot.adds_order(email="unknown@shopper.example", at=theepot.now - timedelta(minutes=3))

    assert found_by(theepot, looked(theepot.now, ADA), since=timedelta(minutes=5)) == {number}


def test_twenty_baskets_a_question_and_none_without_baskets(theepot: Shopify) -> None:
    baskets = [looked(theepot.now, f"n{number}@shopper.example") for number in range(45)]

    found_by(theepot, *baskets)

    assert len(theepot.asked_for("Orders")) == 3 + 1
    assert shopify.look(theepot.access(), FACTS, [], since=theepot.now) == []
    assert len(theepot.asked_for("Orders")) == 4


def test_an_address_with_quotes_searches_for_itself_only(theepot: Shopify) -> None:
    theepot.adds_order(email=BEN, at=theepot.now - timedelta(hours=1))
    hostile = 'a" OR email:"ben@shopper.example'

    assert found_by(theepot, looked(theepot.now - timedelta(days=1), hostile)) == set()
