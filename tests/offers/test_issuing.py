"""Codes are made in the shop: exactly as promised, once, and whatever goes wrong."""

from __future__ import annotations

import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.offers.giving import given, gives, knows, offers, reload
from tests.shopkeeping import ADA, Person, World
from tests.shops.woocommerce_rest import makes_coupon

LATER = timedelta(minutes=20)


@pytest.fixture
def shop(joins: Callable[..., Any]) -> Any:
    return joins("woocommerce")


@pytest.fixture
def committed(transactional_db: None, world: World) -> Iterator[Any]:
    """A shop that other connections see."""
    from tests.shops.connected import connecting, now

    world.at = now()
    with connecting() as joined:
        yield joined


def issue(shop: Any, after: timedelta = timedelta()) -> int:
    from apps.offers.issuing import issue_due

    return issue_due(shop.world.at + after)


def code_of(answer: Any) -> Any:
    from apps.offers.models import Code

    return Code.objects.get(pk=answer.code_id)


def test_store_credit_of_ten_euros(shop: Any) -> None:
    """Scenario 14: credit, no minimum, a code of one's own, an end date that the shop keeps too."""
    code = given(shop, offers(shop), ADA)

    (coupon,) = shop.fake.coupons.values()
    assert (code.status, coupon["code"]) == ("issued", code.code.lower())
    assert (Decimal(coupon["amount"]), coupon["discount_type"]) == (Decimal(10), "fixed_cart")
    assert (Decimal(coupon["minimum_amount"]), coupon["usage_limit"]) == (Decimal(0), 1)
    assert coupon["date_expires_gmt"] == code.ends_at.strftime("%Y-%m-%dT%H:%M:%S")
    assert code.external_id == str(coupon["id"])


def test_a_percentage_from_an_amount_for_one_product(shop: Any) -> None:
    product = shop.fake.adds_product()
    terms = {"kind": "percent", "value": Decimal(20), "minimum": Decimal(50), "products": [product], "prefix": "DANK"}

    code = given(shop, offers(shop, **terms), ADA)

    (coupon,) = shop.fake.coupons.values()
    assert code.code.startswith("DANK-")
    assert (coupon["discount_type"], Decimal(coupon["amount"])) == ("percent", Decimal(20))
    assert (Decimal(coupon["minimum_amount"]), coupon["product_ids"]) == (Decimal(50), [int(product)])


def test_a_code_is_bound_to_an_address_only_where_the_link_can_carry_it(shop: Any) -> None:
    given(shop, offers(shop), ADA)
    shop.store.companion_seen_at = shop.world.at
    shop.store.save(update_fields=["companion_seen_at"])
    given(shop, offers(shop), Person("Bo", "bo@shopper.example"))

    free, bound = shop.fake.coupons.values()

    assert (free["email_restrictions"], bound["email_restrictions"]) == ([], ["bo@shopper.example"])


def test_a_name_that_is_taken_gives_way_to_another(shop: Any) -> None:
    code = code_of(gives(shop, offers(shop), ADA))
    theirs = makes_coupon(shop.fake, {"code": code.code, "amount": "5.00"})

    issue(shop)
    issue(shop)

    assert reload(code).status == "issued"
    assert code.code.lower() != theirs["code"]
    assert {coupon["amount"] for coupon in shop.fake.coupons.values()} == {"5.00", "10.00"}


def test_what_a_plugin_made_otherwise_is_refused_and_gone(shop: Any) -> None:
    from apps.offers.issuing import states

    shop.fake.alters_coupon = lambda made: made.update(amount="1.00")

    code = given(shop, offers(shop), ADA)

    assert (code.status, code.trouble, code.detail) == ("refused", "code_differs", "amount")
    assert shop.fake.coupons == {}
    assert states([code.pk], shop.world.at) == {code.pk: "none"}


def test_a_shop_that_is_down_is_asked_again_for_the_same_code(shop: Any) -> None:
    from apps.offers.issuing import states

    code = code_of(gives(shop, offers(shop), ADA))
    name = code.code
    shop.fake.breaks("broken")
    issue(shop)
    waiting = reload(code)
    assert (waiting.status, waiting.code, waiting.trouble) == ("issuing", name, "shop_error")
    assert states([code.pk], shop.world.at) == {code.pk: "coming"}

    shop.fake.mends()
    issue(shop, LATER)

    assert (reload(code).status, reload(code).trouble) == ("issued", "")
    assert len(shop.fake.coupons) == 1


def test_an_answer_that_was_lost_makes_no_second_code(shop: Any) -> None:
    """The shop made it, and the line broke half way its answer."""
    code = code_of(gives(shop, offers(shop, kind="percent", value=Decimal(10)), ADA))
    shop.fake.breaks("half", path="coupons/batch")
    issue(shop)
    assert (reload(code).status, len(shop.fake.coupons)) == ("issuing", 1)

    shop.fake.mends()
    issue(shop, LATER)

    assert reload(code).status == "issued"
    assert [coupon["code"] for coupon in shop.fake.coupons.values()] == [code.code.lower()]


