"""One question to a Shopify shop, and all that can become of it."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import replace
from typing import Any

import pytest

from apps.stores import network
from apps.stores.errors import (
    AccessRefused,
    AddressForbidden,
    AnswerUnreadable,
    ShopClosed,
    ShopTrouble,
    ShopUnreachable,
)
from apps.stores.platforms.calling import Access, CodeMade, ConsentToTell, LookedFor
from apps.stores.platforms.shopify import client as asking
from apps.stores.platforms.shopify import questions
from apps.stores.platforms.shopify.address import base_of, shop_domain
from apps.stores.platforms.shopify.client import API_VERSION, Client
from apps.stores.platforms.shopify.refusals import TooDear, denial
from apps.stores.troubles import EXPLANATIONS, Trouble, explain
from tests.shops.base import FAULTS, Asked, Reply
from tests.shops.shopify import Shopify
from tests.stores.platforms.shopify_calls import ADA, DOOR, FACTS, code, recorded, shopify


def test_a_question_is_answered_with_the_shops_own_clock(theepot: Shopify) -> None:
    with Client(theepot.access()) as client:
        answer = client.ask(questions.SHOP)

    assert answer["shop"]["name"] == "De Theepot"
    assert answer.at is not None
    assert abs((answer.at - theepot.now).total_seconds()) < 2
    (asked,) = theepot.asked_for("Shop")
    assert asked.path == f"/admin/api/{API_VERSION}/graphql.json"


class Recorded(Shopify):
    """A shop that says what a real one was seen to say."""

    def __init__(self, *answers: Any) -> None:
        super().__init__()
        self.answers = list(answers)

    def _graphql(self, asked: Asked, version: str) -> Reply:
        return Reply(200, self.answers.pop(0)) if self.answers else super()._graphql(asked, version)


def test_throttled_is_http_200_and_asked_again_when_the_points_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    shop = Recorded(recorded("throttled_http200"))
    with Client(shop.access()) as client:
        answer = client.ask(questions.SHOP)
    shop.close()

    assert answer["shop"]["name"] == "De Theepot"
    # 702 asked, 118 there, 100 a second.
    assert 5.5 < max(slept) < 6.2


def test_a_shop_that_stays_throttled_is_left_alone_for_a_while(
    theepot: Shopify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    theepot.bucket.left, theepot.bucket.restore, theepot.bucket.most = 0, 0.001, 1

    with Client(theepot.access()) as client, pytest.raises(ShopUnreachable) as busy:
        client.ask(questions.SHOP)

    assert busy.value.trouble is Trouble.TOO_MANY_REQUESTS
    assert busy.value.retry_after is not None


def test_we_wait_before_a_shop_has_to_refuse(theepot: Shopify, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    def sleeps(seconds: float) -> None:
        slept.append(seconds)
        theepot.bucket.left += seconds * 100

    with Client(theepot.access()) as client:
        theepot.bucket.left, theepot.bucket.most = 250.0, 250.0
        client.ask(questions.HOOKS)
        theepot.bucket.left = client._bucket.left = 40.0
        monkeypatch.setattr(time, "sleep", sleeps)
        client.ask(questions.HOOKS)

    assert len(slept) == 1
    assert slept[0] > 1
    assert len(theepot.asked_for("Hooks")) == 2


def test_too_dear_a_question_is_not_repeated_as_it_was(theepot: Shopify) -> None:
    theepot.dearest = 100
    with Client(theepot.access()) as client, pytest.raises(TooDear) as dear:
        client.ask(questions.CUSTOMERS, first=200)

    assert 0 < dear.value.share < 0.25
    assert len(theepot.asked_for("Customers")) == 1


def test_what_the_app_may_not_see_is_null_and_the_rest_stands() -> None:
    shop = Recorded(recorded("access_denied_partial_data"))
    with Client(shop.access()) as client:
        answer = client.ask("query Q { abandonedCheckouts(first: 1) { nodes { id customer { id } } } }")
    shop.close()

    (node,) = answer["abandonedCheckouts"]["nodes"]
    assert node["customer"] is None
    assert [one.trouble for one in answer.denied] == [Trouble.PROTECTED_DATA]


def test_a_missing_permission_is_named(theepot: Shopify) -> None:
    theepot.scopes.remove("read_locales")

    with Client(theepot.access()) as client, pytest.raises(AccessRefused) as refused:
        client.ask(questions.LANGUAGES)

    assert refused.value.trouble is Trouble.SCOPE_MISSING
    assert refused.value.values == {"scope": "read_locales"}


@pytest.mark.parametrize(
    ("message", "trouble"),
    [
        (
            "[API] This app is not approved to access REST endpoints with protected customer data. See …",
            Trouble.PROTECTED_DATA,
        ),
        ("[API] This action requires merchant approval for read_orders scope.", Trouble.SCOPE_MISSING),
    ],
)
def test_a_plain_403_says_what_is_missing(message: str, trouble: Trouble) -> None:
    assert denial({"message": message}).trouble is trouble


def test_a_dead_key_is_renewed_once_and_then_given_up(theepot: Shopify) -> None:
    with Client(theepot.access()) as client:
        client.ask(questions.SHOP)
        theepot.revokes_tokens()
        client.ask(questions.SHOP)
        assert theepot.keeper.made == 2

        theepot.breaks("revoked", path="graphql.json")
        with pytest.raises(AccessRefused) as refused:
            client.ask(questions.SHOP)

    assert refused.value.trouble is Trouble.KEYS_REFUSED
    assert theepot.keeper.made == 3


class Status(Shopify):
    """A shop that answers with a bare status."""

    status = 200

    def _graphql(self, asked: Asked, version: str) -> Reply:
        return Reply(self.status, {"errors": "[API] This action requires merchant approval for read_orders scope."})


@pytest.mark.parametrize(
    ("status", "kind", "trouble"),
    [
        (402, ShopClosed, Trouble.SHOP_CLOSED),
        (423, ShopClosed, Trouble.SHOP_CLOSED),
        (403, AccessRefused, Trouble.SCOPE_MISSING),
        (404, AnswerUnreadable, Trouble.NO_API_HERE),
        (418, AnswerUnreadable, Trouble.UNEXPECTED_ANSWER),
        (429, ShopUnreachable, Trouble.TOO_MANY_REQUESTS),
        (430, ShopUnreachable, Trouble.TOO_MANY_REQUESTS),
        (502, ShopUnreachable, Trouble.SHOP_ERROR),
        (503, ShopUnreachable, Trouble.SHOP_ERROR),
    ],
)
def test_what_each_status_means(
    status: int, kind: type[ShopTrouble], trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    shop = Status()
    shop.status = status

    with Client(shop.access()) as client, pytest.raises(kind) as found:
        client.ask(questions.SHOP)
    shop.close()

    assert found.value.trouble is trouble
    assert (found.value.retry_after is not None) is (kind is ShopUnreachable)
    assert all(explain(trouble, found.value.values))


def test_what_was_perhaps_done_is_not_done_again(theepot: Shopify) -> None:
    """An answer lost on the way: a question is asked again, a change is not."""
    theepot.breaks("half", path="PARENT", times=None)
    with Client(theepot.access()) as client:
        client.ask(questions.SHOP)
        theepot.breaks("half", path="HookCreate")
        hook = {"uri": "https://mail.example.com/x", "format": "JSON"}
        with pytest.raises(ShopTrouble):
            client.change(questions.HOOK_CREATE, topic="ORDERS_CREATE", hook=hook)
        theepot.breaks("half", path="Languages", times=1)
        assert client.ask(questions.LANGUAGES)["shopLocales"]

    assert len(theepot.asked_for("HookCreate")) == 1
    assert len(theepot.asked_for("Languages")) == 2


def test_an_older_version_and_a_warning_are_noticed(theepot: Shopify) -> None:
    theepot.answers_version = "2026-01"
    theepot.deprecates = "https://shopify.dev/changelog/x"

    with Client(theepot.access()) as client:
        client.ask(questions.SHOP)
        client.ask(questions.SHOP)

    found = {one.trouble: one.values for one in client.noticed.values()}
    assert found == {
        Trouble.API_VERSION_FELL_BACK: {"asked": API_VERSION, "got": "2026-01"},
        Trouble.API_DEPRECATED: {"detail": "https://shopify.dev/changelog/x"},
    }


def test_a_question_shopify_does_not_know_is_our_fault_and_tells_no_address(theepot: Shopify) -> None:
    with Client(theepot.access()) as client, pytest.raises(AnswerUnreadable) as unread:
        client.ask(f'query Q {{ customers(first: 1, query: "who:{ADA}") {{ nodes {{ id }} }} }}')

    assert unread.value.trouble is Trouble.UNEXPECTED_ANSWER
    assert ADA not in str(unread.value)


@pytest.mark.parametrize("fault", [one for one in FAULTS if one not in ("slow", "noisy")])
def test_every_fault_is_a_trouble_with_a_sentence(
    theepot: Shopify, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "READ_SECONDS", 0.2)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    with Client(theepot.access()) as client:
        theepot.breaks(fault)
        with pytest.raises(ShopTrouble) as trouble:
            client.ask(questions.SHOP)

    assert all(explain(trouble.value.trouble, trouble.value.values))
    assert trouble.value.trouble in EXPLANATIONS


class Odd(Shopify):
    """A shop that answers every question with the same strange thing."""

    odd: Any = None

    def _graphql(self, asked: Asked, version: str) -> Reply:
        return Reply(200, self.odd)


_ROOTS = (
    "shop", "orders", "customers", "products", "abandonedCheckouts", "webhookSubscriptions", "bulkOperation",
    "bulkOperationRunQuery", "discountCodeBasicCreate", "customer", "customerByIdentifier", "order",
)  # fmt: skip
_STRANGE: dict[str, Any] = {
    "null": None, "list": [], "text": "hello", "nothing": {}, "no data": {"data": None}, "a list of data": {"data": []},
    "errors in words": {"errors": "[API] Invalid"}, "errors as a list of words": {"errors": ["not approved to access"]},
    "odd errors": {"errors": [{"message": None, "extensions": []}]}, "an object of errors": {"errors": {"a": ["b"]}},
    "odd cost": {"data": {}, "extensions": {"cost": {"throttleStatus": 5}}},
} | {
    f"all {name}": {"data": dict.fromkeys(_ROOTS, value)}
    for name, value in {
        "null": None, "lists": [1], "text": "x", "odd nodes": {"nodes": [3, "x", {}], "pageInfo": []},
        "empty": {}, "endless": {"nodes": [], "pageInfo": {"hasNextPage": "x"}},
    }.items()
}  # fmt: skip


@pytest.mark.parametrize("strange", list(_STRANGE))
def test_whatever_a_shop_answers_only_a_trouble_comes_of_it(strange: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    shop = Odd()
    shop.odd = _STRANGE[strange]
    at, access = shop.now, shop.access()
    basket = LookedFor(keys=(), email=ADA, account="5", since=at)
    consent = ConsentToTell(account="5", email=ADA, state="denied", at=at)
    questions_of = (
        lambda: shopify.install(access, DOOR, at),
        lambda: shopify.fetch(access, FACTS, "orders", since=at, cursor=""),
        lambda: shopify.fetch(access, FACTS, "baskets", since=at, cursor=""),
        lambda: shopify.backfill(access, FACTS, "products", since=at, cursor=""),
        lambda: shopify.backfill(access, FACTS, "products", since=at, cursor='{"operation":"x","line":0}'),
        lambda: shopify.one(access, FACTS, "orders", "5"),
        lambda: shopify.look(access, FACTS, [basket], since=at),
        lambda: shopify.issue(access, [code("TERUG-1", at)]),
        lambda: shopify.tell(access, [consent]),
    )
    for question in questions_of:
        with contextlib.suppress(ShopTrouble):
            made = question()
            assert not [one for one in made if isinstance(one, CodeMade)] if isinstance(made, list) else True
    shop.close()


@pytest.mark.parametrize(
    "typed",
    [
        "", "shop.example.com", "x.myshopify.com.evil.com", "https://admin.shopify.com/store/x", "-x.myshopify.com",
        "x.myshopify.com@evil.example", "127.0.0.1", "x.y.myshopify.com", "x.myshopify.com:8080",
    ],
)  # fmt: skip
def test_an_address_that_is_no_shop_of_shopify_is_never_called(typed: str) -> None:
    with pytest.raises(AddressForbidden):
        shop_domain(typed)


@pytest.mark.parametrize("typed", ["theepot", "Theepot.myshopify.com", "https://theepot.myshopify.com/", " theepot "])
def test_the_ways_owners_write_their_shop(typed: str) -> None:
    assert shop_domain(typed) == "theepot.myshopify.com"


def test_a_production_setting_calls_myshopify_whatever_the_address_says() -> None:
    access = Access(store_id=1, url="http://127.0.0.1:9", shop_domain="theepot.myshopify.com")

    assert base_of(access) == "https://theepot.myshopify.com"
    assert base_of(replace(access, url="https://theepot.example", loopback=True)) == "https://theepot.myshopify.com"
    assert base_of(replace(access, loopback=True)) == "http://127.0.0.1:9"


def test_nothing_of_the_keys_is_shown(theepot: Shopify) -> None:
    access = theepot.access()
    with Client(access) as client:
        client.ask(questions.SHOP)
        shown = repr(client) + repr(access) + repr(client.__dict__)

    token = theepot.keeper.current()
    assert token is not None
    for secret in (theepot.client_secret, token.value, theepot.client_id):
        assert secret not in shown
        assert secret not in repr(token)


def _asks_both(start: int, shops: list[Shopify], troubles: list[BaseException]) -> None:
    clients = [Client(shop.access(place)) for place, shop in enumerate(shops)]
    try:
        for turn in range(125):
            which = (start + turn) % 2
            told = clients[which].ask("query Shop { shop { myshopifyDomain } }")["shop"]
            assert told["myshopifyDomain"] == shops[which].domain
            if (start, turn) == (0, 60):
                shops[0].revokes_tokens()
    except BaseException as trouble:
        troubles.append(trouble)


def test_two_shops_with_two_apps_never_meet() -> None:
    """A thousand questions by eight threads: no key, token or host goes to the other shop (shopify.md 13)."""
    shops = [Shopify(domain="theepot.myshopify.com"), Shopify(domain="molen.myshopify.com")]
    for shop in shops:
        shop.bucket.most = shop.bucket.left = 1e9
    troubles: list[BaseException] = []
    threads = [threading.Thread(target=_asks_both, args=(number, shops, troubles)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert not troubles
    for shop, other in (shops, shops[::-1]):
        said = [repr((one.headers, one.body)) for one in shop.asked]
        theirs = {other.client_id, other.client_secret, other.domain, f"127.0.0.1:{other.port}"}
        theirs |= {other.keeper.current().value}  # type: ignore[union-attr]
        assert len(said) >= 500
        assert not [secret for secret in theirs for one in said if secret in one]
        shop.close()


def test_the_version_stands_in_one_place_and_is_one() -> None:
    assert asking.API_VERSION == "2026-10"
