"""The one way out: where it never goes, what it never waits for, and what it never says."""

from __future__ import annotations

import gzip
import logging
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.stores import network
from apps.stores.errors import AddressForbidden, AnswerUnreadable, ShopTrouble, ShopUnreachable
from apps.stores.network import Answer
from apps.stores.troubles import Trouble, explain
from tests.shops.base import Asked, Reply, Stage

KEY = "cs_" + "5e" * 20
JSON = b'{"a": 1}'


class Speaker:
    """A server that says these bytes, as fast as it is told, whatever it is asked."""

    def __init__(self, *pieces: bytes, pause: float = 0.0) -> None:
        self.pieces, self.pause, self.heard = pieces, pause, 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._speak, args=(line,), daemon=True).start()

    def _speak(self, line: socket.socket) -> None:
        with line:
            try:
                line.recv(65536)
                self.heard += 1
                for piece in self.pieces:
                    line.sendall(piece)
                    time.sleep(self.pause)
            except OSError:
                return

    def close(self) -> None:
        self._listening.close()


@pytest.fixture
def speaks() -> Iterator[Callable[..., Speaker]]:
    opened: list[Speaker] = []

    def speaker(*pieces: bytes, pause: float = 0.0) -> Speaker:
        opened.append(Speaker(*pieces, pause=pause))
        return opened[-1]

    yield speaker
    for one in opened:
        one.close()


def said(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def ask(url: str, *, loopback: bool = True, seconds: float = 0.4, **more: Any) -> Answer:
    return network.ask(network.session(loopback=loopback), "GET", url, loopback=loopback, seconds=seconds, **more)


# --- where it never goes ---------------------------------------------------------------------------

INSIDE = [
    "https://10.0.0.1/", "https://192.168.1.1/", "https://172.16.0.9/", "https://169.254.169.254/latest/meta-data/",
    "https://100.64.0.1/", "https://0.0.0.0/", "https://[::]/", "https://[fe80::1]/", "https://[fd00::1]/",
    "https://[::ffff:10.0.0.1]/", "https://[::ffff:169.254.169.254]/", "https://[64:ff9b::a00:1]/", "https://224.0.0.1/",
]  # fmt: skip
HERE = [
    "https://127.0.0.1/", "https://127.9.9.9/", "https://[::1]/", "https://localhost/", "https://x.localhost/",
    "https://[::ffff:127.0.0.1]/", "https://2130706433/", "https://0x7f.1/", "https://017700000001/", "https://127.1/",
]  # fmt: skip
STRANGE = [
    "https://", "https:///path", "https://user@shop.example/", "https://user:pw@shop.example/", "https://shop.example:0/",
    "https://shop.example:99999/", "https://[bad/", "https://good.example\\@127.0.0.1/", "//shop.example/", "",
]  # fmt: skip


@pytest.mark.parametrize("url", [*INSIDE, *HERE, *STRANGE])
def test_it_does_not_go_inside_nor_where_nobody_can_tell(url: str):
    with pytest.raises(AddressForbidden):
        ask(url, loopback=False)


@pytest.mark.parametrize("url", INSIDE)
def test_the_setting_for_this_machine_opens_this_machine_and_no_network(url: str):
    with pytest.raises(AddressForbidden):
        ask(url, loopback=True)


@pytest.mark.parametrize("url", ["http://shop.example/", "ftp://shop.example/", "file:///etc/passwd", "gopher://x/"])
def test_it_speaks_https_and_nothing_else(url: str):
    with pytest.raises(AddressForbidden) as refused:
        ask(url)

    assert refused.value.trouble in (Trouble.NOT_HTTPS, Trouble.ADDRESS_FORBIDDEN)
    assert all(explain(refused.value.trouble, refused.value.values))


def test_a_name_that_leads_here_is_refused_when_the_connection_is_made(speaks, monkeypatch):
    """A public name whose owner points it at us: only looking it up tells."""
    shop = speaks(said(JSON))
    port = int(shop.url.rstrip("/").rpartition(":")[2])
    looked_up = socket.getaddrinfo

    def rebound(host: Any, *how: Any, **more: Any) -> Any:
        return looked_up("127.0.0.1" if host == "rebind.example" else host, *how, **more)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    with pytest.raises(AddressForbidden) as refused:
        ask(f"https://rebind.example:{port}/", loopback=False)

    assert refused.value.trouble is Trouble.ADDRESS_FORBIDDEN
    assert shop.heard == 0


@pytest.mark.parametrize(
    "to", ["http://169.254.169.254/", "https://elsewhere.example/x?key=1", "/wp-login.php", "//[", ""]
)
@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"307 Temporary", b"308 Permanent"])
def test_it_follows_nobody(speaks, to: str, status: bytes):
    shop = speaks(said(b"", b"Location: " + to.encode(), status=status))

    with pytest.raises(ShopTrouble) as moved:
        ask(shop.url)

    assert moved.value.trouble in (Trouble.REDIRECTED, Trouble.UNREACHABLE)
    assert "key=1" not in str(moved.value)
    assert shop.heard == 1


