"""Codes in orders: used, given back, used by somebody else; and what it all cost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.offers.giving import buys_with, given, knows, offers, reload
from tests.shopkeeping import ADA, Person

MINUTES = timedelta(minutes=5)
BO = Person("Bo", "bo@shopper.example")


@pytest.fixture
def shop(joins: Callable[..., Any]) -> Any:
    return joins("woocommerce")


def test_an_order_uses_the_code_in_whatever_letters(shop: Any) -> None:
    code = given(shop, offers(shop), ADA)

    buys_with(shop, ADA, code.code.lower(), discount="8.00")

    used = reload(code)
    assert (used.status, used.redeemed_at, used.leaked_at) == ("redeemed", shop.world.at, None)
    # The basket was worth eight euros only: that is what it cost.
    assert (used.discount, used.discount_currency) == (Decimal(8), "EUR")


def test_an_unpaid_order_uses_nothing_until_it_is_paid(shop: Any) -> None:
    code = given(shop, offers(shop), ADA)

    number = buys_with(shop, ADA, code.code, status="pending")
    assert reload(code).status == "issued"
    buys_with(shop, ADA, code.code, number=number, at=shop.world.at + timedelta(minutes=5))

    assert reload(code).status == "redeemed"


def test_a_cancelled_order_gives_the_code_back(shop: Any) -> None:
    code = given(shop, offers(shop), ADA)
    number = buys_with(shop, ADA, code.code)

    buys_with(shop, ADA, code.code, number=number, status="cancelled", at=shop.world.at + timedelta(minutes=5))

    back = reload(code)
    assert (back.status, back.due_at, back.discount, back.order_id) == ("issued", back.ends_at, Decimal(0), None)


def test_a_refunded_order_used_the_code_and_cost_nothing(shop: Any) -> None:
    from apps.offers import numbers

    code = given(shop, offers(shop), ADA)
    number = buys_with(shop, ADA, code.code, total="70.00")

    back = [(1, "70.00")]
    buys_with(shop, ADA, code.code, number=number, status="refunded", at=shop.world.at + MINUTES, refunds=back)

    assert (reload(code).status, code.discount) == ("redeemed", Decimal(0))
    found = numbers.cost(shop.store.pk, shop.world.at, shop.world.at + timedelta(days=1))
    assert found["EUR"].discount == 0


def test_a_code_that_somebody_else_used_has_leaked(shop: Any) -> None:
    from apps.offers import numbers

    offer = offers(shop)
    code = given(shop, offer, ADA)

    buys_with(shop, BO, code.code)

    assert reload(code).leaked_at == shop.world.at
    assert numbers.account(offer.pk, shop.world.at).leaked == 1


def test_ada_with_her_account_and_another_address_is_still_ada(shop: Any) -> None:
    from apps.customers.models import CustomerKey
    from apps.orders.models import Order

    code = given(shop, offers(shop), ADA)
    CustomerKey.objects.create(store=shop.store, kind="account", value="77", customer_id=knows(shop, ADA))
    number = buys_with(shop, ADA.at("ada@work.example"), code.code, status="pending")
    Order.objects.filter(external_id=str(number)).update(account="77", customer=None)
    from apps.offers.redeeming import settle

    Order.objects.filter(external_id=str(number)).update(silences=True, stage="paid", placed_at=shop.world.at)
    settle([Order.objects.get(external_id=str(number)).pk], shop.world.at)

    assert (reload(code).status, code.leaked_at) == ("redeemed", None)


def test_what_offers_cost_per_currency(shop: Any) -> None:
    from apps.offers import numbers

    shop.sets(offer_every="off")
    offer = offers(shop)
    first = given(shop, offer, ADA)
    given(shop, offer, BO)
    given(shop, offer, Person("Di", "di@shopper.example"))
    given(shop, offer, Person("Ed", "ed@shopper.example"))
    buys_with(shop, ADA, first.code, discount="10.00")

    found = numbers.cost(shop.store.pk, shop.world.at, shop.world.at + timedelta(days=1))

    assert {name: (cost.given, cost.redeemed, cost.discount, cost.share) for name, cost in found.items()} == {
        "EUR": (4, 1, Decimal(10), Decimal("0.25"))
    }
    assert numbers.cost(shop.store.pk, shop.world.at + timedelta(days=1), shop.world.at + timedelta(days=2)) == {}


def test_another_shops_code_of_the_same_name_is_another_code(shop: Any) -> None:
    from tests.shopkeeping import Shop, open_store

    code = given(shop, offers(shop), ADA)
    other = Shop(open_store(name="Zeezicht", url="https://zeezicht.example"), shop.world)

    buys_with(other, ADA, code.code)

    assert reload(code).status == "issued"
