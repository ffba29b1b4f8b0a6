"""What every platform keeps when it is asked, whoever wrote it: against shops that behave as documented."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from apps.core.registry import load_all
from apps.stores import network
from apps.stores.errors import NotOffered, ShopTrouble
from apps.stores.platforms.base import Platform, ShopFacts, platforms
from apps.stores.platforms.calling import (
    NOUNS,
    Access,
    CodeMade,
    CodePending,
    CodeRefused,
    CodeWanted,
    Door,
    LookedFor,
    Noun,
    Page,
)
from apps.stores.snapshots import CartSeen, CustomerSeen, OrderSeen, ProductSeen, ReviewSeen, Snapshot
from tests.shops.base import FAULTS, ShopFake
from tests.shops.shopify import Shopify
from tests.shops.woocommerce import WooCommerceShop

load_all("apps.stores.platforms")

FACTS = ShopFacts(currency="EUR", language="nl", country="NL", url="https://molenzicht.example")
DOOR = Door(url="https://mail.example.com/webhooks/x/abc/", secret="a" * 44)
SHOPS: dict[str, Callable[[], Any]] = {"woocommerce": WooCommerceShop, "shopify": Shopify}
WORDS = {*NOUNS, "look", "hooks", "codes", "credit", "consent"}
THINGS: dict[Noun, type] = {
    "orders": OrderSeen, "customers": CustomerSeen, "products": ProductSeen, "reviews": ReviewSeen, "baskets": CartSeen,
}  # fmt: skip

every_platform = pytest.mark.parametrize("platform", [one for _, one in platforms.items()], ids=lambda one: one.kind)


@pytest.fixture(params=sorted(SHOPS))
def shop(request: pytest.FixtureRequest) -> Iterator[Any]:
    opened = SHOPS[request.param]()
    yield opened
    opened.close()


def platform_of(shop: ShopFake) -> Platform:
    return platforms.get(shop.kind)


def pages(shop: Any, what: Noun, since: datetime | None) -> list[Snapshot]:
    """Everything, page by page."""
    seen, cursor = [], ""
    for _ in range(50):
        page: Page = platform_of(shop).fetch(shop.access(), FACTS, what, since=since, cursor=cursor)
        seen += page.seen
        cursor = page.cursor
        if not cursor:
            return seen
    raise AssertionError("the pages never end")


def wanted(shop: Any, code: str, **more: Any) -> CodeWanted:
    now = shop.now.replace(microsecond=0)
    return CodeWanted(
        **{
            "code": code, "kind": "percent", "value": Decimal(10), "currency": "EUR", "starts_at": now,
            "ends_at": now + timedelta(days=3), "title": "Terug", "batch": "offer-1/week-1",
        } | more
    )  # fmt: skip


# --- every platform, also those that only tell -----------------------------------------------------


@every_platform
def test_it_says_what_it_can_in_known_words_and_how_to_connect(platform: Platform):
    assert platform.can <= WORDS
    assert bool(platform.can) is bool(platform.ways)
    for way in platform.ways:
        names = [credential.name for credential in way.credentials]
        assert len(set(names)) == len(names) > 0
        for credential in way.credentials:
            assert str(credential.label)
            assert re.compile(credential.pattern)


@every_platform
def test_what_it_cannot_it_says_by_name(platform: Platform):
    access = Access(store_id=1, url="https://molenzicht.example")
    for noun in set(NOUNS) - platform.can:
        with pytest.raises(NotOffered) as refused:
            platform.fetch(access, FACTS, noun, since=None, cursor="")
        assert refused.value.values["platform"] == platform.label


# --- those that can be asked -----------------------------------------------------------------------


def test_every_platform_that_can_be_asked_has_a_shop_to_ask_here():
    assert {kind for kind, platform in platforms.items() if platform.can} == set(SHOPS)


def test_installing_registers_our_webhooks_once_and_says_what_the_shop_is(shop):
    platform = platform_of(shop)

    first = platform.install(shop.access(), DOOR, shop.now)
    again = platform.install(shop.access(), DOOR, shop.now)

    assert len(first.currency) == 3
    assert first.time_zone
    assert {"order", "orders"} & {re.split(r"[./]", hook.topic)[0] for hook in first.hooks}
    assert sorted(hook.topic for hook in again.hooks) == sorted(hook.topic for hook in first.hooks)
    assert sorted(hook.external_id for hook in again.hooks) == sorted(hook.external_id for hook in first.hooks)
    assert not [finding for finding in again.findings if finding.mended]
    assert DOOR.secret not in repr(first)


def test_an_audit_of_a_healthy_shop_mends_nothing(shop):
    platform = platform_of(shop)
    installed = platform.install(shop.access(), DOOR, shop.now)

    audited = platform.audit(shop.access(), DOOR, shop.now)

    assert not [finding for finding in audited.findings if finding.mended or finding.blocks]
    assert len(audited.hooks) == len(installed.hooks)


def test_orders_since_a_moment_come_once_and_only_those(shop):
    before, after = shop.now - timedelta(days=40), shop.now - timedelta(hours=1)
    shop.adds_product()
    shop.adds_order(email="old@shopper.example", at=before)
    fresh = {shop.adds_order(email=f"n{number}@shopper.example", at=after) for number in range(3)}

    seen = [one for one in pages(shop, "orders", shop.now - timedelta(days=1)) if isinstance(one, OrderSeen)]

    assert {one.external_id for one in seen} == fresh
    assert len(seen) == len(fresh)
    assert {one.person.email for one in seen} == {f"n{number}@shopper.example" for number in range(3)}


def test_whatever_it_can_be_asked_for_comes_as_snapshots(shop):
    shop.adds_product(title="Theepot")
    shop.adds_customer(email="ada@shopper.example")
    shop.adds_order(email="ada@shopper.example", at=shop.now)

    for noun in sorted(set(NOUNS) & platform_of(shop).can):
        seen = pages(shop, noun, None)

        # Reviews and baskets: a new shop may have none.
        assert seen or noun in ("reviews", "baskets"), noun
        assert all(isinstance(one, THINGS[noun] | OrderSeen) for one in seen), noun


def test_one_thing_can_be_asked_for_and_what_is_not_there_is_nothing(shop):
    platform = platform_of(shop)
    shop.adds_product()
    number = shop.adds_order(email="ada@shopper.example", at=shop.now)

    found = [one for one in platform.one(shop.access(), FACTS, "orders", number) if isinstance(one, OrderSeen)]

    assert [one.external_id for one in found] == [number]
    assert platform.one(shop.access(), FACTS, "orders", "99999999") == []


def test_the_last_look_finds_an_order_of_a_second_ago_by_its_address_or_its_basket(shop):
    platform, since = platform_of(shop), shop.now - timedelta(minutes=10)
    shop.adds_product()
    by_address = shop.adds_order(email="ADA@shopper.example", at=shop.now)
    by_basket = shop.adds_order(email="other@shopper.example", at=shop.now, basket="b" * 32)
    kind = "checkout" if shop.kind == "shopify" else "companion"
    baskets = [
        LookedFor(keys=((kind, "a" * 32),), email="ada@shopper.example", account=None, since=since),
        LookedFor(keys=((kind, "b" * 32),), email="ben@shopper.example", account=None, since=since),
    ]

    seen = platform.look(shop.access(), FACTS, baskets, since=since)

    assert {by_address, by_basket} <= {one.external_id for one in seen if isinstance(one, OrderSeen)}


def settled(shop: Any, asked: list[CodeWanted]) -> list[Any]:
    """The answers, when the shop has made up its mind."""
    platform = platform_of(shop)
    answers = platform.issue(shop.access(), asked)
    for _ in range(10):
        pending = [one for one in answers if isinstance(one, CodePending)]
        if not pending:
            return answers
        answers = [one for one in answers if not isinstance(one, CodePending)]
        answers += platform.confirm(shop.access(), pending)
    raise AssertionError("the shop never finishes")


def test_codes_are_made_as_asked_refused_when_taken_and_taken_back(shop):
    platform = platform_of(shop)
    asked = [wanted(shop, "TERUG-AAAA2222"), wanted(shop, "TERUG-BBBB3333")]

    made = settled(shop, asked)

    assert {one.code for one in made} == {"TERUG-AAAA2222", "TERUG-BBBB3333"}
    assert all(isinstance(one, CodeMade) for one in made), made
    other = wanted(shop, "TERUG-AAAA2222", value=Decimal(20), batch="offer-2/week-1")
    (refused,) = settled(shop, [other])
    assert isinstance(refused, CodeRefused)
    assert platform.withdraw(shop.access(), [one for one in made if isinstance(one, CodeMade)]) == []
    assert platform.withdraw(shop.access(), [one for one in made if isinstance(one, CodeMade)]) == []
    (anew,) = settled(shop, [other])
    assert isinstance(anew, CodeMade)


def questions(shop: Any) -> list[Callable[[], Any]]:
    platform, access = platform_of(shop), shop.access()
    basket = LookedFor(keys=(), email="ada@shopper.example", account=None, since=shop.now)
    return [
        lambda: platform.install(access, DOOR, shop.now),
        lambda: platform.audit(access, DOOR, shop.now),
        lambda: platform.fetch(access, FACTS, "orders", since=shop.now - timedelta(hours=1), cursor=""),
        lambda: platform.backfill(access, FACTS, "products", since=None, cursor=""),
        lambda: platform.look(access, FACTS, [basket], since=shop.now - timedelta(minutes=10)),
        lambda: platform.issue(access, [wanted(shop, "TERUG-CCCC4444")]),
    ]


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault not in ("slow", "noisy")])
def test_whatever_goes_wrong_is_a_trouble_with_a_sentence_and_without_a_key(shop, fault, monkeypatch, caplog):
    monkeypatch.setattr(network, "READ_SECONDS", 0.2)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda _: None)
    shop.breaks(fault)
    keys = [value for value in shop.access().credentials.values() if len(value) > 12]

    for question in questions(shop)[:: 5 if fault == "timeout" else 1]:
        try:
            answer = question()
        except ShopTrouble as trouble:
            said = f"{trouble} {trouble.values} {caplog.text}"
        else:
            # Codes may be answered one by one instead.
            assert isinstance(answer, list)
            assert not [one for one in answer if isinstance(one, CodeMade)], answer
            said = f"{answer} {caplog.text}"
        assert not [key for key in keys if key in said]


def test_late_answers_and_php_notices_are_answers_all_the_same(shop):
    shop.adds_product()
    number = shop.adds_order(email="ada@shopper.example", at=shop.now)
    for fault in ("slow", "noisy"):
        shop.breaks(fault)
        seen = pages(shop, "orders", shop.now - timedelta(hours=1))
        assert number in {one.external_id for one in seen if isinstance(one, OrderSeen)}
        shop.mends()
