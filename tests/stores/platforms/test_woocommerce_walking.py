"""Walking through a WooCommerce shop's lists: everything once, also while it changes underneath."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from apps.stores.errors import AnswerUnreadable, ShopUnreachable
from apps.stores.platforms.calling import Noun
from apps.stores.snapshots import CartSeen, OrderSeen
from apps.stores.troubles import Trouble
from tests.shops.base import Asked, Reply
from tests.shops.woocommerce import WooCommerceShop
from tests.stores.platforms.woocommerce_asked import NOON, all_of, ids, page, small, walk


@pytest.fixture
def shop() -> Iterator[WooCommerceShop]:
    opened = WooCommerceShop()
    yield opened
    opened.close()


# --- by change -------------------------------------------------------------------------------------


def test_orders_come_as_their_webhooks_would_whatever_their_status(shop):
    order = shop.adds_order(email="ada@shopper.example", at=NOON, basket="ab" * 16, code="BACK")
    draft = shop.adds_order(email="ben@shopper.example", at=NOON, status="checkout-draft")
    shop.trashes(shop.adds_order(email="cy@shopper.example", at=NOON))

    told = page(shop, "orders", since=NOON - timedelta(minutes=5))

    orders = {one.external_id: one for one in told.seen if isinstance(one, OrderSeen)}
    assert set(orders) == {order, draft}
    assert (orders[order].stage, orders[draft].stage) == ("paid", "unpaid")
    assert orders[order].cart_keys == (("order", order), ("companion", "ab" * 16))
    assert orders[order].codes == ("back",)
    assert [one.person.email for one in told.seen if isinstance(one, CartSeen)] == ["ben@shopper.example"]
    assert (told.cursor, told.total) == ("", 2)
    assert abs((told.asked_at - shop.now).total_seconds()) < 5  # type: ignore[operator]


def test_a_plugins_status_is_asked_for_by_name(shop):
    shop.reply, answers = (
        lambda asked: (
            Reply(200, [{"slug": "pending"}, {"slug": "with-courier"}, {"slug": 7}, "x"])
            if asked.path.endswith("statuses")
            else answers(asked)
        ),
        shop.reply,
    )
    number = shop.adds_order(email="ada@shopper.example", at=NOON, status="with-courier")

    assert all_of(walk(shop, "orders", since=NOON - timedelta(hours=1))) == [number]
    assert shop.asked[-1].query["status"] == "pending,with-courier"


def test_an_older_shop_without_a_list_of_statuses_is_asked_for_any(shop):
    shop._facts = dict  # type: ignore[method-assign]
    number = shop.adds_order(email="ada@shopper.example", at=NOON)
    assert all_of(walk(shop, "orders", since=NOON - timedelta(hours=1))) == [number]
    assert shop.asked[-1].query["status"] == "any"
    assert all_of(walk(shop, "baskets", since=NOON - timedelta(hours=1))) == []
    assert shop.asked[-1].query["status"] == "pending,failed"


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
def test_the_moment_is_utc_wherever_the_shop_is(shop, zone: str):
    shop.zone = zone
    shop.adds_order(email="old@shopper.example", at=NOON - timedelta(minutes=2))
    fresh = shop.adds_order(email="new@shopper.example", at=NOON)

    assert all_of(walk(shop, "orders", since=NOON)) == [fresh]


def test_pages_by_change_lose_nothing_while_orders_change(shop, monkeypatch):
    small(monkeypatch)
    numbers = [shop.adds_order(email=f"a{n}@x.example", at=NOON + timedelta(seconds=n // 3)) for n in range(23)]
    seen: list[str] = []

    for step, told in enumerate(walk(shop, "orders", since=NOON)):
        seen += ids(list(told.seen))
        if step < 4:
            # Each moves to the end of the list, and all behind it move up.
            shop.changes(shop.orders, numbers[step * 2], at=NOON + timedelta(minutes=step + 1))

    assert set(seen) == set(numbers)
    changed = [numbers[step * 2] for step in range(4)]
    assert all(seen[::-1].index(number) < len(seen) for number in changed)
    assert sorted(set(seen)) == sorted({*numbers})


def test_pages_by_change_bring_each_order_once(shop, monkeypatch):
    small(monkeypatch)
    numbers = [shop.adds_order(email=f"a{n}@x.example", at=NOON + timedelta(seconds=n // 3)) for n in range(20)]
    assert sorted(all_of(walk(shop, "orders", since=NOON))) == sorted(numbers)


def test_a_second_with_more_orders_than_a_page_is_walked_through(shop, monkeypatch):
    """Somebody marks them all as completed at once."""
    small(monkeypatch)
    before = shop.adds_order(email="b@x.example", at=NOON)
    many = [shop.adds_order(email=f"a{n}@x.example", at=NOON + timedelta(seconds=5)) for n in range(17)]
    after = shop.adds_order(email="c@x.example", at=NOON + timedelta(seconds=6))

    seen = all_of(walk(shop, "orders", since=NOON))

    assert set(seen) == {before, *many, after}
    assert len(seen) <= len(many) + 2 + 4


def test_an_order_that_leaves_such_a_second_takes_none_along(shop, monkeypatch):
    small(monkeypatch)
    many = [shop.adds_order(email=f"a{n}@x.example", at=NOON) for n in range(14)]
    seen: list[str] = []
    for step, told in enumerate(walk(shop, "orders", since=NOON)):
        seen += ids(list(told.seen))
        if step in (2, 3):
            for number in many[:3] if step == 2 else many[3:5]:
                shop.changes(shop.orders, number, at=NOON + timedelta(minutes=1))

    assert set(seen) == set(many)


def test_a_shop_that_ignores_the_moment_is_not_read_from_its_beginning(shop):
    for number in range(3):
        shop.adds_order(email=f"a{number}@x.example", at=NOON - timedelta(days=number * 100))
    answers = shop.reply
    deaf = ("modified_after", "dates_are_gmt")
    shop.reply = lambda asked: answers(
        Asked(asked.method, asked.path, {k: v for k, v in asked.query.items() if k not in deaf}, asked.headers, b"")
    )
    shop._answers = lambda asked, route: type(shop)._thing(shop, asked, route.removeprefix("wc/v3/"))  # type: ignore[method-assign]

    with pytest.raises(AnswerUnreadable) as deafness:
        page(shop, "orders", since=NOON - timedelta(days=1))
    assert deafness.value.trouble is Trouble.UNEXPECTED_ANSWER


def test_a_walk_goes_on_after_a_restart_and_begins_anew_with_a_broken_place(shop, monkeypatch, caplog):
    small(monkeypatch)
    numbers = [shop.adds_order(email=f"a{n}@x.example", at=NOON + timedelta(seconds=n)) for n in range(6)]
    first = page(shop, "orders", since=NOON)
    second = page(shop, "orders", since=NOON, cursor=first.cursor)
    caplog.set_level(logging.WARNING)

    assert [*ids(list(first.seen)), *ids(list(second.seen))] == numbers
    assert first.total == second.total == 6
    assert first.asked_at == second.asked_at
    assert ids(list(page(shop, "orders", since=NOON, cursor="{broken").seen)) == numbers[:4]
    assert "begins anew" in caplog.text


def test_what_cannot_be_read_is_left_out_and_counted_without_a_name(shop, caplog):
    caplog.set_level(logging.INFO)
    good = shop.adds_order(email="ada@shopper.example", at=NOON)
    bad = shop.adds_order(email="secret@shopper.example", at=NOON)
    shop.orders[int(bad)] |= {"currency": None, "order_key": None, "line_items": None}

    assert all_of(walk(shop, "orders", since=NOON)) == [good]
    assert "wrong_shape" in caplog.text
    assert "secret" not in caplog.text


# --- by number -------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["orders", "customers", "products", "reviews"])
def test_everything_comes_once_from_the_first_to_the_last(shop, monkeypatch, what: Noun):
    small(monkeypatch)
    product = shop.adds_product(at=NOON)
    make: dict[str, Any] = {
        "orders": lambda n: shop.adds_order(email=f"a{n}@x.example", at=NOON),
        "customers": lambda n: shop.adds_customer(email=f"a{n}@x.example", at=NOON),
        "products": lambda n: shop.adds_product(title=f"P {n}", at=NOON),
        "reviews": lambda n: shop.adds_review(product, email=f"a{n}@x.example", at=NOON),
    }
    numbers = [make[what](n) for n in range(13)]
    if what == "products":
        numbers.insert(0, product)

    pages = list(walk(shop, what, how="backfill"))

    found = [getattr(one, "external_id", "") or one.person.account for told in pages for one in told.seen]  # type: ignore[union-attr]
    assert found == numbers
    assert {told.total for told in pages} == {len(numbers)}


def test_deleting_while_we_walk_hides_nobody(shop, monkeypatch):
    small(monkeypatch)
    numbers = [shop.adds_order(email=f"a{n}@x.example", at=NOON) for n in range(21)]
    seen: list[str] = []
    for step, told in enumerate(walk(shop, "orders", how="backfill")):
        seen += ids(list(told.seen))
        if step in (0, 2):
            for number in numbers[:3] if step == 0 else numbers[3:9]:
                shop.orders.pop(int(number), None)

    assert set(seen) >= set(numbers[9:])
    assert len(seen) == len(set(seen))


def test_years_begin_where_they_are_asked_to(shop):
    shop.adds_order(email="old@x.example", at=NOON - timedelta(days=900))
    fresh = shop.adds_order(email="new@x.example", at=NOON - timedelta(days=300))
    assert all_of(walk(shop, "orders", since=NOON - timedelta(days=730), how="backfill")) == [fresh]


def test_a_page_too_heavy_for_the_shop_becomes_smaller_and_stays_so(shop):
    numbers = [shop.adds_order(email=f"a{n}@x.example", at=NOON) for n in range(60)]
    answers, heavy = shop.reply, Reply(500, body=b"<html>Allowed memory size exhausted</html>")
    shop.reply = lambda asked: heavy if int(asked.query.get("per_page", 0)) > 30 else answers(asked)

    assert all_of(walk(shop, "orders", how="backfill")) == numbers
    assert [asked.query.get("per_page") for asked in shop.asked] == [None, "100", "50", "25", "25", "25"]


def test_a_shop_that_is_simply_down_is_not_asked_for_less_and_less(shop):
    answers = shop.reply
    shop.reply = lambda asked: shop.frozen() if "per_page" in asked.query else answers(asked)

    with pytest.raises(ShopUnreachable) as down:
        page(shop, "orders", since=NOON)

    assert down.value.retry_after == timedelta(minutes=10)
    assert {asked.query["per_page"] for asked in shop.asked[1:]} == {"100"}
