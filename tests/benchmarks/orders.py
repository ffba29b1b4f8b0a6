"""Orders as WooCommerce sends them: about 6 KB, four lines, an address, attribution and taxes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from tests.benchmarks.stage import ROOT

RECORDED = ROOT / "fixtures/woocommerce/order.created.block-guest.http.json"
LINES = 4
REPEATED = 5
"""Every fifth delivery is about an order that was told before."""


@cache
def _recorded() -> str:
    found: str = json.loads(RECORDED.read_text())["body"]
    return found


def order(number: int, at: datetime, *, email: str = "", cart: str = "") -> bytes:
    """One paid order of four lines; `cart` names the companion's basket it came from."""
    body: dict[str, Any] = json.loads(_recorded())
    lantern, blanket = body["line_items"]
    moment = at.strftime("%Y-%m-%dT%H:%M:%S")
    lines = [lantern, blanket, lantern | {"product_id": 21, "sku": "LANT-02"}, blanket | {"variation_id": 17}]
    body |= {
        "id": number, "number": str(number), "status": "processing", "customer_id": number % 1000 + 1,
        "date_created_gmt": moment, "date_modified_gmt": moment, "date_paid_gmt": moment,
        "billing": body["billing"] | {"email": email or f"buyer{number}@shopper.test", "first_name": f"Ada{number}"},
        "line_items": [line | {"id": number * 10 + place} for place, line in enumerate(lines[:LINES])],
        "meta_data": [{"id": 1, "key": "_rcv_cart", "value": cart}] if cart else body["meta_data"][:8],
    }  # fmt: skip
    if not cart and number % 2:
        body["customer_id"] = 0
    return json.dumps(body).encode()


def stream(count: int, at: datetime, *, first: int = 1) -> Iterator[bytes]:
    """`count` deliveries; every fifth tells the order before it once more, a minute later."""
    number = first
    for place in range(count):
        if place % REPEATED == REPEATED - 1:
            yield order(number - 1, at + timedelta(minutes=1))
        else:
            yield order(number, at)
            number += 1
