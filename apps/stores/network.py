"""Calling shops: the one way out to addresses that owners and strangers type.

Only public addresses, resolved once and pinned for the connection; https only; no redirect is followed, no proxy
taken from the environment, no answer larger than asked for, none that trickles for ever. Loopback and plain http
exist for development and tests alone, where the caller says so.
"""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Final, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
import tenacity
import urllib3.exceptions
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress

from apps.stores.answers import Answer
from apps.stores.errors import AddressForbidden, AnswerUnreadable, ShopTrouble, ShopUnreachable
from apps.stores.patience import BoundedAdapter
from apps.stores.troubles import Trouble

# At DEBUG urllib3 writes each address it asks, and with it the keys that stand in some queries.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

__all__ = [
    "Answer", "ask", "beginning", "left", "patiently", "permitted", "raise_for_status", "retry_after", "session",
    "stream_lines", "within",
]  # fmt: skip

T = TypeVar("T")

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 30.0
MEGABYTE: Final = 1024 * 1024
LARGEST_ANSWER: Final = 32 * MEGABYTE
AGENT: Final = "Mandje/1.0 (+webshop mail engine)"
_CHUNK: Final = 64 * 1024
_REDIRECTS: Final = range(300, 400)
_BUSY: Final = 429


_stop_at: ContextVar[float | None] = ContextVar("stop_asking_at", default=None)


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """All questions inside have this long altogether; one that would begin later raises ShopUnreachable (TIMED_OUT)."""
    until, outer = time.monotonic() + seconds, _stop_at.get()
    token = _stop_at.set(until if outer is None else min(until, outer))
    try:
        yield
    finally:
        _stop_at.reset(token)


def left(seconds: float, host: str) -> float:
    """How long one question may take, of what is left for all."""
    until = _stop_at.get()
    if until is None:
        return seconds
    left = until - time.monotonic()
    if left <= 0.05:
        raise _late(host, seconds)
    return min(seconds, left)


def session(*, loopback: bool) -> HTTPSession:
    """A kept-alive connection to shops. One per thread: requests' sessions are not shared."""
    made = HTTPSession(
        Config(
            ip_filter_enable=True,
            ip_filter_allow_loopback_ips=loopback,
            never_redirect=True,
            default_timeout=(CONNECT_SECONDS, READ_SECONDS),
        )
    )
    for scheme in ("http", "https"):
        made.mount(f"{scheme}://", BoundedAdapter(is_https_proto=scheme == "https", allow_loopback=loopback))
    made.trust_env = False
    made.headers["User-Agent"] = AGENT
    # A shop's session cookie would make one visitor of all our questions.
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return made


