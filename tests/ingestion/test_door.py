"""The door's table, row by row, on the WSGI callable and real PostgreSQL."""

from __future__ import annotations

import io
import json
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections

from apps.ingestion import door as doors
from apps.ingestion.models import Delivery, DeliveryBody
from apps.stores import secrets_ring
from apps.stores.models import Refusal, Store, StoreSecret
from apps.stores.platforms.base import platforms

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "een-geheim-van-de-winkel"
BODY = b'{"id":23,"status":"processing","date_modified_gmt":"2026-11-22T04:05:21"}'


def behind(environ, start_response):
    start_response("418 Django", [])
    return [b"django"]


@pytest.fixture
def store():
    return make_store("Molenzicht", SECRET)


@pytest.fixture
def door():
    door = doors.Door(behind, limit=10_000)
    # Written by hand here: no thread outlives its test.
    door.notebook._wake = lambda: None
    return door


def make_store(name, *secrets, platform="woocommerce"):
    store = Store.objects.create(platform=platform, name=name, url="https://molenzicht.example")
    secrets_ring.add_side_by_side(store, list(secrets))
    return store


def signed(body=BODY, secret=SECRET, topic="order.updated", **more):
    return platforms.get("woocommerce").sign(topic, body, secret, datetime.now(UTC), more)


def knock(door, path, body=BODY, headers=None, method="POST", **environ):
    """Status, headers and body of the door's answer."""
    said = {}

    def start_response(status, answered, exc_info=None):
        said["status"], said["headers"] = int(status.split()[0]), dict(answered)

    given = signed(body) if headers is None else headers
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": given.get("Content-Type", ""),
        "wsgi.input": io.BytesIO(body),
        **{f"HTTP_{k.upper().replace('-', '_')}": v for k, v in given.items() if k != "Content-Type"},
        **environ,
    }
    answer = b"".join(door(environ, start_response))
    return said["status"], said["headers"], answer


def path_of(store, slash="/"):
    return f"/webhooks/{store.platform}/{store.key}{slash}"


def refused(door, store):
    door.notebook.flush()
    return dict(Refusal.objects.of(store).values_list("reason", "count"))


def test_a_good_delivery_is_kept_with_its_exact_bytes(door, store):
    status, headers, _ = knock(door, path_of(store))

    kept = Delivery.objects.get()
    assert status == 200
    assert headers["Content-Type"] == "application/json"
    assert (kept.store, kept.topic, kept.state, kept.size) == (store, "order.updated", "waiting", len(BODY))
    assert kept.due_at is not None
    assert bytes(kept.body.data) == BODY
    assert "signature" not in json.dumps(kept.headers).lower()


def test_the_last_slash_is_optional_and_nothing_redirects(door, store):
    statuses = [knock(door, path_of(store, slash))[0] for slash in ("", "/")]

    assert statuses == [200, 200]
    assert Delivery.objects.count() == 1


def test_fifty_at_once_are_one_row(door, store):
    answers = []

    def send():
        try:
            answers.append(knock(door, path_of(store))[0])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [200] * 50
    assert Delivery.objects.count() == DeliveryBody.objects.count() == 1


@pytest.mark.parametrize(
    "headers",
    [
        signed(secret="van-een-ander"),
        {k: v for k, v in signed().items() if k != "X-WC-Webhook-Signature"},
        {**signed(), "X-WC-Webhook-Signature": "kort"},
        {**signed(), "X-WC-Webhook-Signature": ""},
        {**signed(), "X-WC-Webhook-Signature": "\xff\x00é"},
    ],
    ids=["wrong", "missing", "short", "empty", "bytes"],
)
def test_a_bad_signature_is_401_and_only_counted(door, store, headers):
    first = knock(door, path_of(store), headers=headers)
    second = knock(door, path_of(store), headers=headers)

    assert first[0] == second[0] == 401
    assert first[2] == doors.UNSIGNED[1]
    assert not Delivery.objects.exists()
    assert refused(door, store) == {"signature": 2}


