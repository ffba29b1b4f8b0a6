"""A thing as GraphQL tells it, read as if its webhook had come: one translation, whichever way we heard of it.

Of two states of one second the webhook's stays, in whatever order they come: folding keeps the larger stamp, and the
webhook says a little more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import msgspec

from apps.stores.errors import Ignored
from apps.stores.platforms.base import ShopFacts
from apps.stores.platforms.cleaning import amount, key
from apps.stores.platforms.decoding import read
from apps.stores.platforms.shopify import carts, catalog, orders, people, records, shapes
from apps.stores.platforms.shopify.parts import Context
from apps.stores.platforms.shopify.payloads import Checkout, Customer, Order
from apps.stores.platforms.shopify.shapes import Node
from apps.stores.snapshots import CartSeen, ProductSeen, Snapshot

T = TypeVar("T")
# Below any hash of a webhook's body; of what a file tells and what is asked now, the latter stays.
_FROM_A_FILE: Final = "!"
_ASKED_NOW: Final = "#"


def order(node: Node, shop: ShopFacts) -> list[Snapshot]:
    return orders.order(_as(shapes.order(node), Order), _context(node, shop))


def customer(node: Node, shop: ShopFacts) -> list[Snapshot]:
    return people.customer(_as(shapes.customer(node), Customer), _context(node, shop))


def product(node: Node, shop: ShopFacts) -> list[Snapshot]:
    """With the stars a review app keeps at the product (shopify.md 12)."""
    seen = catalog.product(_as(shapes.product(node), records.Product), _context(node, shop))
    rating, count = _rating(node)
    return [
        msgspec.structs.replace(one, rating=rating, rating_count=count) if isinstance(one, ProductSeen) else one
        for one in seen
    ]


def basket(node: Node, shop: ShopFacts) -> list[Snapshot]:
    """An abandoned checkout. It has no token of its own (shopify.md 6): only its link says which basket it is.

    One without a link would be a second basket beside that of its webhook, and bring a second mail.
    """
    keys = basket_keys(node)
    if not keys:
        raise Ignored("an abandoned checkout without its link")
    body = _as(shapes.basket(node) | {"token": keys[0][1]}, Checkout)
    return [
        msgspec.structs.replace(one, keys=keys) if isinstance(one, CartSeen) else one
        for one in carts.checkout(body, _context(node, shop))
    ]


def basket_keys(node: Node) -> tuple[tuple[str, str], ...]:
    """`…/61234567890/checkouts/ac/{cart token}/recover?…`, of old `…/checkouts/{token}/recover?…`."""
    steps = urlsplit(node.get("abandonedCheckoutUrl") or "").path.split("/")
    after = steps[steps.index("checkouts") + 1 :] if "checkouts" in steps else []
    kind, value = ("cart", after[1]) if after[:1] == ["ac"] and len(after) > 1 else ("checkout", "".join(after[:1]))
    token = key(value)
    return ((kind, token),) if token else ()


def _as(body: Mapping[str, Any], wanted: type[T]) -> T:
    return read(msgspec.json.encode(body), wanted)


def _context(node: Node, shop: ShopFacts) -> Context:
    body = msgspec.json.encode(node, order="sorted")
    known = _FROM_A_FILE if "__typename" in node else _ASKED_NOW
    tie = known + hashlib.sha256(body).hexdigest()
    return Context(shop=shop, tie=tie, triggered_at=None, test=False, domain="")


def _rating(node: Node) -> tuple[Decimal | None, int | None]:
    """`{"value":"4.6","scale_min":"1.0","scale_max":"5.0"}` and a count, both as text."""
    try:
        told = msgspec.json.decode((node.get("rating") or {}).get("value") or "{}")
        count = int((node.get("ratingCount") or {}).get("value") or "")
    except (ValueError, TypeError):
        return None, None
    stars = amount(told.get("value")) if isinstance(told, dict) else None
    return (stars, count) if stars is not None and stars >= 0 and 0 <= count < 2**31 else (None, None)
