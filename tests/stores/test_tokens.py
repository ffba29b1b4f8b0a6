"""A lent key in its row: sealed, renewed by one worker at a time, and forgotten when the shop is disconnected."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections

from apps.core import db
from apps.stores import access
from apps.stores.errors import AccessRefused, ShopUnreachable
from apps.stores.models import Store
from apps.stores.platforms.calling import Token
from apps.stores.troubles import Trouble

KEYS = {"client_id": "theepot-app", "client_secret": "shpss_a_secret_of_the_theepot"}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def store() -> Store:
    store = Store.objects.create(
        platform="shopify", name="De Theepot", url="https://theepot.example", shop_domain="theepot.myshopify.com"
    )
    access.keep_credentials(store.pk, store.key, "client_credentials", KEYS)
    return store


def keeper_of(store: Store) -> access.StoredToken:
    return access.StoredToken(store_id=store.pk, key=store.key)


def lent(value: str, **more: object) -> Token:
    return Token(value=value, expires_at=datetime.now(UTC) + timedelta(hours=24), scopes=("read_orders",), **more)  # type: ignore[arg-type]


def in_a_thread(work: Callable[[], None]) -> threading.Thread:
    def runs() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=runs)
    thread.start()
    return thread


def test_a_key_is_kept_sealed_and_comes_back_whole(store: Store) -> None:
    keeper = keeper_of(store)
    token = lent("shpat_one", refresh="shprt_one")

    assert keeper.current() is None
    assert keeper.renew(lambda: token, instead_of=None) == token
    assert keeper.current() == token

    sealed, until = db.rows("SELECT token_sealed, token_expires_at FROM stores_connection")[0]
    assert "shpat" not in sealed
    assert "shprt" not in sealed
    assert until == token.expires_at


def test_two_workers_that_meet_on_a_dead_key_make_one(store: Store) -> None:
    old = keeper_of(store).renew(lambda: lent("shpat_old"), instead_of=None)
    asked: list[str] = []
    came: list[Token] = []
    both = threading.Barrier(2)

    def makes() -> Token:
        asked.append("once")
        # No transaction is open while the shop is asked: the other worker waits on a lease, not on a lock.
        assert not connection.in_atomic_block
        time.sleep(0.3)
        return lent(f"shpat_{len(asked)}")

    def renews() -> None:
        both.wait()
        came.append(keeper_of(store).renew(makes, instead_of=old))

    for thread in [in_a_thread(renews), in_a_thread(renews)]:
        thread.join()

    assert asked == ["once"]
    assert [one.value for one in came] == ["shpat_1", "shpat_1"]


def test_who_comes_late_with_the_old_key_gets_the_new_one_without_asking(store: Store) -> None:
    keeper = keeper_of(store)
    old = keeper.renew(lambda: lent("shpat_old"), instead_of=None)
    new = keeper.renew(lambda: lent("shpat_new"), instead_of=old)

    assert keeper.renew(lambda: pytest.fail("asked again"), instead_of=old) == new


def test_a_shop_that_gives_no_key_leaves_the_lease_to_the_next(store: Store) -> None:
    def refuses() -> Token:
        raise ShopUnreachable(Trouble.TIMED_OUT, retry_after=timedelta(minutes=1))

    with pytest.raises(ShopUnreachable):
        keeper_of(store).renew(refuses, instead_of=None)

    assert keeper_of(store).renew(lambda: lent("shpat_one"), instead_of=None).value == "shpat_one"


def test_a_worker_that_died_with_the_lease_holds_nobody_for_long(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    db.run("UPDATE stores_connection SET token_lease_until = clock_timestamp() + interval '200 milliseconds'")

    assert keeper_of(store).renew(lambda: lent("shpat_one"), instead_of=None).value == "shpat_one"

    monkeypatch.setattr(access, "WAIT_SECONDS", 0.2)
    db.run("UPDATE stores_connection SET token_lease_until = clock_timestamp() + interval '1 hour', token_sealed = ''")
    with pytest.raises(ShopUnreachable):
        keeper_of(store).renew(lambda: lent("shpat_two"), instead_of=None)


def test_a_key_of_one_store_does_not_open_in_another(store: Store) -> None:
    other = Store.objects.create(platform="shopify", name="Molen", url="https://molen.example")
    access.keep_credentials(other.pk, other.key, "client_credentials", KEYS)
    keeper_of(store).renew(lambda: lent("shpat_one"), instead_of=None)
    db.run(
        "UPDATE stores_connection SET token_sealed = (SELECT token_sealed FROM stores_connection WHERE store_id = %s)"
        " WHERE store_id = %s",
        [store.pk, other.pk],
    )

    with pytest.raises(Exception, match=r"^(?!.*shpat_one)"):
        keeper_of(other).current()


def test_disconnecting_forgets_keys_and_tokens(store: Store) -> None:
    keeper_of(store).renew(lambda: lent("shpat_one"), instead_of=None)
    assert access.access_of(store.pk).credentials == KEYS

    access.forget_credentials(store.pk)

    assert keeper_of(store).current() is None
    with pytest.raises(AccessRefused) as refused:
        access.access_of(store.pk)
    assert refused.value.trouble is Trouble.NO_KEYS


def test_new_keys_forget_the_token_of_the_old_ones(store: Store) -> None:
    keeper_of(store).renew(lambda: lent("shpat_one"), instead_of=None)

    access.keep_credentials(store.pk, store.key, "token", {"token": "shpat_two", "api_secret": "shpss_two"})

    assert keeper_of(store).current() is None