def permitted(url: str, *, loopback: bool) -> str:
    """The address if we may call it. Raises AddressForbidden with what the owner should type instead.

    Where a name leads is checked again, and pinned, when the connection is made.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise AddressForbidden(Trouble.ADDRESS_FORBIDDEN, host=url[:60]) from None
    local = _is_local(host)
    if not host or parts.username is not None or (local and not loopback) or port == 0:
        raise AddressForbidden(Trouble.ADDRESS_FORBIDDEN, host=host or url[:60])
    if parts.scheme != "https" and not (loopback and local and parts.scheme == "http"):
        raise AddressForbidden(Trouble.NOT_HTTPS, host=host)
    if not local and _is_private_number(host):
        raise AddressForbidden(Trouble.ADDRESS_FORBIDDEN, host=host)
    return url


def _is_local(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_private_number(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False


def ask(
    caller: requests.Session,
    method: str,
    url: str,
    *,
    loopback: bool,
    seconds: float = READ_SECONDS,
    limit: int = LARGEST_ANSWER,
    **more: Any,
) -> Answer:
    """One question, one answer of any status but a redirect. Raises ShopTrouble.

    `seconds` bounds the silence between two bytes; the whole answer may take twice that.
    """
    host = urlsplit(permitted(url, loopback=loopback)).hostname or ""
    seconds = left(seconds, host)
    with _opened(caller, method, url, host=host, seconds=seconds, **more) as response:
        body = b"".join(_pieces(response, host, limit, seconds))
        return Answer(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=body,
            host=host,
        )


def beginning(caller: requests.Session, url: str, *, loopback: bool, seconds: float, size: int) -> Answer:
    """The first `size` bytes of an answer, or a little more; the rest is not taken. Raises ShopTrouble."""
    host = urlsplit(permitted(url, loopback=loopback)).hostname or ""
    with _opened(caller, "GET", url, host=host, seconds=seconds) as response:
        body = bytearray()
        for piece in _pieces(response, host, size + 2 * _CHUNK, seconds):
            body += piece
            if len(body) >= size:
                break
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(status=response.status_code, headers=headers, body=bytes(body), host=host)


def stream_lines(
    caller: requests.Session, url: str, *, loopback: bool, start: int = 0, limit: int = 1024 * MEGABYTE
) -> Iterator[tuple[bytes, int]]:
    """The lines of a large file from this byte on, each with the byte after it; the file is never held whole.

    Who stopped half way asks for the rest alone (RFC 9110 Range); a server that sends it all is read past.
    """
    host = urlsplit(permitted(url, loopback=loopback)).hostname or ""
    # Bytes are counted as they lie there: packed ones would count otherwise.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
    with _opened(caller, "GET", url, host=host, seconds=READ_SECONDS, headers=headers) as response:
        if start and response.status_code == 416:
            return
        if response.status_code not in (200, 206):
            raise ShopUnreachable(Trouble.SHOP_ERROR, host=host, status=str(response.status_code))
        place = start if response.status_code == 206 else 0
        rest = b""
        for piece in _pieces(response, host, limit, None):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                place += len(line) + 1
                if place > start and line.strip():
                    yield line, place
        if rest.strip() and place >= start:
            yield rest, place + len(rest)


def _opened(
    caller: requests.Session, method: str, url: str, *, host: str, seconds: float, **more: Any
) -> requests.Response:
    try:
        response = caller.request(
            method, url, stream=True, allow_redirects=False, timeout=(min(CONNECT_SECONDS, seconds), seconds), **more
        )
    except InvalidIPAddress:
        raise AddressForbidden(Trouble.ADDRESS_FORBIDDEN, host=host) from None
    except requests.Timeout:
        raise ShopUnreachable(Trouble.TIMED_OUT, host=host, seconds=f"{seconds:g}", retry_after=_SOON) from None
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError):
        # The library's own text would hold the whole address, keys in its query included.
        raise ShopUnreachable(Trouble.UNREACHABLE, host=host, retry_after=_SOON) from None
    if response.status_code in _REDIRECTS and response.status_code != 304:
        response.close()
        raise _moved(url, response.headers.get("Location", ""), host)
    return response


def _moved(url: str, location: str, host: str) -> AnswerUnreadable:
    try:
        whole = urljoin(url, location)
        to = urlsplit(whole)
        place = f"{to.hostname or host}{to.path}"[:120]
    except ValueError:
        # "http://[": an address that is none.
        whole, place = "", host
    moved = AnswerUnreadable(Trouble.REDIRECTED, host=host, to=place)
    moved.location = whole
    return moved


_SOON: Final = timedelta(minutes=1)


def _pieces(response: requests.Response, host: str, limit: int, seconds: float | None) -> Iterator[bytes]:
    begun, size = time.monotonic(), 0
    try:
        # One read of the socket at a time: a whole chunk may take for ever when it drips.
        while piece := response.raw.read1(_CHUNK, decode_content=True):
            size += len(piece)
            if size > limit:
                raise AnswerUnreadable(Trouble.TOO_LARGE, host=host, limit=str(limit // MEGABYTE))
            if seconds is not None and time.monotonic() - begun > 2 * seconds:
                raise _late(host, 2 * seconds)
            yield piece
    except (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError):
        raise _late(host, seconds or READ_SECONDS) from None
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError):
        raise ShopUnreachable(Trouble.CUT_OFF, host=host, retry_after=_SOON) from None


def _late(host: str, seconds: float) -> ShopUnreachable:
    return ShopUnreachable(Trouble.TIMED_OUT, host=host, seconds=f"{seconds:g}", retry_after=_SOON)


def raise_for_status(answer: Answer) -> None:
    """The troubles every shop can have by its status alone. Raises ShopTrouble; 4xx of the caller's own are left."""
    if answer.status in (_BUSY, 503):
        wait = retry_after(answer.headers)
        trouble = Trouble.TOO_MANY_REQUESTS if answer.status == _BUSY else Trouble.SHOP_ERROR
        raise ShopUnreachable(trouble, host=answer.host, status=str(answer.status), retry_after=wait)
    if answer.status >= 500:
        raise ShopUnreachable(Trouble.SHOP_ERROR, host=answer.host, status=str(answer.status), retry_after=_SOON)


def retry_after(headers: Mapping[str, str], default: timedelta = _SOON) -> timedelta:
    """RFC 9110 Retry-After in seconds (Shopify: with a fraction); never more than an hour."""
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return default
    return timedelta(seconds=min(max(seconds, 0.0), 3600.0)) if seconds == seconds else default  # noqa: PLR0124  NaN


def patiently(attempt: Callable[[], T], *, tries: int = 3, longest: float = 10.0) -> T:
    """Try again what the shop could not answer just now, with growing pauses or for as long as it says.

    A wait beyond `longest` seconds is not ours to sleep through: the trouble goes up, with its `retry_after`.
    """

    def worth_it(error: BaseException) -> bool:
        if not isinstance(error, ShopTrouble) or error.retry_after is None:
            return False
        until = _stop_at.get()
        if until is not None and time.monotonic() + min(error.retry_after.total_seconds(), 0.5) >= until:
            return False
        return error.trouble is not Trouble.TOO_MANY_REQUESTS or error.retry_after.total_seconds() <= longest

    def pause(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        wait = min(0.25 * 2.0**state.attempt_number, longest)
        if isinstance(error, ShopTrouble) and error.trouble is Trouble.TOO_MANY_REQUESTS and error.retry_after:
            wait = error.retry_after.total_seconds()
        until = _stop_at.get()
        return wait if until is None else max(0.0, min(wait, until - time.monotonic()))

    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(tries),
        wait=pause,
        retry=tenacity.retry_if_exception(worth_it),
        reraise=True,
    )
    return retrying(attempt)
