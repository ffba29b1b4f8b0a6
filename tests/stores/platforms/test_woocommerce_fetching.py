"""What a WooCommerce shop knows, noun by noun, and the last look before a mail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from apps.stores.platforms.calling import LookedFor, Noun
from apps.stores.platforms.woocommerce.reviews import plain
from apps.stores.snapshots import CartSeen, CustomerSeen, OrderSeen, ProductSeen, ReviewSeen, Snapshot
from tests.shops.woocommerce import WooCommerceShop
from tests.stores.platforms.woocommerce_asked import FACTS, NOON, all_of, ids, small, walk, woocommerce


@pytest.fixture
def shop() -> Iterator[WooCommerceShop]:
    opened = WooCommerceShop()
    yield opened
    opened.close()


# --- each noun -------------------------------------------------------------------------------------


def test_only_those_who_registered_since_come_newest_first(shop, monkeypatch):
    small(monkeypatch, 2)
    old = [shop.adds_customer(email=f"old{n}@x.example", at=NOON - timedelta(days=9)) for n in range(5)]
    new = [shop.adds_customer(email=f"new{n}@x.example", at=NOON + timedelta(seconds=n)) for n in range(3)]
    shop.adds_customer(email="owner@x.example", at=NOON, role="administrator")

    seen = [one for told in walk(shop, "customers", since=NOON) for one in told.seen if isinstance(one, CustomerSeen)]

    assert [one.person.account for one in seen] == new[::-1]
    assert len([asked for asked in shop.asked if "customers" in asked.path]) <= 4
    assert len(old) == 5


def test_a_product_comes_with_its_variations_and_without_its_story(shop):
    whole = shop.adds_product(title="Deken & plaid", at=NOON)
    sizes = [shop.adds_variation(whole, option=f"{n} cm") for n in range(3)]
    plain_one = shop.adds_product(at=NOON + timedelta(seconds=1))

    [told] = walk(shop, "products", since=NOON - timedelta(hours=1))

    assert ids(list(told.seen), ProductSeen) == [whole, *sizes, plain_one]
    assert [one.parent for one in told.seen if isinstance(one, ProductSeen)] == ["", whole, whole, whole, ""]
    assert told.seen[0].title == "Deken & plaid"  # type: ignore[union-attr]
    assert "description" not in shop.asked[0].query["_fields"]


def test_reviews_are_words_for_reading_and_one_that_waits_is_marked(shop):
    product = shop.adds_product(at=NOON)
    shown = shop.adds_review(
        product, email="Ada@x.example", text="Mooi &amp; <b>sterk</b><script>x()</script>", at=NOON
    )
    waits = shop.adds_review(product, email="ben@x.example", status="hold", at=NOON)
    shop.adds_review(product, email="old@x.example", at=NOON - timedelta(days=30))

    seen = [one for told in walk(shop, "reviews", since=NOON) for one in told.seen if isinstance(one, ReviewSeen)]

    assert [(one.external_id, one.approved, one.product) for one in seen] == [
        (shown, True, product),
        (waits, False, product),
    ]
    assert (seen[0].text, seen[0].rating, seen[0].person.email) == ("Mooi & sterk", 5, "Ada@x.example")
    assert seen[0].written_at == NOON


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_a_review_is_found_wherever_the_shop_is_and_though_it_waited_for_approval(shop, zone: str):
    shop.zone = zone
    product = shop.adds_product(at=NOON)
    review = shop.adds_review(product, email="a@x.example", at=NOON - timedelta(days=5))
    assert all_of(walk(shop, "reviews", since=NOON), ReviewSeen) == [review]


def test_years_of_reviews_begin_where_they_are_asked_to_in_any_zone(shop):
    """`after` is read in the shop's own time: there it is still early in the morning."""
    shop.zone = "America/Los_Angeles"
    product = shop.adds_product(at=NOON)
    review = shop.adds_review(product, email="a@x.example", at=NOON + timedelta(hours=1))
    shop.adds_review(product, email="a@x.example", at=NOON - timedelta(days=3))
    assert all_of(walk(shop, "reviews", since=NOON, how="backfill"), ReviewSeen) == [review]


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>Een</p>\n<p>twee<br>drie</p>", "Een twee drie"), ("a < b > c", "a < b > c"), ("<img src=x onerror=y", ""),
        ("<style>p{}</style>Ja", "Ja"), ("<SCRIPT>x", ""), (None, ""), ("5 &lt; 6", "5 < 6"), ("\x00a\u202eb", "a b"),
    ],
)  # fmt: skip
def test_of_html_only_words_are_left(html: str | None, words: str):
    assert plain(html).split() == words.split()


