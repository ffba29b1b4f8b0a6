"""Which WooCommerce body becomes what."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from apps.stores.errors import Ignored, Unreadable
from apps.stores.platforms.base import Envelope, ShopFacts
from apps.stores.platforms.decoding import decode, guard
from apps.stores.platforms.woocommerce import catalog, companion, orders, people
from apps.stores.platforms.woocommerce.payloads import (
    Coupon,
    Customer,
    Deleted,
    ErrorObject,
    Order,
    Product,
)
from apps.stores.platforms.woocommerce.signature import COMPANION_TOPICS
from apps.stores.snapshots import Snapshot

T = TypeVar("T")
Reader = Callable[[bytes, str, ShopFacts], list[Snapshot]]
Translated = tuple[list[Snapshot], list[Unreadable]]


def translate_parts(envelope: Envelope, shop: ShopFacts) -> Translated:
    """What the body says, and what of it cannot be read. Only a companion's batch can have both."""
    try:
        return _parts(envelope, shop)
    except Unreadable as error:
        return [], [error]


def _parts(envelope: Envelope, shop: ShopFacts) -> Translated:
    topic, body = envelope.topic, envelope.body
    if topic in COMPANION_TOPICS:
        if (events := companion.events(body)) is not None:
            return companion.batch(events, shop)
        return companion.bare(topic, body, shop), []
    # A batch under this name would go around the companion's timestamp: bare data only.
    if topic.startswith("rcv_") and topic.endswith((".updated", ".created")):
        return companion.bare("cart.updated", body, shop), []
    return _native(topic, body, shop), []


def _native(topic: str, body: bytes, shop: ShopFacts) -> list[Snapshot]:
    read = _TOPICS.get(topic)
    if read is None:
        raise Ignored("only a hook's first argument" if topic.startswith("action.") else f"unknown topic {topic!r}")
    guard(body)
    try:
        return read(body, hashlib.sha256(body).hexdigest(), shop)
    except Unreadable as error:
        if error.code in ("no_key", "wrong_shape") and _is_error(body):
            raise Unreadable("error_object", "the shop could not read its own object any more") from None
        raise


def _is_error(body: bytes) -> bool:
    error = decode(body, ErrorObject)
    return error.code is not None and error.data is not None and error.data.status is not None


def _reads(wanted: type[T], told: Callable[[T, str, ShopFacts], list[Snapshot]]) -> Reader:
    def reader(body: bytes, tie: str, shop: ShopFacts) -> list[Snapshot]:
        return told(decode(body, wanted), tie, shop)

    return reader


def _deletes(noun: catalog.Noun) -> Reader:
    def reader(body: bytes, tie: str, _: ShopFacts) -> list[Snapshot]:
        return catalog.gone(decode(body, Deleted), noun, tie)

    return reader


_order = _reads(Order, partial(orders.order, restored=False))
_customer = _reads(Customer, people.customer)
_product = _reads(Product, catalog.product)
_coupon = _reads(Coupon, lambda body, tie, _: catalog.coupon(body, tie))

_TOPICS: dict[str, Reader] = {
    "order.created": _order,
    "order.updated": _order,
    "order.restored": _reads(Order, partial(orders.order, restored=True)),
    "order.deleted": _deletes("order"),
    "customer.created": _customer,
    "customer.updated": _customer,
    "customer.deleted": _deletes("customer"),
    "product.created": _product,
    "product.updated": _product,
    "product.published": _product,
    "product.restored": _product,
    "product.deleted": _deletes("product"),
    "coupon.created": _coupon,
    "coupon.updated": _coupon,
    "coupon.restored": _coupon,
    "coupon.deleted": _deletes("coupon"),
}
