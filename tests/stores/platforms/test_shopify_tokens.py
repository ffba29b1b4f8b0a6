"""The key of a Shopify shop, by each of the three ways to connect it."""

from __future__ import annotations

import hashlib
import hmac
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from apps.stores.errors import AccessRefused, AddressForbidden, AnswerUnreadable, ShopTrouble
from apps.stores.platforms.calling import Token
from apps.stores.platforms.shopify import oauth, questions
from apps.stores.platforms.shopify.client import Client
from apps.stores.troubles import Trouble
from tests.shops.shopify import MemoryToken, Shopify
from tests.stores.platforms.deliveries import NOON
from tests.stores.platforms.shopify_calls import shopify

STATE = "a-state-nobody-guesses"
ASKED = ("read_orders", "read_customers")


def asks(shop: Shopify, **credentials: str) -> None:
    access = replace(shop.access(), credentials=credentials) if credentials else shop.access()
    with Client(access) as client:
        client.ask(questions.SHOP)


def lends(shop: Shopify) -> int:
    """How often a key was asked for."""
    return sum(one.path.endswith("access_token") for one in shop.asked)


# --- an app of the shop's own ---


def test_a_key_is_lent_once_a_day(theepot: Shopify) -> None:
    asks(theepot)
    asks(theepot)

    assert lends(theepot) == 1
    token = theepot.keeper.current()
    assert token is not None
    assert token.expires_at is not None
    assert timedelta(hours=23) < token.expires_at - datetime.now(UTC) < timedelta(hours=24)


@pytest.mark.parametrize(("hours_left", "times"), [(6, 1), (4, 2)])
def test_a_key_is_renewed_at_four_fifths_of_its_life(theepot: Shopify, hours_left: int, times: int) -> None:
    asks(theepot)
    token = theepot.keeper.current()
    assert token is not None
    old = Token(value=token.value, expires_at=datetime.now(UTC) + timedelta(hours=hours_left))
    theepot.keeper._token = old

    asks(theepot)

    assert lends(theepot) == times


