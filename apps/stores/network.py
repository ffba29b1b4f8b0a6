"""Calling shops: the one way out to addresses that owners and strangers type.

Only public addresses, resolved once and pinned for the connection; https only; no redirect is followed, no proxy
taken from the environment, no answer larger than asked for, none that trickles for ever. Loopback and plain http
exist for development and tests alone, where the caller says so.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests
import tenacity
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress

from apps.stores.errors import AddressForbidden, AnswerUnreadable, ShopTrouble, ShopUnreachable
from apps.stores.troubles import Trouble

T = TypeVar("T")

CONNECT_SECONDS: Final = 5.0
READ_SECONDS: Final = 30.0
MEGABYTE: Final = 1024 * 1024
LARGEST_ANSWER: Final = 32 * MEGABYTE
AGENT: Final = "Mandje/1.0 (+webshop mail engine)"
_CHUNK: Final = 64 * 1024
_REDIRECTS: Final = range(300, 400)
_BUSY: Final = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: header names in lower case, the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    host: str

    def json(self) -> Any:
        """The body as JSON, also behind a byte-order mark or the notices PHP prints first. Raises AnswerUnreadable."""
        try:
            return msgspec.json.decode(_without_noise(self.body))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise AnswerUnreadable(self._why_not_json(), host=self.host, status=str(self.status)) from None

    def _why_not_json(self) -> Trouble:
        start = self.body.lstrip()[:1]
        return Trouble.CUT_OFF if start in (b"{", b"[") else Trouble.NOT_JSON

    @property
    def told_at(self) -> datetime | None:
        """The shop's own clock (RFC 9110 Date)."""
        try:
            moment = parsedate_to_datetime(self.headers.get("date", ""))
        except (TypeError, ValueError):
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _without_noise(body: bytes) -> bytes:
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    if text[:1] in (b"{", b"["):
        return text
    # "Notice: Undefined index … on line 12" stands before the JSON on shops that show PHP's warnings (woocommerce.md 2.1).
    starts = [place for mark in (b"\n{", b"\n[", b">{", b">[") if (place := text.find(mark)) >= 0]
    return text[min(starts) + 1 :] if starts else text


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
    made.trust_env = False
    made.headers["User-Agent"] = AGENT
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
    with _opened(caller, method, url, host=host, seconds=seconds, **more) as response:
        body = b"".join(_pieces(response, host, limit, seconds))
        return Answer(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=body,
            host=host,
        )


def stream_lines(
    caller: requests.Session, url: str, *, loopback: bool, skip: int = 0, limit: int = 1024 * MEGABYTE
) -> Iterator[bytes]:
    """The lines of a large file, never held whole; `skip` leaves out the first ones."""
    host = urlsplit(permitted(url, loopback=loopback)).hostname or ""
    with _opened(caller, "GET", url, host=host, seconds=READ_SECONDS) as response:
        if response.status_code != 200:
            raise ShopUnreachable(Trouble.SHOP_ERROR, host=host, status=str(response.status_code))
        rest, number = b"", 0
        for piece in _pieces(response, host, limit, None):
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                number += 1
                if number > skip and line.strip():
                    yield line
        if rest.strip() and number >= skip:
            yield rest


def _opened(
    caller: requests.Session, method: str, url: str, *, host: str, seconds: float, **more: Any
) -> requests.Response:
    try:
        response = caller.request(
            method, url, stream=True, allow_redirects=False, timeout=(CONNECT_SECONDS, seconds), **more
        )
    except InvalidIPAddress:
        raise AddressForbidden(Trouble.ADDRESS_FORBIDDEN, host=host) from None
    except requests.Timeout:
        raise ShopUnreachable(Trouble.TIMED_OUT, host=host, seconds=f"{seconds:g}", retry_after=_SOON) from None
    except requests.RequestException:
        # The library's own text would hold the whole address, keys in its query included.
        raise ShopUnreachable(Trouble.UNREACHABLE, host=host, retry_after=_SOON) from None
    if response.status_code in _REDIRECTS and response.status_code != 304:
        to = urlsplit(response.headers.get("Location", ""))
        response.close()
        raise AnswerUnreadable(Trouble.REDIRECTED, host=host, to=f"{to.hostname or host}{to.path}"[:120])
    return response


_SOON: Final = timedelta(minutes=1)


def _pieces(response: requests.Response, host: str, limit: int, seconds: float | None) -> Iterator[bytes]:
    begun, size = time.monotonic(), 0
    try:
        for piece in response.iter_content(_CHUNK):
            size += len(piece)
            if size > limit:
                raise AnswerUnreadable(Trouble.TOO_LARGE, host=host, limit=str(limit // MEGABYTE))
            if seconds is not None and time.monotonic() - begun > 2 * seconds:
                raise ShopUnreachable(Trouble.TIMED_OUT, host=host, seconds=f"{2 * seconds:g}", retry_after=_SOON)
            yield piece
    except requests.Timeout:
        raise ShopUnreachable(Trouble.TIMED_OUT, host=host, seconds=f"{seconds or 0:g}", retry_after=_SOON) from None
    except requests.ConnectionError as broken:
        # A read time-out in the middle of an answer comes as a connection error.
        late = "timed out" in str(broken).lower()
        raise ShopUnreachable(
            Trouble.TIMED_OUT if late else Trouble.CUT_OFF, host=host, seconds=f"{seconds or 0:g}", retry_after=_SOON
        ) from None
    except requests.RequestException:
        raise ShopUnreachable(Trouble.CUT_OFF, host=host, retry_after=_SOON) from None


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
        return error.trouble is not Trouble.TOO_MANY_REQUESTS or error.retry_after.total_seconds() <= longest

    def pause(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, ShopTrouble) and error.trouble is Trouble.TOO_MANY_REQUESTS and error.retry_after:
            return error.retry_after.total_seconds()
        return min(0.25 * 2.0**state.attempt_number, longest)

    retrying = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(tries),
        wait=pause,
        retry=tenacity.retry_if_exception(worth_it),
        reraise=True,
    )
    return retrying(attempt)