def test_another_stores_signature_opens_nothing(door, store):
    cy = make_store("Cy's", "het-geheim-van-cy")

    status, _, answer = knock(door, path_of(store), headers=signed(secret="het-geheim-van-cy"))

    assert (status, answer) == (401, doors.UNSIGNED[1])
    assert refused(door, cy) == {}


def test_unknown_stores_and_platforms_look_alike(door, store):
    shopify = path_of(store).replace("woocommerce", "shopify")

    answers = [knock(door, path)[::2] for path in ("/webhooks/woocommerce/nobody/", "/webhooks/magento/x", shopify)]

    assert answers == [(404, doors.UNKNOWN[1])] * 3


def test_a_store_that_was_just_made_works_at_once(door):
    assert knock(door, "/webhooks/woocommerce/soon")[0] == 404

    store = make_store("Nieuw", SECRET)
    Store.objects.filter(pk=store.pk).update(key="soon")
    StoreSecret.objects.all().delete()
    secrets_ring.add_side_by_side(Store.objects.get(pk=store.pk), [SECRET])

    assert knock(door, "/webhooks/woocommerce/soon")[0] == 200


def test_a_secret_added_a_moment_ago_opens_at_once_and_the_old_one_still_does(door, store):
    assert knock(door, path_of(store))[0] == 200

    secrets_ring.add(store, "het-nieuwe-geheim", datetime.now(UTC))

    assert knock(door, path_of(store), b'{"id":1}', signed(b'{"id":1}', "het-nieuwe-geheim"))[0] == 200
    assert knock(door, path_of(store), b'{"id":2}', signed(b'{"id":2}'))[0] == 200


def test_a_retired_secret_opens_nothing(door, store):
    secrets_ring.add(store, "het-nieuwe-geheim", datetime.now(UTC))
    StoreSecret.objects.filter(retires_at__isnull=False).update(retires_at=datetime.now(UTC) - timedelta(seconds=1))

    assert knock(door, path_of(store))[0] == 401


def test_the_ping_is_answered_and_not_kept(door, store):
    form = {"Content-Type": "application/x-www-form-urlencoded"}

    assert knock(door, path_of(store), b"webhook_id=1", form)[0] == 200
    assert not Delivery.objects.exists()


def test_an_unknown_topic_is_kept(door, store):
    assert knock(door, path_of(store), headers=signed(topic="giraffe.sneezed"))[0] == 200
    assert Delivery.objects.get().topic == "giraffe.sneezed"


def test_a_topic_longer_than_its_column_is_no_fault_of_ours(door, store):
    assert knock(door, path_of(store), headers=signed(topic="order." + "x" * 5000))[0] == 200


@pytest.mark.parametrize(
    "body",
    [b"not json", b'{"a":"\x00"}', b'{"total":NaN}', b'"\xff\xfe"', b"[" * 5000, b"", b'{"code":"gone"}'],
)
def test_signed_nonsense_is_kept_as_bytes(door, store, body):
    assert knock(door, path_of(store), body, signed(body))[0] == 200
    assert bytes(DeliveryBody.objects.get().data) == body


def test_a_body_that_says_it_is_too_large_is_not_read(door, store):
    unread = Unreadable()

    status, *_ = knock(door, path_of(store), CONTENT_LENGTH="10001", **{"wsgi.input": unread})

    assert status == 413
    assert refused(door, store) == {"too_large": 1}


def test_a_chunked_body_is_read_to_the_limit_and_no_further(door, store):
    endless = Endless()

    status, *_ = knock(
        door,
        path_of(store),
        CONTENT_LENGTH="",
        HTTP_TRANSFER_ENCODING="chunked",
        **{"wsgi.input": endless},
    )

    assert status == 413
    assert endless.given == 10_001


def test_a_chunked_body_within_the_limit_is_kept(door, store):
    status, *_ = knock(door, path_of(store), CONTENT_LENGTH="", HTTP_TRANSFER_ENCODING="chunked")

    assert status == 200
    assert bytes(DeliveryBody.objects.get().data) == BODY


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "gzip, identity"])
def test_a_compressed_body_is_not_read(door, store, encoding):
    status, *_ = knock(door, path_of(store), HTTP_CONTENT_ENCODING=encoding, **{"wsgi.input": Unreadable()})

    assert status == 415
    assert refused(door, store) == {"compressed": 1}


