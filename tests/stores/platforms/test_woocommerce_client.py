"""How a WooCommerce shop is asked: keys shown, answers checked, and nothing given away."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.stores import network
from apps.stores.errors import (
    AccessRefused,
    AddressForbidden,
    AnswerUnreadable,
    NotOffered,
    ShopTrouble,
    ShopUnreachable,
)
from apps.stores.platforms.base import ShopFacts, platforms
from apps.stores.platforms.calling import Access, CodeMade, Door, LookedFor
from apps.stores.platforms.woocommerce.client import AT_ONCE, Refused, Shop
from apps.stores.troubles import Trouble, explain
from tests.shops.base import FAULTS, Asked, Reply
from tests.shops.certificates import certificate
from tests.shops.woocommerce import WooCommerceShop
from tests.stores.platforms.test_woocommerce_coupons import wanted

FACTS = ShopFacts(currency="EUR", language="nl", country="NL", url="https://shop.example")
DOOR = Door(url="https://mail.example/webhooks/woocommerce/abc/", secret="s" * 44)
woocommerce = platforms.get("woocommerce")


@pytest.fixture
def shop() -> Iterator[WooCommerceShop]:
    opened = WooCommerceShop()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> str:
    return certificate(Path(tmp_path_factory.mktemp("tls")))


@pytest.fixture
def secure(shop: WooCommerceShop, pem: str) -> Shop:
    """The client of a shop behind https."""
    shop.speaks_tls(pem)
    caller = network.session(loopback=True)
    caller.verify = pem
    return Shop(shop.access(), caller=caller)


def keys_of(shop: WooCommerceShop) -> tuple[str, str]:
    return shop.keys.key, shop.keys.secret


# --- showing the keys ------------------------------------------------------------------------------


def test_over_https_the_keys_stand_in_the_header_alone(shop, secure):
    secure.read("orders", status="any")

    assert shop.asked[-1].headers["authorization"].startswith("Basic ")
    assert not set(shop.asked[-1].query) & {"consumer_key", "consumer_secret"}


def test_a_host_that_strips_the_header_gets_them_in_the_query_and_is_remembered(shop, secure):
    shop.strips_authorization = True

    secure.read("orders")
    secure.read("orders")
    secure.write("POST", "coupons/batch", {})

    assert ["consumer_key" in asked.query for asked in shop.asked] == [False, True, True, True]
    assert "link" not in secure.read("orders", per_page=1).headers


def test_a_shop_that_does_not_know_it_is_asked_over_https_gets_a_signature(shop, secure):
    """Behind a proxy that ends TLS and does not tell PHP: Basic is ignored there as over http."""
    shop.https = False

    secure.read("orders", search="a/b")
    secure.write("POST", "coupons/batch", {})

    assert ["oauth_signature" in asked.query for asked in shop.asked] == [False, False, True, True]
    assert secure.manner.showing == "signature"


def test_a_wrong_secret_is_not_repeated_in_the_query(shop, secure):
    shop.keys.secret = "cs_" + "0" * 40

    with pytest.raises(AccessRefused) as refused:
        secure.read("orders")

    assert refused.value.trouble is Trouble.KEYS_REFUSED
    assert len(shop.asked) == 1


def test_an_unknown_key_is_refused_in_every_form_and_none_is_remembered(shop, secure):
    shop.keys.revoked = True
    with pytest.raises(AccessRefused):
        secure.read("orders")

    shop.keys.revoked = False
    secure.read("orders")

    assert "consumer_key" not in shop.asked[-1].query


def test_over_plain_http_each_question_is_signed_sent_once_and_never_the_same(shop):
    for number in range(3):
        Shop(shop.access()).read("orders", search=f"ada/byrne & co {number}?", modified_after="2026-11-22T04:03:00")

    signatures = {asked.query["oauth_signature"] for asked in shop.asked}
    assert len(shop.asked) == len(signatures) == 3
    assert not any(shop.keys.secret in value for asked in shop.asked for value in asked.query.values())


def test_plain_http_is_for_this_machine_alone(shop):
    for url in ("http://shop.example", "http://93.184.216.34"):
        with pytest.raises(AddressForbidden) as refused:
            Shop(replace(shop.access(), url=url))
        assert refused.value.trouble is Trouble.NOT_HTTPS
    with pytest.raises(AddressForbidden):
        Shop(replace(shop.access(), loopback=False))
    assert not shop.asked


def test_without_keys_nothing_is_asked(shop):
    with pytest.raises(AccessRefused) as refused:
        Shop(Access(store_id=1, url=shop.url, credentials={"consumer_key": "ck_x"}, loopback=True))
    assert refused.value.trouble is Trouble.NO_KEYS


@pytest.mark.parametrize("version", ["10.6.2", "11.0.1", "11.1.0"])
def test_a_shop_with_plain_permalinks_is_asked_under_its_other_address(shop, version: str):
    shop.permalinks, shop.version = "plain", version
    client = Shop(shop.access(store_id=80 + len(version)))

    assert client.read("orders", search="a/b c").items() == []
    assert client.index().json()["namespaces"]
    assert client.write("POST", "coupons/batch", {}).json() == {}
    assert client.manner.plain
    assert shop.asked[-1].path == "/"


def test_where_there_is_no_woocommerce_it_says_so(shop):
    client = Shop(shop.access())
    for endpoint in ("nothing/here", "orders/12/nothing"):
        with pytest.raises(AnswerUnreadable) as nowhere:
            client.read(endpoint)
        assert nowhere.value.trouble is Trouble.NO_API_HERE
    shop.permalinks = "off"
    shop.reply = lambda _: Reply(404, body=b"<html>Not found</html>")  # a site that is no WordPress
    with pytest.raises(AnswerUnreadable) as nowhere:
        client.read("orders")
    assert nowhere.value.trouble is Trouble.NO_API_HERE


# --- what may be done with them --------------------------------------------------------------------


def test_a_key_that_only_reads_is_told_from_one_that_is_refused(shop):
    client = Shop(shop.access())
    shop.keys.permissions = "read"

    with pytest.raises(AccessRefused) as weak:
        client.write("POST", "webhooks", {"topic": "order.created", "delivery_url": DOOR.url})
    shop.keys.revoked = True
    with pytest.raises(AccessRefused) as gone:
        client.write("POST", "webhooks", {"topic": "order.created", "delivery_url": DOOR.url})

    assert (weak.value.trouble, gone.value.trouble) == (Trouble.KEYS_READ_ONLY, Trouble.KEYS_REFUSED)
    assert not shop.webhooks


def test_a_change_whose_answer_was_lost_is_not_sent_twice(shop):
    client = Shop(shop.access())
    for fault in ("half", "broken"):
        shop.breaks(fault, times=1)
        asked = len(shop.asked)
        with pytest.raises(ShopUnreachable):
            client.write("POST", "coupons", {"code": f"once-{fault}"})
        assert len(shop.asked) == asked + 1


def test_a_busy_shop_is_asked_again_as_it_wishes(shop):
    client = Shop(shop.access())
    shop.breaks("busy", times=1)
    begun = time.monotonic()

    client.write("POST", "coupons/batch", {})

    assert time.monotonic() - begun >= 0.9
    assert len(shop.asked) == 2


def test_the_shops_own_no_has_its_code_and_not_its_words(shop):
    with pytest.raises(Refused) as refused:
        Shop(shop.access()).read("orders", per_page=101)
    assert (refused.value.code, refused.value.status) == ("rest_invalid_param", 400)
    assert Shop(shop.access()).find("orders/999999") is None


def test_an_error_that_a_host_answers_with_200_is_an_error(shop):
    shop.reply = lambda _: Reply(200, {"code": "rest_forbidden", "message": "No.", "data": {"status": 403}})
    with pytest.raises(Refused):
        Shop(shop.access()).read("orders")


def test_no_more_than_two_questions_at_once_go_to_one_shop(shop):
    answers, now, most = shop.reply, 0, 0
    count = threading.Lock()
    release = shop._guard

    class Watched:
        """Stands where the shop's own lock stands, so that questions overlap."""

        def __enter__(self) -> None:
            return None

        def __exit__(self, *_: object) -> None:
            return None

    def slowly(asked: Asked) -> Reply:
        nonlocal now, most
        with count:
            now += 1
            most = max(most, now)
        time.sleep(0.05)
        with count:
            now -= 1
        with release:
            return answers(asked)

    shop.reply, shop._guard = slowly, Watched()
    threads = [threading.Thread(target=lambda: Shop(shop.access()).read("orders")) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert most == AT_ONCE


# --- faults ----------------------------------------------------------------------------------------

CALLS: dict[str, Any] = {
    "audit": lambda access, now: woocommerce.audit(access, DOOR, now),
    "orders": lambda access, now: woocommerce.fetch(access, FACTS, "orders", since=now, cursor=""),
    "look": lambda access, now: woocommerce.look(
        access, FACTS, [LookedFor(keys=(), email="a@x.nl", account=None, since=now)], since=now
    ),
    "issue": lambda access, now: woocommerce.issue(access, [wanted("BACK-1", at=now)]),
}
MORE_CALLS: dict[str, Any] = CALLS | {
    "install": lambda access, now: woocommerce.install(access, DOOR, now),
    "products": lambda access, _: woocommerce.backfill(access, FACTS, "products", since=None, cursor=""),
    "customers": lambda access, now: woocommerce.fetch(access, FACTS, "customers", since=now, cursor=""),
    "reviews": lambda access, _: woocommerce.fetch(access, FACTS, "reviews", since=None, cursor=""),
    "one": lambda access, _: woocommerce.one(access, FACTS, "products", "1"),
    "withdraw": lambda access, _: woocommerce.withdraw(access, [CodeMade(code="A", external_id="1")]),
}
RIGHT = {
    "revoked": {Trouble.KEYS_REFUSED}, "busy": {Trouble.TOO_MANY_REQUESTS}, "broken": {Trouble.SHOP_ERROR},
    "half": {Trouble.CUT_OFF}, "not_json": {Trouble.CUT_OFF, Trouble.NOT_JSON}, "login_page": {Trouble.NOT_JSON},
    "moved": {Trouble.REDIRECTED}, "frozen": {Trouble.SHOP_ERROR}, "timeout": {Trouble.TIMED_OUT},
}  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_a_trouble_with_a_sentence_and_without_a_key(shop, caplog, call: str, fault: str):
    caplog.set_level(logging.DEBUG)
    shop.breaks(fault)
    told = ""

    with network.within(5 if fault == "noisy" else 0.25):
        try:
            CALLS[call](shop.access(), shop.now)
        except ShopTrouble as trouble:
            told = repr(trouble) + str(trouble.values) + "".join(explain(trouble.trouble, trouble.values))
            assert trouble.trouble in RIGHT.get(fault, set()) | {Trouble.TIMED_OUT}  # noqa: PT017
        else:
            assert fault in ("noisy", "slow")

    assert bool(told) is (fault in RIGHT) or fault == "slow"
    for key in keys_of(shop):
        assert key not in told + caplog.text


NAMES = (
    "id", "code", "message", "data", "create", "delete", "error", "environment", "settings", "active_plugins", "plugin",
    "namespaces", "date_modified_gmt", "meta_data", "version", "topic", "delivery_url", "usage_count", "type", "status",
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    call=st.sampled_from(sorted(MORE_CALLS)),
    body=st.one_of(
        st.binary(max_size=60),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
            lambda inner: st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(NAMES),
                inner, max_size=5,
            ),
        ),
    ),
    status=st.sampled_from([200, 201, 200, 400, 404, 501]),
)  # fmt: skip
def test_whatever_a_shop_answers_nothing_but_trouble_comes_of_it(shop, call: str, body: Any, status: int):
    shop.reply = lambda _: Reply(status, **({"body": body} if isinstance(body, bytes) else {"json": body}))
    with network.within(0.5):
        try:
            MORE_CALLS[call](shop.access(), shop.now)
        except ShopTrouble as trouble:
            assert trouble.values.get("detail") not in ("TypeError", "KeyError", "AttributeError")  # noqa: PT017


def test_nothing_of_a_key_shows_in_what_is_printed(shop):
    client = Shop(shop.access())
    answer = client.read("orders")
    shown = repr(client) + repr(shop.access()) + repr(answer) + str(client)
    for key in keys_of(shop):
        assert key not in shown


def test_consent_is_nothing_woocommerce_has_a_place_for(shop):
    assert "consent" not in woocommerce.can
    with pytest.raises(NotOffered):
        woocommerce.tell(shop.access(), [])