def test_workers_that_meet_on_a_dead_key_ask_for_one_new_one(theepot: Shopify) -> None:
    asks(theepot)
    theepot.revokes_tokens()
    threads = [threading.Thread(target=asks, args=(theepot,)) for _ in range(6)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert lends(theepot) == 2


@pytest.mark.parametrize(
    ("why", "trouble"),
    [("shop_not_permitted", Trouble.OTHER_ORGANISATION), ("app_not_installed", Trouble.APP_NOT_INSTALLED)],
)
def test_why_no_key_is_lent_is_told_apart(theepot: Shopify, why: str, trouble: Trouble) -> None:
    theepot.refuses_tokens = why

    with pytest.raises(AccessRefused) as refused:
        asks(theepot)

    assert refused.value.trouble is trouble


@pytest.mark.parametrize("wrong", ["client_id", "client_secret"])
def test_a_wrong_id_or_secret_is_refused_and_not_told(theepot: Shopify, wrong: str) -> None:
    given = {"client_id": theepot.client_id, "client_secret": theepot.client_secret, wrong: "shpss_of_somebody_else"}

    with pytest.raises(AccessRefused) as refused:
        asks(theepot, **given)

    assert refused.value.trouble is Trouble.KEYS_REFUSED
    assert "somebody_else" not in repr(refused.value)


def test_without_keys_nothing_is_asked(theepot: Shopify) -> None:
    with pytest.raises(AccessRefused) as refused:
        asks(theepot, client_id=theepot.client_id)

    assert refused.value.trouble is Trouble.NO_KEYS
    assert theepot.asked == []


def test_without_a_keeper_a_key_lasts_for_the_call(theepot: Shopify) -> None:
    with Client(replace(theepot.access(), tokens=None)) as client:
        client.ask(questions.SHOP)
        client.ask(questions.SHOP)

    assert lends(theepot) == 1


@pytest.mark.parametrize("fault", ["login_page", "not_json", "half", "moved", "frozen", "broken"])
def test_whatever_stands_where_keys_are_lent_is_a_trouble(theepot: Shopify, fault: str) -> None:
    theepot.breaks(fault, path="/admin/oauth")

    with pytest.raises(ShopTrouble):
        asks(theepot)


def test_an_answer_without_a_key_is_not_taken_for_one(theepot: Shopify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(theepot, "_lend", lambda _: None)

    with pytest.raises(AnswerUnreadable):
        asks(theepot)


# --- an app made in the shop's admin ---


def test_a_permanent_key_is_used_as_it_is_and_never_renewed(theepot: Shopify) -> None:
    with Client(theepot.old_access()) as client:
        client.ask(questions.SHOP)
        theepot.revokes_tokens()
        with pytest.raises(AccessRefused) as refused:
            client.ask(questions.SHOP)

    assert refused.value.trouble is Trouble.KEYS_REFUSED
    assert lends(theepot) == 0


def test_webhooks_are_signed_with_the_apps_secret_by_either_way(theepot: Shopify) -> None:
    assert shopify.webhook_secret(theepot.access().credentials) == theepot.client_secret
    assert shopify.webhook_secret(theepot.old_access().credentials) == theepot.api_secret
    assert shopify.webhook_secret({}) == ""


# --- an agency's app ---


def came_back(to: Shopify, at: datetime = NOON, **changes: str) -> dict[str, str]:
    """The query with which Shopify sends an owner back, signed as it signs."""
    query = {
        "code": to.consents(), "host": "YWRtaW4", "shop": to.domain, "state": STATE,
        "timestamp": str(int(at.timestamp())),
    }  # fmt: skip
    query |= changes
    text = "&".join(f"{name}={query[name]}" for name in sorted(query))
    digest = hmac.new(to.client_secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return {"hmac": digest, **query}


def checked(shop: Shopify, query: dict[str, str]) -> str:
    return oauth.check_return(
        query,
        client_id=shop.client_id,
        client_secret=shop.client_secret,
        state=STATE,
        domain=shop.domain,
        at=NOON,
    )


def test_an_owner_is_sent_to_the_shop_to_approve(theepot: Shopify) -> None:
    url = oauth.authorize_url(
        "theepot", client_id="agency-app", scopes=ASKED, redirect_uri="https://mail.example.com/back", state=STATE
    )

    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "theepot.myshopify.com", "/admin/oauth/authorize")
    assert dict(parse_qsl(parts.query)) == {
        "client_id": "agency-app",
        "scope": "read_orders,read_customers",
        "redirect_uri": "https://mail.example.com/back",
        "state": STATE,
    }


def test_who_comes_back_signed_and_in_time_brings_the_code(theepot: Shopify) -> None:
    query = came_back(theepot)

    assert checked(theepot, query) == query["code"]


@pytest.mark.parametrize(
    "changes",
    [
        {"state": "another"}, {"state": ""}, {"timestamp": str(int((NOON - timedelta(hours=1)).timestamp()))},
        {"timestamp": str(int((NOON + timedelta(hours=1)).timestamp()))}, {"timestamp": "soon"}, {"timestamp": ""},
        {"code": ""},
    ],
)  # fmt: skip
def test_who_comes_back_otherwise_does_not(theepot: Shopify, changes: dict[str, str]) -> None:
    with pytest.raises(AccessRefused):
        checked(theepot, came_back(theepot, **changes))


@pytest.mark.parametrize("tampered", ["code", "host", "timestamp", "hmac"])
def test_a_changed_parameter_breaks_the_signature(theepot: Shopify, tampered: str) -> None:
    query = came_back(theepot)
    query[tampered] = query[tampered][:-1] + ("0" if query[tampered][-1] != "0" else "1")

    with pytest.raises(AccessRefused):
        checked(theepot, query)


def test_a_missing_signature_or_another_shop_is_refused(theepot: Shopify) -> None:
    unsigned = came_back(theepot)
    del unsigned["hmac"]
    with pytest.raises(AccessRefused):
        checked(theepot, unsigned)
    with pytest.raises(AccessRefused) as other:
        checked(theepot, came_back(theepot, shop="molen.myshopify.com"))
    assert other.value.trouble is Trouble.WRONG_SHOP
    with pytest.raises(AddressForbidden):
        checked(theepot, came_back(theepot, shop="theepot.myshopify.com.evil.example"))


def test_a_code_is_exchanged_once_for_a_key_for_good(theepot: Shopify) -> None:
    code = checked(theepot, came_back(theepot))

    kept, token = oauth.exchange(theepot.access(), code)

    assert kept["token"] == token.value
    assert token.expires_at is None
    asks(theepot, **kept)
    with pytest.raises(AccessRefused):
        oauth.exchange(theepot.access(), code)


def test_a_key_that_expires_is_renewed_with_the_newest_of_its_kind(theepot: Shopify) -> None:
    kept, _ = oauth.exchange(theepot.access(), checked(theepot, came_back(theepot)), expiring=True)
    access = replace(theepot.access(), credentials=kept, tokens=MemoryToken())
    assert set(kept) == {"client_id", "client_secret", "refresh_token"}

    for _ in range(3):
        with Client(access) as client:
            client.ask(questions.SHOP)
        theepot.revokes_tokens()

    assert "token" not in kept
    assert access.tokens is not None
    assert access.tokens.current().refresh != kept["refresh_token"]  # type: ignore[union-attr]


def test_two_apps_in_one_process_keep_their_secrets_apart() -> None:
    from shopify import Session

    shops = [Shopify(domain="theepot.myshopify.com"), Shopify(domain="molen.myshopify.com")]
    first, second = came_back(shops[0]), came_back(shops[1])

    for _ in range(20):
        assert checked(shops[0], first) == first["code"]
        assert checked(shops[1], second) == second["code"]

    assert (Session.api_key, Session.secret) == (None, None)
    with pytest.raises(AccessRefused):
        checked(shops[0], came_back(shops[1], shop=shops[0].domain))
    for shop in shops:
        shop.close()
