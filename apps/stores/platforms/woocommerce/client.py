"""One WooCommerce shop, asked over its REST API.

The PyPI client makes the addresses and shows the keys; what it lacks stands here: our guarded way out, time-outs,
a connection kept alive, patience, answers that are checked, hosts that strip a header, and plain permalinks.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec
import requests
from requests.auth import HTTPBasicAuth
from woocommerce import API

from apps.stores import network
from apps.stores.errors import AccessRefused, AnswerUnreadable, ShopClosed, ShopTrouble, ShopUnreachable
from apps.stores.network import Answer
from apps.stores.platforms.calling import Access
from apps.stores.platforms.woocommerce.signing import Signed
from apps.stores.troubles import Trouble

LABEL: Final = "WooCommerce"
AT_ONCE: Final = 2
"""Questions to one shop at a time (woocommerce.md 2.1)."""
LONGEST_TURN: Final = 30.0
SHOWINGS: Final = ("header", "query", "signature")
"""How the keys are shown over https. The first, unless the shop's host takes the Authorization header away (then in the
query), or does not tell PHP that it was asked over https (then a signature, as over http)."""
_READ_BACK: Final = ("GET", "HEAD")
_CODE: Final = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_MOST_SHOPS: Final = 10_000


class Refused(AnswerUnreadable):
    """The shop's own no: `{"code", "message", "data"}`. Only the code is kept; a message may quote anything."""

    def __init__(self, code: str, status: int, host: str) -> None:
        super().__init__(Trouble.UNEXPECTED_ANSWER, host=host, detail=f"{status} {code}".strip())
        self.code, self.status = code, status


@dataclass(slots=True)
class Manner:
    """How this shop wants to be asked, as found out: remembered as long as the process lives."""

    plain: bool = False
    """Without pretty permalinks: `/?rest_route=/wc/v3/…`."""
    showing: str = "header"
    """One of SHOWINGS."""


_manners: Final[dict[tuple[int, str], Manner]] = {}
_turns: Final[dict[str, threading.BoundedSemaphore]] = {}
_guard: Final = threading.Lock()
_sessions: Final = threading.local()


