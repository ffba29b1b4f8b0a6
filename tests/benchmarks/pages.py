"""A pretended WooCommerce with any number of orders: pages made of prepared pieces, so that it costs next to nothing.

`python -m tests.benchmarks.pages ORDERS`; says its port. It knows the one list that is asked for, by id from an
offset, and lets anybody in: what is measured is who asks.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.benchmarks import orders

DIGITS = 9
FIRST = 10 ** (DIGITS - 1)
"""Every id has as many digits, so one order is another with its number put in."""
BUYERS = 5_000


def main() -> None:
    count = int(sys.argv[1])
    pieces = _pieces()

    class Shop(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            body = b"[]"
            if parts.path.endswith("/orders/statuses"):
                body = json.dumps([{"slug": slug} for slug in ("processing", "completed")]).encode()
            elif parts.path.endswith("/orders"):
                start, size = int(query.get("offset", 0)), int(query.get("per_page", 100))
                body = b"[" + b",".join(_order(pieces, one) for one in range(start, min(count, start + size))) + b"]"
            self.send_response(200)
            for name, value in (
                ("Content-Type", "application/json"),
                ("Content-Length", str(len(body))),
                ("X-WP-Total", str(count)),
                ("X-WP-TotalPages", str(-(-count // 100))),
            ):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    print(server.server_address[1], flush=True)
    server.serve_forever()


def _pieces() -> list[tuple[bytes, bool]]:
    """One order, cut where its numbers stand: (what stands before, whether the buyer's number follows)."""
    number, buyer = "111111111", "222222222"
    at = datetime.now(UTC) - timedelta(days=200)
    body = orders.order(int(number), at, email=f"buyer{buyer}@shopper.test").decode()
    found: list[tuple[bytes, bool]] = []
    for part in body.split(number):
        inner = part.split(buyer)
        found += [(one.encode(), True) for one in inner[:-1]]
        found.append((inner[-1].encode(), False))
    return found


def _order(pieces: list[tuple[bytes, bool]], place: int) -> bytes:
    number, buyer = str(FIRST + place).encode(), str(FIRST + place % BUYERS).encode()
    whole = b"".join(piece + (buyer if is_buyer else number) for piece, is_buyer in pieces)
    return whole[: -len(number)]


if __name__ == "__main__":
    main()
