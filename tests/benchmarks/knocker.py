"""A crowd of shops: kept connections that post the next delivery as soon as the last one is answered.

`python -m tests.benchmarks.knocker PORT PATH CONNECTIONS DELIVERIES SEED`; says "ready", waits for a word, posts, and
says how many were answered 200, in how many seconds, and the 99th percentile. It speaks just enough HTTP to be
cheap: client and server share the machine.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import os
import sys
import time
from collections.abc import Iterator

BODY_BYTES = 6000


def requests(path: str, count: int, seed: str) -> list[bytes]:
    """Signed deliveries of about 6 KB, each a different one."""
    secret = os.environ["BENCH_SECRET"].encode()
    found = []
    for number in range(count):
        filler = f"{seed}-{number}-" * (BODY_BYTES // (len(seed) + 8))
        body = json.dumps(
            {"id": number, "date_modified_gmt": "2026-11-22T04:05:21", "note": filler[:BODY_BYTES]}
        ).encode()
        signature = base64.b64encode(hmac.digest(secret, body, "sha256")).decode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            "User-Agent: WooCommerce/11.0.1 Hookshot (WordPress/7.0.4)\r\nAccept: */*\r\n"
            "X-WC-Webhook-Source: https://shop.example/\r\nX-WC-Webhook-Topic: order.updated\r\n"
            f"X-WC-Webhook-Signature: {signature}\r\nX-WC-Webhook-ID: 2\r\n"
            f"X-WC-Webhook-Delivery-ID: {number}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        found.append(head.encode() + body)
    return found


class Shop(asyncio.Protocol):
    """One kept connection."""

    def __init__(self, waiting: Iterator[bytes], done: asyncio.Future[None], times: list[float]) -> None:
        self.waiting, self.done, self.times = waiting, done, times
        self.good, self.heard, self.sent_at = 0, b"", 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self.transport = transport
        self._next()

    def _next(self) -> None:
        message = next(self.waiting, None)
        if message is None:
            self.transport.close()
            return
        self.sent_at = time.perf_counter()
        self.transport.write(message)

    def data_received(self, data: bytes) -> None:
        self.heard += data
        head, end, rest = self.heard.partition(b"\r\n\r\n")
        if not end or len(rest) < _length(head):
            return
        self.times.append(time.perf_counter() - self.sent_at)
        self.good += head.startswith(b"HTTP/1.1 200")
        self.heard = b""
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


async def knock(port: int, connections: int, messages: list[bytes]) -> dict[str, float]:
    loop, waiting, times = asyncio.get_running_loop(), iter(messages), list[float]()
    ends = [loop.create_future() for _ in range(connections)]
    began = time.perf_counter()
    made = [
        await loop.create_connection(lambda end=end: Shop(waiting, end, times), "127.0.0.1", port)  # type: ignore[misc]
        for end in ends
    ]
    await asyncio.gather(*ends)
    wall = time.perf_counter() - began
    times.sort()
    return {
        "good": sum(shop.good for _, shop in made),
        "wall": wall,
        "p99": times[int(len(times) * 0.99)] if times else 0.0,
    }


def main() -> None:
    port, path, connections, count, seed = sys.argv[1:]
    messages = requests(path, int(count), seed)
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(asyncio.run(knock(int(port), int(connections), messages))), flush=True)


if __name__ == "__main__":
    main()