def dies_asking(shop: Any, question: str) -> None:
    """A worker process of its own issues what is due, and is killed when the shop has done what it asks.

    The shop has heard it and done it; its answer reaches nobody.
    """
    from django.db import connection

    from apps.offers.issuing import issue_due

    reply, worker, known = shop.fake.reply, [0], threading.Event()

    def kills(asked: Any) -> Any:
        answer = reply(asked)
        if question in asked.path or question in asked.body.decode():
            known.wait(5)
            os.kill(worker[0], signal.SIGKILL)
        return answer

    shop.fake.reply = kills
    with warnings.catch_warnings():
        # The shop's threads stay with us; the worker asks over the wire.
        warnings.simplefilter("ignore", DeprecationWarning)
        worker[0] = os.fork()
    if not worker[0]:
        try:
            connection.connection = None
            issue_due(shop.world.at)
        finally:
            os._exit(1)
    known.set()
    _, ended = os.waitpid(worker[0], 0)
    shop.fake.reply = reply
    assert os.WIFSIGNALED(ended), "the worker ended before it asked"


def test_a_worker_that_was_killed_while_the_shop_answered(committed: Any, world: World) -> None:
    """The shop made the code and we never heard: the same one is confirmed, no other is made."""
    shop = committed("woocommerce", world)
    code = code_of(gives(shop, offers(shop), ADA))

    dies_asking(shop, "coupons/batch")
    assert (reload(code).status, len(shop.fake.coupons)) == ("issuing", 1)
    assert issue(shop) == 0, "its lease still runs"
    issue(shop, LATER)

    assert (reload(code).status, len(shop.fake.coupons)) == ("issued", 1)
    assert code.external_id == str(next(iter(shop.fake.coupons)))


def test_two_workers_make_each_code_once(committed: Any, world: World) -> None:
    from django.db import connection

    from apps.offers.granting import grant
    from apps.offers.issuing import issue_due
    from apps.offers.models import Code

    shop = committed("woocommerce", world)
    people = [knows(shop, Person(str(n), f"p{n}@shopper.example")) for n in range(60)]
    grant(offers(shop), [(one, f"run:{one}/step:1") for one in people], world.at)
    start = threading.Barrier(2)

    def work() -> None:
        try:
            start.wait()
            for _ in range(6):
                issue_due(world.at, limit=10)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert set(Code.objects.values_list("status", flat=True)) == {"issued"}
    batches = [question.json().get("create", []) for question in shop.fake.asked if "coupons/batch" in question.path]
    asked = [coupon["code"] for batch in batches for coupon in batch]
    assert sorted(asked) == sorted(Code.objects.values_list("code", flat=True))
    assert len(shop.fake.coupons) == 60


def test_a_shop_that_is_switched_off_is_not_asked(shop: Any) -> None:
    from apps.stores.models import Store

    code = code_of(gives(shop, offers(shop), ADA))
    shop.fake.asked.clear()

    for status in ("paused", "uninstalled"):
        Store.objects.filter(pk=shop.store.pk).update(status=status)
        assert issue(shop) == 0
    assert (reload(code).status, shop.fake.asked) == ("wanted", [])


def test_a_shopify_shop_makes_many_with_one_parent(joins: Callable[..., Any]) -> None:
    from apps.offers.granting import grant
    from apps.offers.models import Code

    shop = joins("shopify")
    people = [knows(shop, Person(str(n), f"p{n}@shopper.example")) for n in range(5)]
    offer = offers(shop, kind="percent", value=Decimal(10))
    grant(offer, [(one, f"run:{one}/step:1") for one in people], shop.world.at)
    for minutes in range(5):
        issue(shop, timedelta(minutes=minutes))

    codes = list(Code.objects.all())
    assert {code.status for code in codes} == {"issued"}
    assert len({code.parent for code in codes}) == 1
    assert all(code.external_id for code in codes)


def credit_for_ada(shop: Any) -> Any:
    """Ada has an account at Shopify, and ten euros were granted."""
    from apps.customers.models import CustomerKey

    account = shop.fake.adds_customer(email=ADA.email)
    CustomerKey.objects.create(store=shop.store, kind="account", value=account, customer_id=knows(shop, ADA))
    return code_of(gives(shop, offers(shop), ADA))


def test_credit_is_money_on_an_account(joins: Callable[..., Any]) -> None:
    shop = joins("shopify")
    code = credit_for_ada(shop)

    issue(shop)

    assert reload(code).status == "issued"
    ((credit,),) = shop.fake.things.credits.values()
    assert Decimal(credit["amount"]["amount"]) == 10


def test_credit_is_never_given_twice(committed: Any, world: World) -> None:
    """The worker was killed after the shop gave it. Nobody asks again: the owner is told to look."""
    from apps.stores.troubles import explain

    shop = committed("shopify", world)
    code = credit_for_ada(shop)

    dies_asking(shop, "mutation Credit")
    for minutes in (10, 60, 600):
        issue(shop, timedelta(minutes=minutes))

    assert [len(given_once) for given_once in shop.fake.things.credits.values()] == [1]
    assert (reload(code).status, code.trouble) == ("refused", "credit_in_doubt")
    assert "…" not in explain(code.trouble, {})[0]


def test_credit_whose_answer_was_lost_is_looked_up_and_not_given_again(joins: Callable[..., Any]) -> None:
    shop = joins("shopify")
    code = credit_for_ada(shop)
    shop.fake.breaks("half", path="mutation Credit", times=1)

    issue(shop)
    assert reload(code).status == "issuing"
    issue(shop, timedelta(minutes=1))

    assert [len(given_once) for given_once in shop.fake.things.credits.values()] == [1]
    assert reload(code).status == "issued"
