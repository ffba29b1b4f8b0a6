"""Years of a Shopify shop: a file the shop writes, read line by line and resumed where it broke off."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from apps.core.stamps import stamp
from apps.stores.errors import AddressForbidden, ShopTrouble
from apps.stores.platforms.calling import Access, Page
from apps.stores.platforms.shopify import bulk
from apps.stores.snapshots import OrderSeen, ProductSeen
from tests.shops.shopify import Shopify
from tests.stores.platforms.shopify_calls import ADA, FACTS, shopify


def asks(shop: Shopify, what: Any = "orders", cursor: str = "", **more: Any) -> Page:
    return shopify.backfill(shop.access(), FACTS, what, **{"since": None, "cursor": cursor} | more)


def reads(shop: Shopify, what: Any = "orders", **more: Any) -> list[Any]:
    """All of it, waiting where the shop says so."""
    page = asks(shop, what, **more)
    found = list(page.seen)
    for _ in range(50):
        if not page.cursor and page.pause is None:
            return found
        page = asks(shop, what, page.cursor)
        found += page.seen
    raise AssertionError("it never ends")


@pytest.fixture
def full(theepot: Shopify) -> Shopify:
    theepot.adds_product()
    for number in range(7):
        theepot.adds_order(email=f"n{number}@shopper.example", at=theepot.now - timedelta(days=number * 100))
    return theepot


def test_years_of_orders_come_with_their_lines(full: Shopify) -> None:
    for order in full.things.orders.values():
        order["lineItems"] = [order["lineItems"][0] | {"sku": f"S{place}"} for place in range(3)]

    orders = reads(full)

    assert {one.external_id for one in orders} == set(full.things.orders)
    assert all([line.sku for line in one.lines] == ["S0", "S1", "S2"] for one in orders)
    assert full.asked_for("Orders") == []


def test_an_order_from_the_file_is_the_order_that_is_asked_for(full: Shopify) -> None:
    number = next(iter(full.things.orders))
    (asked,) = shopify.one(full.access(), FACTS, "orders", number)

    (read,) = [one for one in reads(full) if one.external_id == number]

    assert isinstance(asked, OrderSeen)
    assert (read.at, read.amounts, read.lines, read.person) == (asked.at, asked.amounts, asked.lines, asked.person)


def test_we_wait_while_the_shop_writes(full: Shopify) -> None:
    full.bulk_looks = 2
    begun = asks(full)
    assert begun.pause is not None
    assert begun.cursor

    first = asks(full, cursor=begun.cursor)
    second = asks(full, cursor=first.cursor)
    third = asks(full, cursor=second.cursor)

    assert (first.pause, second.pause) == (bulk.LOOK_AGAIN, bulk.LOOK_AGAIN)
    assert first.cursor == second.cursor == begun.cursor
    assert len(third.seen) == 7
    assert third.total == 7
    assert third.cursor == ""


def test_pages_go_on_where_the_last_one_ended(full: Shopify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "PAGE", 3)
    full.bulk_looks = 0
    page = asks(full, cursor=asks(full).cursor)
    sizes, cursor = [len(page.seen)], page.cursor

    again = asks(full, cursor=cursor)
    assert asks(full, cursor=cursor).seen == again.seen
    while cursor:
        page = asks(full, cursor=cursor)
        sizes.append(len(page.seen))
        cursor = page.cursor

    assert sizes == [3, 3, 1]
    assert len(full.bulks) == 1


def test_where_another_operation_runs_we_come_back_later(full: Shopify) -> None:
    full.bulk_limit = 1
    full.bulk_looks = 1
    begun = asks(full)

    busy = asks(full, "products")
    assert (busy.cursor, busy.pause, busy.seen) == ("", bulk.OTHERS_RUN, ())

    asks(full, cursor=asks(full, cursor=begun.cursor).cursor)
    assert asks(full, "products").cursor


def test_a_shop_without_orders_has_no_file(theepot: Shopify) -> None:
    assert reads(theepot) == []


def test_of_an_operation_that_failed_half_the_file_is_kept_and_the_rest_is_a_trouble(full: Shopify) -> None:
    full.bulk_fails, full.bulk_looks = True, 0
    page = asks(full, cursor=asks(full).cursor)

    assert 0 < len(page.seen) < 7
    assert page.cursor
    with pytest.raises(ShopTrouble) as trouble:
        asks(full, cursor=page.cursor)
    assert trouble.value.retry_after is not None


def test_a_file_that_is_gone_by_now_is_written_anew(full: Shopify) -> None:
    begun = asks(full)
    full.bulks.clear()

    again = asks(full, cursor=begun.cursor)

    assert again.pause is not None
    assert again.cursor
    assert len(full.bulks) == 1


def test_only_what_changed_since_is_asked_for(full: Shopify) -> None:
    orders = reads(full, since=full.now - timedelta(days=150))

    assert len(orders) == 2


def test_people_and_products_come_the_same_way(full: Shopify) -> None:
    full.adds_customer(email=ADA)
    full.things.products[next(iter(full.things.products))]["variants"] *= 2

    (product,) = reads(full, "products")
    (customer,) = reads(full, "customers")

    assert isinstance(product, ProductSeen)
    assert len(product.variants) == 2
    assert customer.person.email == ADA


def test_baskets_come_page_by_page(full: Shopify) -> None:
    full.adds_basket(email=ADA, at=full.now)

    assert len(reads(full, "baskets")) == 1
    assert full.bulks == {}


@pytest.mark.parametrize("most", [50, 2])
def test_lines_that_do_not_stand_with_their_order_find_it_all_the_same(
    full: Shopify, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """A file that is not grouped: all orders, then all their lines."""
    monkeypatch.setattr(bulk, "MOST_SCATTERED", most)
    full.bulk_looks = 0
    begun = asks(full)
    (one,) = full.bulks.values()
    one.lines.sort(key=lambda line: b"__parentId" in line)

    newest: dict[str, OrderSeen] = {}
    page = asks(full, cursor=begun.cursor)
    seen = list(page.seen)
    while page.cursor:
        page = asks(full, cursor=page.cursor)
        seen += page.seen
    for order in seen:
        assert isinstance(order, OrderSeen)
        assert order.at is not None
        kept = newest.get(order.external_id)
        if kept is None or stamp(order.at, order.tie) > stamp(kept.at or order.at, kept.tie):
            newest[order.external_id] = order

    assert set(newest) == set(full.things.orders)
    assert all(len(order.lines) == 1 for order in newest.values())


@pytest.mark.parametrize(
    "address",
    ["http://storage.googleapis.com/x", "https://evil.example/x", "https://storage.googleapis.com.evil.example/x",
     "https://169.254.169.254/latest", "https://evilgoogleapis.com/x"],
)  # fmt: skip
def test_a_file_anywhere_else_is_not_fetched(address: str) -> None:
    access = Access(store_id=1, url="https://theepot.example", shop_domain="theepot.myshopify.com")

    with pytest.raises(AddressForbidden):
        list(bulk._lines(access, address, 0))


def test_the_file_is_fetched_without_a_key(full: Shopify) -> None:
    reads(full)

    files = [one for one in full.asked if one.path.startswith("/bulk/")]
    assert files
    assert not [one for one in files if "x-shopify-access-token" in one.headers]


def test_a_file_cut_off_is_a_trouble_that_passes(full: Shopify) -> None:
    full.bulk_looks = 0
    begun = asks(full)
    full.breaks("half", path="/bulk/", times=1)

    with pytest.raises(ShopTrouble) as trouble:
        asks(full, cursor=begun.cursor)

    assert trouble.value.retry_after is not None
    assert len(asks(full, cursor=begun.cursor).seen) == 7


def test_each_page_asks_for_its_own_part_of_the_file(full: Shopify, monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the last of a hundred pages would fetch the file a hundredth time."""
    monkeypatch.setattr(bulk, "PAGE", 2)

    orders = reads(full)

    assert len(orders) == len({one.external_id for one in orders}) == 7
    ranges = [one.headers.get("range") for one in full.asked if one.path.startswith("/bulk/")]
    assert ranges[0] is None
    starts = [int(str(one).removeprefix("bytes=").removesuffix("-")) for one in ranges[1:]]
    assert starts == sorted(set(starts))
    assert len(starts) == 3