def test_identity_is_no_compression(door, store):
    assert knock(door, path_of(store), HTTP_CONTENT_ENCODING="identity")[0] == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_only_post_is_answered(door, store, method):
    status, headers, _ = knock(door, path_of(store), method=method)

    assert (status, headers["Allow"]) == (405, "POST")


def test_a_client_that_went_away_is_400(door, store):
    assert knock(door, path_of(store), CONTENT_LENGTH="9000")[0] == 400
    assert knock(door, path_of(store), **{"wsgi.input": Unreadable(OSError("gone"))})[0] == 400
    assert not Delivery.objects.exists()


def test_everything_else_is_djangos(door):
    for path in ("/", "/webhooks", "/webhooks/", "/webhooks/woocommerce", "/webhooks/a/b/c", "/admin/"):
        assert knock(door, path)[2] == b"django"


@pytest.mark.parametrize("status", ["paused", "uninstalled"])
def test_a_shop_that_is_off_still_keeps_what_comes(door, store, status):
    Store.objects.filter(pk=store.pk).update(status=status)

    assert knock(door, path_of(store))[0] == 200
    assert Delivery.objects.count() == 1


def test_a_stale_connection_is_opened_anew(door, store):
    knock(door, path_of(store))
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    _cut(pid)

    assert knock(door, path_of(store), b'{"id":9}')[0] == 200


def _cut(pid):
    def kill():
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
        connections.close_all()

    thread = threading.Thread(target=kill)
    thread.start()
    thread.join()


def test_without_a_database_it_is_503_with_a_time_to_come_back(door, store, monkeypatch):
    knock(door, path_of(store))
    connection.close()
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")

    known = knock(door, path_of(store), b'{"id":9}')
    unknown = knock(door, "/webhooks/woocommerce/nobody")
    monkeypatch.undo()
    connection.close()

    assert known[0] == unknown[0] == 503
    assert int(known[1]["Retry-After"]) > 0
    assert Delivery.objects.count() == 1


def test_a_removed_store_is_unknown_even_while_its_keys_are_remembered(door, store):
    knock(door, path_of(store))
    store.delete()

    assert knock(door, path_of(store), b'{"id":9}')[0] == 404


def test_the_store_learns_that_its_shop_lives(door, store):
    knock(door, path_of(store))
    door.notebook.flush()
    store.refresh_from_db()
    seen = store.last_delivery_at

    knock(door, path_of(store), b'{"id":9}')
    door.notebook.flush()
    store.refresh_from_db()

    assert store.shop_version == "11.0.1"
    assert store.companion_seen_at is None
    assert store.last_delivery_at == seen, "at most once a minute"


def test_after_version_two_the_companions_first_version_is_refused(door, store):
    old = {k: v for k, v in signed(topic="order.updated").items() if "Signature-Version" not in k}
    old["X-WC-Webhook-Topic"] = "cart.updated"
    assert knock(door, path_of(store), headers=old)[0] == 200

    other = b'{"events":[]}'
    assert knock(door, path_of(store), other, signed(other, topic="cart.updated"))[0] == 200
    assert knock(door, path_of(store), headers={**old, "X-WC-Webhook-ID": "77"})[0] == 401

    door.notebook.flush()
    store.refresh_from_db()
    assert store.signature_version == 2
    assert store.companion_seen_at is not None


def test_counts_that_could_not_be_written_are_kept(door, store, monkeypatch):
    knock(door, path_of(store), headers={})
    monkeypatch.setitem(connection.settings_dict, "PORT", "1")
    connection.close()
    door.notebook.flush()
    monkeypatch.undo()
    connection.close()

    knock(door, path_of(store), headers={})

    assert refused(door, store) == {"signature": 2}


class Unreadable:
    """A stream nobody may read, or that breaks."""

    def __init__(self, error=None) -> None:
        self.error = error or AssertionError("the body was read")

    def read(self, size=-1):
        raise self.error


class Endless:
    """A stream without an end."""

    given = 0

    def read(self, size):
        self.given += size
        return b"x" * size