def test_it_takes_no_proxy_no_password_and_no_cookie_from_anywhere(speaks, monkeypatch):
    shop = speaks(said(JSON, b"Connection: close", b"Set-Cookie: who=we; Path=/"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    caller = network.session(loopback=True)

    network.ask(caller, "GET", shop.url, loopback=True, seconds=1)
    network.ask(caller, "GET", shop.url, loopback=True, seconds=1)

    assert shop.heard == 2
    assert not list(caller.cookies)


# --- what it does not wait for ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "pieces",
    [
        [b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", *[b"x"] * 500],
        [b"HTTP/1.1 200 OK\r\n", *[b"X-%d: y\r\n" % number for number in range(90)], b"\r\n"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 500],
        [],
    ],
    ids=["body", "headers", "chunks", "silence"],
)
def test_an_answer_that_drips_is_left(speaks, pieces: list[bytes]):
    shop = speaks(*(pieces or [b""] * 60), pause=0.05)
    begun = time.monotonic()

    with pytest.raises(ShopUnreachable) as late:
        ask(shop.url, seconds=0.3)

    assert late.value.trouble is Trouble.TIMED_OUT
    assert late.value.retry_after is not None
    assert time.monotonic() - begun < 2


def test_all_questions_of_one_errand_end_in_its_time(speaks):
    shop = speaks(b"", pause=3)
    begun = time.monotonic()

    with network.within(0.3), pytest.raises(ShopUnreachable) as late:
        network.patiently(lambda: ask(shop.url, seconds=30))

    assert late.value.trouble is Trouble.TIMED_OUT
    assert time.monotonic() - begun < 1.5


def test_it_takes_no_more_than_it_asked_for(speaks):
    shop = speaks(said(b"x" * 3_000_000))
    with pytest.raises(AnswerUnreadable) as large:
        ask(shop.url, limit=network.MEGABYTE)
    assert large.value.trouble is Trouble.TOO_LARGE
    assert large.value.values["limit"] == "1"


def test_what_unfolds_to_more_is_too_large_as_well(speaks):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(60)) + packer.flush()
    with pytest.raises(AnswerUnreadable) as large:
        ask(speaks(said(bomb, b"Content-Encoding: gzip")).url, limit=network.MEGABYTE, seconds=5)
    assert large.value.trouble is Trouble.TOO_LARGE


@pytest.mark.parametrize(
    ("whole", "trouble"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", Trouble.CUT_OFF),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", Trouble.CUT_OFF),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}", Trouble.CUT_OFF),
        (said(b"no gzip", b"Content-Encoding: gzip"), Trouble.CUT_OFF),
        (b"\x00\xff\xfe", Trouble.UNREACHABLE),
        (b"HTTP/1.1 2OO OK\r\n\r\n", Trouble.UNREACHABLE),
        (b"", Trouble.UNREACHABLE),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"\r\n", Trouble.UNREACHABLE),
    ],
)
def test_half_an_answer_is_none(speaks, whole: bytes, trouble: Trouble):
    with pytest.raises(ShopUnreachable) as broken:
        ask(speaks(whole).url)
    assert broken.value.trouble is trouble


def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ShopUnreachable) as nobody:
        ask(f"http://127.0.0.1:{port}/")
    assert nobody.value.trouble is Trouble.UNREACHABLE


def test_a_connection_is_used_again():
    class Counting(Stage):
        def reply(self, asked: Asked) -> Reply:
            return Reply(200, {"ok": True})

    stage, lines = Counting(), set()
    take = stage._take
    stage._take = lambda handler, body: (lines.add(handler.client_address), take(handler, body))  # type: ignore[func-returns-value]
    caller = network.session(loopback=True)
    for _ in range(5):
        assert network.ask(caller, "GET", stage.url, loopback=True).json() == {"ok": True}
    stage.close()

    assert len(lines) == 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.binary(max_size=300), st.binary(max_size=200).map(lambda tail: b"HTTP/1.1 200 OK\r\n" + tail)))
def test_whatever_is_said_ends_in_an_answer_or_in_a_trouble(speaks, whole: bytes):
    shop = speaks(whole)
    try:
        answer = ask(shop.url)
        answer.json()
    except ShopTrouble as trouble:
        told = explain(trouble.trouble, trouble.values)
        assert all(told)
    finally:
        shop.close()


