"""What every pretended shop has: a real HTTP server, a memory of what was asked, and ways to go wrong."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Protocol
from urllib.parse import parse_qsl, urlsplit

from apps.stores.platforms.calling import Access

FAULTS = (
    "timeout", "revoked", "busy", "broken", "half", "not_json", "login_page", "moved", "frozen", "slow", "noisy",
)  # fmt: skip
"""No answer · keys revoked · asks to slow down · 500 · half an answer · JSON that is none · a login page at 200 ·
a redirect to one · the shop is paused by its platform · late but whole · PHP notices before the JSON."""


@dataclass(frozen=True)
class Asked:
    """One request as the shop saw it."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body or b"null")


@dataclass(frozen=True)
class Reply:
    """What the shop answers."""

    status: int = 200
    json: Any = None
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def bytes(self) -> bytes:
        return self.body if self.body is not None else json.dumps(self.json, ensure_ascii=True).encode()


class ShopFake(Protocol):
    """What the contract suite and the fault suite ask of every pretended shop.

    Things are put into the shop's own shapes by the shop; ids are the shop's own, as text.
    """

    kind: str
    url: str
    now: datetime

    def access(self, store_id: int = 1) -> Access: ...
    def adds_product(self, *, title: str = "Theepot", price: str = "24.95", stock: int = 5) -> str: ...
    def adds_customer(self, *, email: str, first_name: str = "Ada") -> str: ...
    def adds_order(
        self, *, email: str, at: datetime, total: str = "24.95", basket: str = "", customer: str = "", code: str = ""
    ) -> str: ...
    def breaks(self, fault: str, *, times: int | None = None, path: str = "") -> None: ...
    def mends(self) -> None: ...


class Stage:
    """The server below a pretended shop. A subclass answers `reply`."""

    kind: ClassVar[str] = ""

    def __init__(self, *, port: int = 0) -> None:
        self.asked: list[Asked] = []
        self.ahead = timedelta()
        """How far the shop's clock runs ahead of ours."""
        self._faults: list[tuple[str, int | None, str]] = []
        self._guard = threading.RLock()
        stage = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _take(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                stage._take(self, self.rfile.read(length))

            do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = _take  # noqa: N815  the library's names

            def log_message(self, *_: Any) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    # --- what a test does ---

    @property
    def now(self) -> datetime:
        """The shop's own clock."""
        return datetime.now(UTC) + self.ahead

    def breaks(self, fault: str, *, times: int | None = None, path: str = "") -> None:
        """From now on, or so many times, whatever is asked under this path goes wrong like that."""
        assert fault in FAULTS, fault
        with self._guard:
            self._faults.append((fault, times, path))

    def mends(self) -> None:
        with self._guard:
            self._faults.clear()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    # --- what a shop answers ---

    def reply(self, asked: Asked) -> Reply:
        raise NotImplementedError

    def revoked(self) -> Reply:
        """How this platform refuses keys."""
        return Reply(401, {"code": "unauthorized"})

    def busy(self) -> Reply:
        """How this platform asks to slow down."""
        return Reply(429, {"code": "too_many"}, headers={"Retry-After": "1"})

    def frozen(self) -> Reply:
        return Reply(402, {"errors": "Unavailable Shop"})

    def _take(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        parts = urlsplit(handler.path)
        asked = Asked(
            method=handler.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in handler.headers.items()},
            body=body,
        )
        with self._guard:
            self.asked.append(asked)
            fault = self._fault(asked)
        if fault == "timeout":
            # Longer than any caller waits in a test; the connection is simply kept.
            time.sleep(20)
            handler.close_connection = True
            return
        if fault == "slow":
            time.sleep(0.3)
        with self._guard:
            reply = self._faulty(fault) or self.reply(asked)
        self._answer(handler, reply, fault)

    def _fault(self, asked: Asked) -> str:
        for place, (fault, times, path) in enumerate(self._faults):
            if path and path not in asked.path + "?" + asked.body.decode("utf-8", "replace"):
                continue
            if times is not None:
                if times <= 1:
                    del self._faults[place]
                else:
                    self._faults[place] = (fault, times - 1, path)
            return fault
        return ""

    def _faulty(self, fault: str) -> Reply | None:  # noqa: PLR0911  one fault a line
        page = b"<!DOCTYPE html><html><body><form action='/wp-login.php'>Log in</form></body></html>"
        match fault:
            case "revoked":
                return self.revoked()
            case "busy":
                return self.busy()
            case "frozen":
                return self.frozen()
            case "broken":
                return Reply(500, body=b"<html><body>There has been a critical error on this website.</body></html>")
            case "not_json":
                return Reply(200, body=b"{'this is': no JSON}")
            case "login_page":
                return Reply(200, body=page, headers={"Content-Type": "text/html"})
            case "moved":
                return Reply(302, body=b"", headers={"Location": f"{self.url}/wp-login.php?redirect_to=x"})
        return None

    def _answer(self, handler: BaseHTTPRequestHandler, reply: Reply, fault: str) -> None:
        body = reply.bytes()
        if fault == "noisy":
            body = b"<br />\n<b>Notice</b>: Undefined index: foo in <b>/x.php</b> on line <b>12</b><br />\n" + body
        handler.send_response_only(reply.status)
        handler.send_header("Date", format_datetime(self.now, usegmt=True))
        for name, value in {"Content-Type": "application/json", **reply.headers}.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        try:
            if fault == "half":
                handler.wfile.write(body[: max(1, len(body) // 2)])
                handler.close_connection = True
                handler.connection.shutdown(2)
                return
            handler.wfile.write(body)
        except OSError:
            handler.close_connection = True


def paged(things: list[Any], page: int, size: int) -> list[Any]:
    return things[(page - 1) * size : page * size]


def each_fault() -> Iterator[str]:
    yield from FAULTS
