"""Connecting with one click: the shop posts its keys, and anybody may post anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.stores.errors import AccessRefused, AddressForbidden, Unreadable
from apps.stores.platforms.woocommerce.handover import authorize_url, came_back, received
from apps.stores.troubles import Trouble
from tests.shops.woocommerce import WooCommerceShop

STATE = "st4te-" + "x" * 30
BACK, CALLBACK = "https://mail.example/connect/back", "https://mail.example/handed/woocommerce/st4te"
GOOD: dict[str, Any] = {
    "key_id": 7, "user_id": STATE, "consumer_key": "ck_" + "a1" * 20, "consumer_secret": "cs_" + "b2" * 20,
    "key_permissions": "read_write",
}  # fmt: skip


@pytest.fixture
def shop() -> Iterator[WooCommerceShop]:
    opened = WooCommerceShop()
    yield opened
    opened.close()


def post(**changes: Any) -> bytes:
    return json.dumps({name: value for name, value in (GOOD | changes).items() if value is not ...}).encode()


def test_the_owner_approves_and_the_shop_hands_its_keys_over(shop):
    page = authorize_url(shop.url, state=STATE, return_url=BACK, callback_url=CALLBACK, loopback=True)

    to, body = shop.approves(page)
    handed = received(body)

    assert to == CALLBACK
    assert handed.state == STATE
    assert handed.credentials == shop.access().credentials
    assert shop.keys.secret not in repr(handed)


def test_the_page_is_the_shops_own_and_asks_to_write():
    page = urlsplit(
        authorize_url("https://shop.example/winkel/?x=1#y", state=STATE, return_url=BACK, callback_url=CALLBACK)
    )
    query = {name: values[0] for name, values in parse_qs(page.query).items()}

    assert (page.scheme, page.netloc, page.path) == ("https", "shop.example", "/winkel/wc-auth/v1/authorize")
    assert query == {
        "app_name": "Mandje", "scope": "read_write", "user_id": STATE, "return_url": BACK, "callback_url": CALLBACK,
    }  # fmt: skip


@pytest.mark.parametrize(
    "url", ["http://shop.example", "https://127.0.0.1", "https://u:p@shop.example", "javascript:x"]
)
def test_nobody_is_sent_where_we_would_not_go(url: str):
    with pytest.raises(AddressForbidden):
        authorize_url(url, state=STATE, return_url=BACK, callback_url=CALLBACK)


def test_an_address_of_ours_without_https_would_never_be_called():
    with pytest.raises(AddressForbidden) as plain:
        authorize_url("https://shop.example", state=STATE, return_url=BACK, callback_url="http://mail.example/x")
    assert plain.value.trouble is Trouble.NOT_HTTPS


@pytest.mark.parametrize("state", ["", "short", "x" * 200, "with space" * 3, "a\nb" * 10])
def test_a_state_that_could_be_guessed_is_none(state: str):
    with pytest.raises(ValueError, match="state"):
        authorize_url("https://shop.example", state=state, return_url=BACK, callback_url=CALLBACK)


@pytest.mark.parametrize(
    "changes",
    [
        {"user_id": 1}, {"user_id": "1"}, {"user_id": None}, {"user_id": [STATE]}, {"user_id": f"{STATE}\n"},
        {"consumer_key": "ck_short"}, {"consumer_key": ("ck_" + "A1" * 20)}, {"consumer_key": GOOD["consumer_secret"]},
        {"consumer_secret": ...}, {"consumer_secret": "cs_" + "b2" * 20 + "\n"}, {"key_permissions": ...},
        {"key_permissions": ["read_write"]}, {"consumer_key": {"$ne": ""}},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_not_exactly_that_is_not_read(changes: dict[str, Any]):
    with pytest.raises(Unreadable):
        received(post(**changes))


@pytest.mark.parametrize("permissions", ["read", "write", "READ_WRITE", ""])
def test_keys_that_may_too_little_are_not_kept(permissions: str):
    with pytest.raises(AccessRefused) as weak:
        received(post(key_permissions=permissions))
    assert weak.value.trouble is Trouble.KEYS_READ_ONLY


@settings(max_examples=80, deadline=None)
@given(
    st.one_of(st.binary(max_size=200), st.text(max_size=80).map(str.encode), st.just(b"[" * 4000), st.just(b" " * 5000))
)
def test_anything_else_is_unreadable(body: bytes):
    with pytest.raises(Unreadable):
        received(body)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"success": "1", "user_id": STATE}, (STATE, True)), ({"success": "0", "user_id": STATE}, (STATE, False)),
        ({"user_id": STATE}, (STATE, False)), ({"success": "1", "user_id": "<script>"}, ("", True)), ({}, ("", False)),
    ],
)  # fmt: skip
def test_the_owner_comes_back_with_or_without_a_yes(query: dict[str, str], expected: tuple[str, bool]):
    assert came_back(query) == expected
