"""The door over real HTTP, behind the server that runs in production."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from django.conf import settings
from django.db import connection

from apps.ingestion.models import Delivery, DeliveryBody
from apps.stores import secrets_ring
from apps.stores.models import Store
from apps.stores.platforms.base import platforms

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.ground]

SECRET = "een-geheim-van-de-winkel"
BODY = b'{"id":23,"date_modified_gmt":"2026-11-22T04:05:21"}'
LIMIT = 8 * 1024 * 1024


@pytest.fixture(scope="module")
def server(django_db_setup, django_db_blocker, tmp_path_factory):
    """The address of a granian process on the test database."""
    with django_db_blocker.unblock():
        database = _url(connection.settings_dict)
    yield from _serve(database, tmp_path_factory.mktemp("granian"))


@pytest.fixture
def away(tmp_path):
    """A granian process whose database is not there."""
    yield from _serve("postgresql://nobody:nothing@127.0.0.1:1/none", tmp_path)


@pytest.fixture
def store():
    store = Store.objects.create(platform="woocommerce", name="M", url="https://m.example")
    secrets_ring.add_side_by_side(store, [SECRET])
    return store


def _url(at):
    user, password = quote(at["USER"]), quote(at["PASSWORD"], safe="")
    return f"postgresql://{user}:{password}@{at['HOST']}:{at['PORT']}/{at['NAME']}"


def _serve(database, folder):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port)]
    command += ["--workers", "1", "--blocking-threads", "4", "--no-ws", "config.wsgi:application"]
    environment = {**os.environ, "DATABASE_URL": database, "PORT": str(port)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, cwd=settings.BASE_DIR, stdout=log, stderr=log)
    try:
        _await(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _await(port, process):
    for _ in range(300):
        assert process.poll() is None, "the server did not start"
        try:
            if ask(port, "GET", "/webhooks/woocommerce/x")[0] == 405:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the server did not come up")


def ask(port, method, path, body=None, headers=None):
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        line.request(method, path, body=body, headers=headers or {})
        answer = line.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        line.close()


def post(port, store, body=BODY, slash="/", **headers):
    signed = platforms.get("woocommerce").sign("order.updated", body, SECRET, datetime.now(UTC), {})
    path = f"/webhooks/woocommerce/{store.key}{slash}"
    return ask(port, "POST", path, body, signed | headers)


def test_fifty_deliveries_at_once_are_one_row(server, store):
    with ThreadPoolExecutor(50) as crowd:
        answers = list(crowd.map(lambda _: post(server, store)[0], range(50)))

    assert answers == [200] * 50
    assert Delivery.objects.count() == 1
    assert bytes(DeliveryBody.objects.get().data) == BODY


def test_with_and_without_the_last_slash_and_never_a_redirect(server, store):
    answers = [post(server, store, slash=slash) for slash in ("", "/")]

    assert [status for status, _, _ in answers] == [200, 200]
    assert not any("location" in {name.lower() for name in headers} for _, headers, _ in answers)


def test_a_wrong_signature_is_401(server, store):
    status, _, answer = post(server, store, **{"X-WC-Webhook-Signature": "bm90"})

    assert (status, answer) == (401, b'{"error":"not signed by this store"}')


def test_the_largest_allowed_body_is_kept_and_one_more_byte_is_not(server, store):
    assert post(server, store, b"x" * LIMIT)[0] == 200
    assert DeliveryBody.objects.get().delivery.size == LIMIT


def test_a_large_body_is_refused_before_it_is_sent(server, store):
    head = f"POST /webhooks/woocommerce/{store.key}/ HTTP/1.1\r\nHost: x\r\nContent-Length: {LIMIT + 1}\r\n\r\n"

    assert _raw(server, head.encode()).startswith(b"HTTP/1.1 413")
    assert _counted(store, "too_large")


def test_an_endless_chunked_body_is_refused_before_its_end(server, store):
    head = f"POST /webhooks/woocommerce/{store.key}/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    piece = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"

    assert _raw(server, head.encode(), *[piece] * 9).startswith(b"HTTP/1.1 413")
    assert _counted(store, "too_large")


def test_a_chunked_body_is_kept_whole(server, store):
    answer = post_chunked(server, store)

    assert answer[0] == 200
    assert bytes(DeliveryBody.objects.get().data) == BODY


def test_a_compressed_body_is_refused_unread(server, store):
    head = (
        f"POST /webhooks/woocommerce/{store.key}/ HTTP/1.1\r\nHost: x\r\n"
        "Content-Encoding: gzip\r\nContent-Length: 1000000\r\n\r\n"
    )

    assert _raw(server, head.encode()).startswith(b"HTTP/1.1 415")
    assert _counted(store, "compressed")


def test_a_client_that_hangs_up_leaves_nothing_behind(server, store):
    head = f"POST /webhooks/woocommerce/{store.key}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", server)) as line:
        line.sendall(head.encode() + b"half")

    assert post(server, store)[0] == 200
    assert Delivery.objects.count() == 1


def test_only_post_is_answered(server, store):
    status, headers, _ = ask(server, "GET", f"/webhooks/woocommerce/{store.key}")

    assert (status, {name.lower(): value for name, value in headers.items()}["allow"]) == (405, "POST")


def test_without_a_database_the_shop_is_asked_to_come_back(away):
    status, headers, _ = ask(away, "POST", "/webhooks/woocommerce/any/", BODY)

    assert status == 503
    assert {name.lower(): value for name, value in headers.items()}["retry-after"]


def post_chunked(port, store):
    signed = platforms.get("woocommerce").sign("order.updated", BODY, SECRET, datetime.now(UTC), {})
    pieces = iter([BODY[:10], BODY[10:]])
    return ask(port, "POST", f"/webhooks/woocommerce/{store.key}", pieces, signed)


def _raw(port, *pieces):
    """The answer's first bytes, though the body was never sent to its end."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        try:
            for piece in pieces:
                line.sendall(piece)
        except OSError:
            pass  # it answered and hung up while we were still sending
        return line.recv(200)


def _counted(store, reason):
    """Whether the owner is told, within the few seconds it may take."""
    for _ in range(50):
        if store.refusals.filter(reason=reason).exists():
            return True
        time.sleep(0.1)
    return False