class Shop(API):  # type: ignore[misc]  # the library brings no types
    """The library's client on our own way out. Raises ShopTrouble and nothing else; never shows a key."""

    def __init__(self, access: Access, *, caller: requests.Session | None = None, seconds: float = 30.0) -> None:
        key, secret = (access.credentials.get(f"consumer_{name}", "").strip() for name in ("key", "secret"))
        if not key or not secret:
            raise AccessRefused(Trouble.NO_KEYS)
        network.permitted(access.url, loopback=access.loopback)
        super().__init__(access.url.rstrip("/"), key, secret, version="wc/v3", timeout=seconds)
        self.host = urlsplit(access.url).hostname or ""
        self.loopback = access.loopback
        self.manner = _manner(access)
        self.showing = self.manner.showing if self.is_ssl else "signature"
        self._caller = caller or _session(loopback=access.loopback)

    def __repr__(self) -> str:
        return f"<{LABEL} at {self.host}>"

    def speaking(self, namespace: str) -> Shop:
        """The same shop under another namespace, `rcv/v1` for one."""
        other = Shop.__new__(Shop)
        other.__dict__.update(self.__dict__, version=namespace)
        return other

    # --- what others ask ---

    def read(self, endpoint: str, *, impatient: Collection[Trouble] = (), **params: Any) -> Answer:
        """One GET, tried again while the shop is busy; `impatient` names troubles that patience does not mend."""
        return self._patiently("GET", endpoint, None, params, impatient)

    def find(self, endpoint: str, **params: Any) -> Answer | None:
        """One thing, or None where the shop says that there is none of this id."""
        try:
            return self.read(endpoint, **params)
        except Refused as refused:
            if refused.status in (404, 410):
                return None
            raise

    def write(self, method: str, endpoint: str, data: Any = None, **params: Any) -> Answer:
        """One change. A POST whose answer was lost is not sent twice: it may have been done."""

        lost = [one for one in Trouble if one is not Trouble.TOO_MANY_REQUESTS] if method == "POST" else ()
        return self._patiently(method, endpoint, data, params, lost)

    def _patiently(
        self, method: str, endpoint: str, data: Any, params: Mapping[str, Any], impatient: Collection[Trouble]
    ) -> Answer:
        def attempt() -> Answer | ShopTrouble:
            try:
                return self._understood(method, endpoint, data, params)
            except ShopTrouble as trouble:
                if trouble.trouble in impatient:
                    return trouble
                raise

        outcome = network.patiently(attempt)
        if isinstance(outcome, ShopTrouble):
            raise outcome
        return outcome

    def index(self) -> Answer:
        """WordPress about itself, asked without keys: name, time zone, namespaces."""
        fields = {"_fields": "name,home,url,gmt_offset,timezone_string,namespaces"}

        def attempt() -> Answer:
            answer = self._sent("GET", f"{self.url}/{'?rest_route=/' if self.manner.plain else 'wp-json/'}", fields)
            if not self.manner.plain and answer.status == 404 and self._is_plain():
                self.manner.plain = True
                return attempt()
            return self._checked(answer, "GET")

        return network.patiently(attempt)

    # --- how ---

    def _understood(self, method: str, endpoint: str, data: Any, params: Mapping[str, Any]) -> Answer:
        answer = self._asked(method, endpoint, data, params)
        if answer.status == 401 and self._saw_nobody(answer):
            answer = self._shown_otherwise(method, endpoint, data, params) or answer
        if answer.status == 404 and not self.manner.plain and problem(answer) is None and self._is_plain():
            self.manner.plain = True
            answer = self._asked(method, endpoint, data, params)
        return self._checked(answer, method)

    def _saw_nobody(self, answer: Answer) -> bool:
        """Nobody at all, rather than somebody with a wrong secret: then the keys may not have arrived."""
        code = problem(answer)
        return bool(self.is_ssl and code and code != "woocommerce_rest_authentication_error")

    def _shown_otherwise(self, method: str, endpoint: str, data: Any, params: Mapping[str, Any]) -> Answer | None:
        before = self.showing
        for self.showing in (one for one in SHOWINGS if one != before):
            answer = self._asked(method, endpoint, data, params)
            if answer.status not in (401, 403):
                self.manner.showing = self.showing
                return answer
        self.showing = before
        return None

    def _is_plain(self) -> bool:
        """Whether the API is there all the same, under the address that needs no permalinks."""
        answer = self._sent("GET", f"{self.url}/?rest_route=/", {"_fields": "namespaces"})
        try:
            body = answer.json()
        except AnswerUnreadable:
            return False
        return isinstance(body, dict) and "namespaces" in body

    def _asked(self, method: str, endpoint: str, data: Any, params: Mapping[str, Any]) -> Answer:
        ask = {"GET": self.get, "DELETE": self.delete}.get(method)
        if ask is not None:
            answer: Answer = ask(endpoint, params=dict(params))
        else:
            answer = {"POST": self.post, "PUT": self.put}[method](endpoint, data, params=dict(params))
        return answer

    def _API__request(  # noqa: N802  the library's own name for it: this is what it calls
        self, method: str, endpoint: str, data: Any, params: dict[str, Any] | None = None, **_: Any
    ) -> Answer:
        query, auth, address = dict(params or {}), None, self._address(endpoint)
        if self.showing == "signature":
            # Signed with all it holds, and sent once: the library sends the parameters a second time.
            more = f"{'&' if '?' in address else '?'}{urlencode(query)}" if query else ""
            address, query = self._API__get_oauth_url(f"{address}{more}", method), {}
        elif self.showing == "query":
            query |= {"consumer_key": self.consumer_key, "consumer_secret": self.consumer_secret}
        else:
            auth = HTTPBasicAuth(self.consumer_key, self.consumer_secret)
        return self._sent(method, address, query, data=data, auth=auth)

    def _API__get_oauth_url(self, url: str, method: str) -> str:  # noqa: N802
        # A shop that checks signatures believes that it is asked over http, whatever the line is.
        scheme, _, rest = url.partition("://")
        signed = Signed(
            url=f"http://{rest}", consumer_key=self.consumer_key, consumer_secret=self.consumer_secret, method=method
        )
        return f"{scheme}://{signed.get_oauth_url().partition('://')[2]}"

    def _address(self, endpoint: str) -> str:
        if not self.manner.plain:
            return str(self._API__get_url(endpoint))
        return f"{self.url}/?rest_route=/{self.version}/{endpoint}&_mandje=wp-json/wc/"

    def _sent(
        self, method: str, address: str, query: Mapping[str, Any], *, data: Any = None, auth: Any = None
    ) -> Answer:
        body = None if data is None else msgspec.json.encode(data)
        headers = {"Accept": "application/json"} | ({"Content-Type": "application/json"} if body is not None else {})
        with _turn(self.host):
            answer = network.ask(
                self._caller, method, address, loopback=self.loopback, seconds=self.timeout, params=query, data=body,
                auth=auth, headers=headers,
            )  # fmt: skip
        # It repeats every parameter of the question, keys and signatures among them.
        return replace(answer, headers={name: value for name, value in answer.headers.items() if name != "link"})

    # --- what came back ---

    def _checked(self, answer: Answer, method: str) -> Answer:
        network.raise_for_status(answer)
        code, status = problem(answer) if answer.status >= 400 or answer.body[:7] == b'{"code"' else "", answer.status
        if status < 300 and not code:
            return answer
        if code and self.consumer_key in code:
            code = "?"
        if status in (401, 403):
            raise self._keys_refused(answer, method, code)
        if status == 402:
            raise ShopClosed(Trouble.SHOP_CLOSED, platform=LABEL)
        if status == 404 and code in (None, "", "rest_no_route"):
            raise AnswerUnreadable(Trouble.NO_API_HERE, host=self.host, platform=LABEL)
        raise Refused(code or "", status, self.host)

    def _keys_refused(self, answer: Answer, method: str, code: str | None) -> ShopTrouble:
        if code is None:
            # A firewall or a password in front of the shop; WooCommerce would have said so in JSON.
            return AnswerUnreadable(Trouble.NOT_JSON, host=self.host, status=str(answer.status))
        if method not in _READ_BACK and self._may_read():
            return AccessRefused(Trouble.KEYS_READ_ONLY)
        return AccessRefused(Trouble.PLAIN_PERMALINKS if self.manner.plain else Trouble.KEYS_REFUSED)

    def _may_read(self) -> bool:
        """What the shop says of a write it refused is in its own language: whether reading works tells."""
        return self._asked("GET", "orders", None, {"per_page": 1, "_fields": "id"}).status == 200


