"""Payloads of what Shopify keeps beside its baskets and orders: customers' wishes, products, the
shop itself.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from apps.stores.platforms.cleaning import Id, Loose
from apps.stores.platforms.shopify.payloads import MailConsent, Payload


class Deleted(Payload):
    """All that is left of a deleted thing; the times tell a full body under a wrong topic."""

    id: Id = None
    created_at: Any = None
    updated_at: Any = None


class Merge(Payload):
    admin_graphql_api_customer_kept_id: str | None = None
    admin_graphql_api_customer_deleted_id: str | None = None
    status: str | None = None


class ConsentUpdate(Payload):
    customer_id: Id = None
    email_address: str | None = None
    email_marketing_consent: MailConsent | None = None


class Image(Payload):
    id: Id = None
    src: str | None = None
    variant_ids: list[Id] | None = None


class Variant(Payload):
    id: Id = None
    product_id: Id = None
    title: str | None = None
    price: Loose = None
    compare_at_price: Loose = None
    updated_at: datetime | None = None
    inventory_policy: str | None = None
    inventory_management: str | None = None
    inventory_quantity: Loose = None
    image_id: Id = None


class Category(Payload):
    name: str | None = None


class Product(Payload):
    id: Id = None
    title: str | None = None
    handle: str | None = None
    status: str | None = None
    product_type: str | None = None
    vendor: str | None = None
    tags: Any = None
    updated_at: datetime | None = None
    published_at: datetime | msgspec.UnsetType | None = msgspec.UNSET
    category: Category | None = None
    variants: list[Variant] | None = None
    image: Image | None = None
    images: list[Image] | None = None


class Shop(Payload):
    id: Id = None
    name: str | None = None
    domain: str | None = None
    myshopify_domain: str | None = None
    currency: str | None = None
    iana_timezone: str | None = None
    country_code: str | None = None
    country: str | None = None
    primary_locale: str | None = None
    plan_name: str | None = None
    money_format: str | None = None
    updated_at: datetime | None = None


class PrivacyCustomer(Payload):
    id: Id = None
    email: str | None = None


class DataRequest(Payload):
    id: Id = None


class Privacy(Payload):
    shop_id: Id = None
    shop_domain: str | None = None
    customer: PrivacyCustomer | None = None
    orders_requested: list[Id] | None = None
    orders_to_redact: list[Id] | None = None
    data_request: DataRequest | None = None
