"""The fields we read of WooCommerce's REST bodies (wc/v2 and wc/v3 alike) and the companion's.

Everything is optional: shops filter, plugins add, PHP writes `[]` for an empty object. Only join
keys are asked for.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from apps.stores.platforms.cleaning import Id, Loose


class Payload(msgspec.Struct, gc=False):
    """Read once, never kept."""


class Meta(Payload):
    key: str | None = None
    value: Any = None
    display_key: Any = None
    display_value: Any = None


class Address(Payload):
    first_name: str | None = None
    last_name: str | None = None
    country: str | None = None
    email: str | None = None


class Image(Payload):
    src: str | None = None


class LineItem(Payload):
    name: str | None = None
    product_id: Id = None
    variation_id: Id = None
    quantity: Loose = None
    total: Loose = None
    total_tax: Loose = None
    price: Loose = None
    sku: str | None = None
    image: Image | None = None
    meta_data: list[Meta] | None = None


class CouponLine(Payload):
    code: str | None = None


class Refund(Payload):
    id: Id = None
    total: Loose = None


class Order(Payload):
    id: Id = None
    number: str | None = None
    status: str | None = None
    currency: str | None = None
    created_via: str | None = None
    order_key: str | None = None
    customer_id: Id = None
    date_created_gmt: datetime | None = None
    date_modified_gmt: datetime | None = None
    date_paid_gmt: datetime | None = None
    date_completed_gmt: datetime | None = None
    date_created: datetime | None = None
    date_modified: datetime | None = None
    date_paid: datetime | None = None
    date_completed: datetime | None = None
    total: Loose = None
    total_tax: Loose = None
    discount_total: Loose = None
    discount_tax: Loose = None
    shipping_total: Loose = None
    shipping_tax: Loose = None
    prices_include_tax: bool | None = None
    needs_payment: bool | None = None
    payment_method: str | None = None
    payment_url: str | None = None
    billing: Address | None = None
    shipping: Address | None = None
    line_items: list[LineItem] | None = None
    coupon_lines: list[CouponLine] | None = None
    refunds: list[Refund] | None = None
    meta_data: list[Meta] | None = None


class Customer(Payload):
    id: Id = None
    email: str | None = None
    username: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    role: str | None = None
    is_paying_customer: bool | None = None
    date_created_gmt: datetime | None = None
    date_modified_gmt: datetime | None = None
    date_created: datetime | None = None
    date_modified: datetime | None = None
    billing: Address | None = None
    shipping: Address | None = None
    meta_data: list[Meta] | None = None


class Term(Payload):
    name: str | None = None


class Product(Payload):
    id: Id = None
    parent_id: Id = None
    name: str | None = None
    slug: str | None = None
    permalink: str | None = None
    type: str | None = None
    status: str | None = None
    catalog_visibility: str | None = None
    price: Loose = None
    regular_price: Loose = None
    stock_status: str | None = None
    stock_quantity: Loose = None
    date_modified_gmt: datetime | None = None
    date_modified: datetime | None = None
    average_rating: Loose = None
    rating_count: int | None = None
    image: Image | None = None
    images: list[Image] | None = None
    categories: list[Term] | None = None
    tags: list[Term] | None = None
    brands: list[Term] | None = None
    upsell_ids: list[Id] | None = None
    cross_sell_ids: list[Id] | None = None
    related_ids: list[Id] | None = None


class Coupon(Payload):
    id: Id = None
    code: str | None = None
    usage_count: int | None = None
    date_modified_gmt: datetime | None = None
    date_modified: datetime | None = None
    date_expires_gmt: datetime | None = None
    date_expires: datetime | None = None


class ErrorData(Payload):
    status: Loose = None


class Deleted(Payload):
    """All that is left of a trashed thing; the others tell a full body under a wrong topic."""

    id: Id = None
    date_created: Any = None
    date_created_gmt: Any = None


class ErrorObject(Payload):
    """What WooCommerce signs and sends when the thing was gone before its delivery."""

    code: str | None = None
    message: str | None = None
    data: ErrorData | None = None


class CompanionConsent(Payload):
    state: str | None = None
    at: datetime | None = None
    source: str | None = None
    text_version: Loose = None


class CompanionItem(Payload):
    product_id: Id = None
    variation_id: Id = None
    variation: Any = None
    quantity: Loose = None
    name: str | None = None
    sku: str | None = None
    price: Loose = None
    line_total: Loose = None
    url: str | None = None
    image: str | None = None


class CompanionData(Payload):
    cart: str | None = None
    customer_id: Id = None
    email: str | None = None
    email_source: str | None = None
    consent: CompanionConsent | None = None
    state: str | None = None
    source: str | None = None
    text_version: Loose = None
    first_name: str | None = None
    last_name: str | None = None
    country: str | None = None
    locale: str | None = None
    currency: str | None = None
    total: Loose = None
    shipping: Loose = None
    at: datetime | None = None
    items: list[CompanionItem] | None = None


class CompanionEvent(Payload):
    id: str | None = None
    topic: str | None = None
    created: datetime | None = None
    data: CompanionData | None = None


class Batch(Payload):
    """The companion's envelope. Events stay raw, so that a broken one does not take the others
    along.
    """

    events: list[msgspec.Raw] | None = None