def problem(answer: Answer) -> str | None:
    """The code of an error object, '' for JSON that is none, None for what is no JSON at all."""
    try:
        body = answer.json()
    except AnswerUnreadable:
        return None
    if not isinstance(body, dict) or not isinstance(body.get("code"), str) or "message" not in body:
        return ""
    return body["code"] if _CODE.fullmatch(body["code"]) else "?"


def _manner(access: Access) -> Manner:
    with _guard:
        if len(_manners) > _MOST_SHOPS:
            _manners.clear()
        return _manners.setdefault((access.store_id, access.url), Manner())


def _session(*, loopback: bool) -> requests.Session:
    """One kept-alive session per thread: requests' own are not to be shared."""
    kept: dict[bool, requests.Session] = _sessions.__dict__.setdefault("kept", {})
    if loopback not in kept:
        kept[loopback] = network.session(loopback=loopback)
    return kept[loopback]


@contextmanager
def _turn(host: str) -> Iterator[None]:
    with _guard:
        if len(_turns) > _MOST_SHOPS:
            _turns.clear()
        turn = _turns.setdefault(host, threading.BoundedSemaphore(AT_ONCE))
    if not turn.acquire(timeout=network.left(LONGEST_TURN, host)):
        raise ShopUnreachable(
            Trouble.TIMED_OUT, host=host, seconds=f"{LONGEST_TURN:g}", retry_after=timedelta(minutes=1)
        )
    try:
        yield
    finally:
        turn.release()