# --- what it reads ---------------------------------------------------------------------------------


def answered(body: bytes, **headers: str) -> Answer:
    return Answer(status=200, headers=headers, body=body, host="shop.example")


@pytest.mark.parametrize(
    "before",
    [
        b"", b"\xef\xbb\xbf", b"\r\n\n ", b"<br />\n<b>Notice</b>: Undefined index: x in <b>/x.php</b><br />\n",
        b"Warning: Array\n(\n [0] => 1\n)\n", b"<pre>{not this}</pre>",
    ],
)  # fmt: skip
def test_json_is_found_behind_what_php_says_first(before: bytes):
    assert answered(before + JSON).json() == {"a": 1}
    assert answered(before + b'[{"id": 1.50}, 2]').items() == [b'{"id": 1.50}', b"2"]


@pytest.mark.parametrize(
    ("body", "trouble"),
    [
        (b"<!DOCTYPE html><html>", Trouble.NOT_JSON), (b"", Trouble.NOT_JSON), (b'{"a": ', Trouble.CUT_OFF),
        (b"[" * 100_000, Trouble.CUT_OFF), (b"{'a': 1}", Trouble.CUT_OFF),
    ],
)  # fmt: skip
def test_what_is_no_json_says_what_it_looks_like(body: bytes, trouble: Trouble):
    for read in (answered(body).json, answered(body).items):
        with pytest.raises(AnswerUnreadable) as unreadable:
            read()
        assert unreadable.value.trouble is trouble


def test_a_list_that_is_none_is_unexpected():
    with pytest.raises(AnswerUnreadable) as other:
        answered(JSON).items()
    assert other.value.trouble is Trouble.UNEXPECTED_ANSWER


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("2", 2.0), ("0.5", 0.5), ("99999", 3600.0), ("-3", 0.0), ("nan", 60.0), ("soon", 60.0), ("", 60.0),
        ("inf", 3600.0),
    ],
)  # fmt: skip
def test_it_waits_as_long_as_it_is_told_within_reason(header: str, wait: float):
    assert network.retry_after({"retry-after": header}) == timedelta(seconds=wait)


def test_the_shops_clock_is_read_from_its_answer():
    assert answered(b"", date="Sun, 22 Nov 2026 11:04:09 GMT").told_at.isoformat() == "2026-11-22T11:04:09+00:00"  # type: ignore[union-attr]
    assert answered(b"", date="yesterday").told_at is None


def test_gzip_is_read(speaks):
    assert ask(speaks(said(gzip.compress(JSON), b"Content-Encoding: gzip")).url).json() == {"a": 1}


def test_lines_of_a_file_come_one_by_one_also_from_the_middle(speaks):
    shop = speaks(said(b"one\ntwo\n\nthree"))

    def read(start: int = 0) -> list[tuple[bytes, int]]:
        # The speaker hangs up after each answer.
        return list(network.stream_lines(network.session(loopback=True), shop.url, loopback=True, start=start))

    lines = read()
    assert [line for line, _ in lines] == [b"one", b"two", b"three"]
    for at, (_, byte) in enumerate(lines[:-1], 1):
        assert read(byte) == lines[at:]


# --- what it never says ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "whole",
    [
        said(JSON), said(b"oops", status=b"500 Error"), b"\x00",
        said(b"", b"Location: /login?to=" + KEY.encode(), status=b"302 F"),
    ],
)  # fmt: skip
def test_no_key_stands_in_a_trouble_an_answer_or_a_log(speaks, caplog, whole: bytes):
    caplog.set_level(logging.DEBUG)
    told = ""
    try:
        answer = ask(speaks(whole).url, params={"consumer_secret": KEY}, headers={"Authorization": KEY})
        told += repr(answer)
        network.raise_for_status(answer)
    except ShopTrouble as trouble:
        told += repr(trouble) + str(trouble) + repr(trouble.values) + repr(trouble.__cause__)

    assert KEY not in told
    # Not even the question: the log's own filter would be the second wall.
    assert "consumer_secret" not in caplog.text


def test_patience_has_an_end_and_counts_only_what_may_pass():
    tries: list[int] = []

    def busy() -> None:
        tries.append(1)
        raise ShopUnreachable(Trouble.TOO_MANY_REQUESTS, retry_after=timedelta(0))

    def refused() -> None:
        tries.append(1)
        raise AnswerUnreadable(Trouble.NOT_JSON)

    with pytest.raises(ShopUnreachable):
        network.patiently(busy, tries=3)
    assert len(tries) == 3
    with pytest.raises(AnswerUnreadable):
        network.patiently(refused)
    assert len(tries) == 4