def test_unpaid_orders_are_baskets(shop):
    for status in ("pending", "failed", "checkout-draft", "processing", "on-hold"):
        shop.adds_order(email=f"{status}@x.example", at=NOON, status=status)
    [told] = walk(shop, "baskets", since=NOON)
    people = {one.person.email for one in told.seen if isinstance(one, CartSeen)}
    assert people == {"pending@x.example", "failed@x.example", "checkout-draft@x.example"}


def test_one_thing_is_asked_for_by_its_id(shop):
    order, product = shop.adds_order(email="ada@x.example", at=NOON), shop.adds_product()
    size = shop.adds_variation(product, option="XL")
    customer = shop.adds_customer(email="ada@x.example")
    binned = shop.adds_order(email="ada@x.example", at=NOON)
    shop.trashes(binned)

    def one(what: Noun, number: str) -> list[Snapshot]:
        return woocommerce.one(shop.access(), FACTS, what, number)

    assert ids(one("orders", order)) == [order]
    assert ids(one("products", product), ProductSeen) == [product, size]
    assert ids(one("products", size), ProductSeen) == [size]
    assert [type(seen) for seen in one("customers", customer)] == [CustomerSeen]
    asked = len(shop.asked)
    assert one("orders", "999") == one("orders", binned) == []
    assert one("orders", "../coupons") == one("orders", "1?force=true") == []
    assert len(shop.asked) == asked + 2


# --- the last look ---------------------------------------------------------------------------------


def looked_for(at: datetime, email: str = "ada@x.example") -> LookedFor:
    return LookedFor(keys=(("companion", "ab" * 16),), email=email, account=None, since=at)


def test_an_order_of_a_second_ago_is_seen_whatever_address_it_bears(shop):
    begun = shop.now
    number = shop.adds_order(email="quite.other@x.example", at=shop.now, basket="ab" * 16)
    shop.adds_order(email="b@x.example", at=begun - timedelta(days=2))

    baskets = [looked_for(begun, f"p{n}@x.example") for n in range(500)]
    seen = woocommerce.look(shop.access(), FACTS, baskets, since=begun)

    assert ids(seen) == [number]
    assert len(shop.asked) == 1


def test_an_old_unpaid_order_paid_just_now_is_seen(shop):
    number = shop.adds_order(email="ada@x.example", at=shop.now - timedelta(days=20), status="pending")
    begun = shop.now
    shop.pays(number)

    [seen] = woocommerce.look(shop.access(), FACTS, [looked_for(begun)], since=begun)

    assert isinstance(seen, OrderSeen)
    assert seen.stage == "paid"


def test_more_orders_than_a_page_are_all_looked_at(shop):
    numbers = [shop.adds_order(email=f"a{n}@x.example", at=NOON + timedelta(seconds=n % 40)) for n in range(230)]
    seen = woocommerce.look(shop.access(), FACTS, [looked_for(NOON)], since=NOON)
    assert sorted(ids(seen)) == sorted(numbers)
    assert len(shop.asked) == 3


def test_nobody_to_look_for_is_no_question(shop):
    assert woocommerce.look(shop.access(), FACTS, [], since=NOON) == []
    assert not shop.asked
