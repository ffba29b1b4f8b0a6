"""A steady stream of orders into a door: `python -m tests.benchmarks.pourer PORT KEY RATE SECONDS`.

It says "ready", then how many a second were answered 200.
"""

from __future__ import annotations

import base64
import hmac
import http.client
import os
import queue
import sys
import threading
import time
import uuid
from datetime import datetime

from tests.benchmarks import orders

LINES = 4


class Shop:
    """A shop's server with one kept line to the door."""

    def __init__(self, port: int, key: str, secret: str) -> None:
        self.line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.path, self.secret = f"/webhooks/woocommerce/{key}/", secret.encode()

    def post(self, body: bytes) -> None:
        """Signs and posts; anything but 200 is an error."""
        signature = base64.b64encode(hmac.digest(self.secret, body, "sha256")).decode()
        headers = {
            "Content-Type": "application/json", "User-Agent": "WooCommerce/11.0.1 Hookshot (WordPress/7.0.4)",
            "X-WC-Webhook-Topic": "order.updated", "X-WC-Webhook-Signature": signature,
            "X-WC-Webhook-Delivery-ID": uuid.uuid4().hex, "X-WC-Webhook-ID": "1",
        }  # fmt: skip
        self.line.request("POST", self.path, body, headers)
        answer = self.line.getresponse()
        answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"the door answered {answer.status}")


def _post_all(shop: Shop, bodies: queue.SimpleQueue[bytes | None], done: list[float]) -> None:
    while (body := bodies.get()) is not None:
        shop.post(body)
        done.append(time.monotonic())


def main() -> None:
    port, key, rate, seconds = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    made = list(orders.stream(int(rate * seconds), datetime.now().astimezone()))
    bodies: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    done: list[float] = []
    shops = [Shop(port, key, os.environ["BENCH_SECRET"]) for _ in range(LINES)]
    threads = [threading.Thread(target=_post_all, args=[shop, bodies, done]) for shop in shops]
    for thread in threads:
        thread.start()
    print("ready", flush=True)
    began = time.monotonic()
    for number, body in enumerate(made):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        bodies.put(body)
    for _ in threads:
        bodies.put(None)
    for thread in threads:
        thread.join()
    print(len(done) / (max(done) - began), flush=True)


if __name__ == "__main__":
    main()
