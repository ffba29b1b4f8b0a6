"""Which Shopify body becomes what."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeVar

from apps.stores.errors import Ignored, Unreadable
from apps.stores.platforms.base import Envelope, ShopFacts
from apps.stores.platforms.decoding import read
from apps.stores.platforms.shopify import carts, catalog, orders, payloads, people, records
from apps.stores.platforms.shopify.parts import Context
from apps.stores.snapshots import Snapshot

T = TypeVar("T")
Reader = Callable[[bytes, Context], list[Snapshot]]


def translate(envelope: Envelope, shop: ShopFacts) -> list[Snapshot]:
    reader = _TOPICS.get(envelope.topic)
    if reader is None:
        raise Ignored(_USELESS.get(envelope.topic) or _of_family(envelope.topic))
    headers = envelope.headers or {}
    context = Context(
        shop=shop,
        tie=hashlib.sha256(envelope.body).hexdigest(),
        triggered_at=envelope.triggered_at,
        test=headers.get("x-shopify-test", "").strip().lower() == "true",
        domain=headers.get("x-shopify-shop-domain", "").strip().lower(),
    )
    return reader(envelope.body, context)


def _of_family(topic: str) -> str:
    """Families of which no member is of use."""
    family = topic.partition("/")[0].partition(".")[0]
    return _USELESS_FAMILIES.get(family) or f"unknown topic {topic!r}"


def _reads(wanted: type[T], told: Callable[[T, Context], list[Snapshot]]) -> Reader:
    def reader(body: bytes, context: Context) -> list[Snapshot]:
        return told(read(body, wanted), context)

    return reader


def _deleted_order(body: records.Deleted, context: Context) -> list[Snapshot]:
    return catalog.gone(body, "order", context)


def _deleted_customer(body: records.Deleted, context: Context) -> list[Snapshot]:
    return catalog.gone(body, "customer", context)


def _deleted_product(body: records.Deleted, context: Context) -> list[Snapshot]:
    return catalog.gone(body, "product", context)


_cart = _reads(payloads.Cart, carts.cart)
_checkout = _reads(payloads.Checkout, carts.checkout)
_order = _reads(payloads.Order, orders.order)
_fulfillment = _reads(payloads.Fulfillment, orders.fulfillment)
_customer = _reads(payloads.Customer, people.customer)
_product = _reads(records.Product, catalog.product)
_variant = _reads(records.Variant, catalog.variant)

_TOPICS: dict[str, Reader] = {
    "carts/create": _cart,
    "carts/update": _cart,
    "checkouts/create": _checkout,
    "checkouts/update": _checkout,
    "checkouts/delete": _reads(payloads.DeletedCheckout, carts.checkout_gone),
    "orders/create": _order,
    "orders/updated": _order,
    "orders/paid": _order,
    "orders/cancelled": _order,
    "orders/fulfilled": _order,
    "orders/partially_fulfilled": _order,
    "orders/delete": _reads(records.Deleted, _deleted_order),
    "refunds/create": _reads(payloads.Refund, orders.refund),
    "fulfillments/create": _fulfillment,
    "fulfillments/update": _fulfillment,
    "fulfillment_events/create": _reads(payloads.FulfillmentEvent, orders.fulfillment_event),
    "customers/create": _customer,
    "customers/update": _customer,
    "customers/enable": _customer,
    "customers/disable": _customer,
    "customers/delete": _reads(records.Deleted, _deleted_customer),
    "customers/merge": _reads(records.Merge, people.merge),
    "customers_email_marketing_consent/update": _reads(records.ConsentUpdate, people.consent),
    "products/create": _product,
    "products/update": _product,
    "products/delete": _reads(records.Deleted, _deleted_product),
    "variants/in_stock": _variant,
    "variants/out_of_stock": _variant,
    "shop/update": _reads(records.Shop, catalog.shop),
    "app/uninstalled": _reads(records.Shop, catalog.uninstalled),
    "customers/data_request": _reads(records.Privacy, people.data_request),
    "customers/redact": _reads(records.Privacy, people.redact),
    "shop/redact": _reads(records.Privacy, people.redact_shop),
}

TOPICS = frozenset(_TOPICS)
"""What we can read, and therefore ask to be told."""

_USELESS = {
    "orders/edited": "orders/updated tells the whole order",
    "order_transactions/create": "orders/updated and refunds/create tell the money",
    "customers_marketing_consent/update": "consent about text messages",
    "customers_whats_app_marketing_consent/update": "consent about WhatsApp",
    "customers/purchasing_summary": "totals are counted from orders",
    "app/scopes_update": "the setup page asks for its scopes itself",
}

_USELESS_FAMILIES = {
    "bulk_operations": "no bulk operation of ours",
    "customer": "tags and segments of Shopify's own",
    "discounts": "codes are followed through orders",
    "domains": "the shop's addresses come with shop/update",
    "inventory_items": "stock comes with its product",
    "inventory_levels": "stock comes with its product",
    "locales": "languages are asked for when needed",
    "markets": "markets are asked for when needed",
    "returns": "a return moves no money; refunds/create does",
}


def translate_parts(envelope: Envelope, shop: ShopFacts) -> tuple[list[Snapshot], list[Unreadable]]:
    """Shopify sends one thing at a time: either it is readable or not."""
    try:
        return translate(envelope, shop), []
    except Unreadable as error:
        return [], [error]
