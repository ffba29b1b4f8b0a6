"""The fields of Shopify's bodies that we read, in the shapes of 2024-10, 2026-07 and 2026-10.

No key is required except the join keys (shopify.md 2.1): fields come and go between versions, and
without access to
protected data personal ones are null or missing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from apps.stores.platforms.cleaning import Id, Loose


class Payload(msgspec.Struct, gc=False):
    """Read once, never kept."""


class Money(Payload):
    amount: Loose = None
    currency_code: str | None = None


class MoneySet(Payload):
    shop_money: Money | None = None
    presentment_money: Money | None = None


class CartLine(Payload):
    product_id: Id = None
    variant_id: Id = None
    title: str | None = None
    quantity: Loose = None
    sku: str | None = None
    price: Loose = None
    line_price: Loose = None
    price_set: MoneySet | None = None
    line_price_set: MoneySet | None = None
    gift_card: bool | None = None
    properties: Any = None


class Cart(Payload):
    id: Id = None
    token: Id = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    line_items: list[CartLine] | None = None


class Address(Payload):
    first_name: str | None = None
    last_name: str | None = None
    country_code: str | None = None


class MailConsent(Payload):
    state: str | None = None
    opt_in_level: str | None = None
    consent_updated_at: datetime | None = None


class Customer(Payload):
    id: Id = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    phone: Any = None
    state: str | None = None
    verified_email: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    default_address: Address | None = None
    email_marketing_consent: MailConsent | None = None


class ShippingLine(Payload):
    price: Loose = None
    price_set: MoneySet | None = None
    is_removed: bool | None = None


class DiscountCode(Payload):
    code: str | None = None


class CheckoutLine(Payload):
    product_id: Id = None
    variant_id: Id = None
    title: str | None = None
    variant_title: str | None = None
    presentment_title: str | None = None
    presentment_variant_title: str | None = None
    quantity: Loose = None
    sku: str | None = None
    price: Loose = None
    variant_price: Loose = None
    line_price: Loose = None
    gift_card: bool | None = None
    properties: Any = None


class Checkout(Payload):
    token: Id = None
    cart_token: Id = None
    email: str | None = None
    buyer_accepts_marketing: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    completed_at: datetime | None = None
    customer_locale: str | None = None
    currency: str | None = None
    presentment_currency: str | None = None
    total_price: Loose = None
    subtotal_price: Loose = None
    total_discounts: Loose = None
    total_tax: Loose = None
    abandoned_checkout_url: str | None = None
    source_name: str | None = None
    company: Any = None
    shipping_lines: list[ShippingLine] | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    customer: Customer | None = None
    line_items: list[CheckoutLine] | None = None


class DeletedCheckout(Payload):
    token: Id = None
    cart_token: Id = None


class Allocation(Payload):
    amount: Loose = None
    amount_set: MoneySet | None = None


class OrderLine(Payload):
    product_id: Id = None
    variant_id: Id = None
    name: str | None = None
    title: str | None = None
    variant_title: str | None = None
    quantity: Loose = None
    sku: str | None = None
    price: Loose = None
    price_set: MoneySet | None = None
    discount_allocations: list[Allocation] | None = None
    gift_card: bool | None = None
    properties: Any = None


class Transaction(Payload):
    kind: str | None = None
    status: str | None = None
    amount: Loose = None
    currency: str | None = None


class Refund(Payload):
    id: Id = None
    order_id: Id = None
    created_at: datetime | None = None
    processed_at: datetime | None = None
    transactions: list[Transaction] | None = None
    refund_line_items: Any = None


class Fulfillment(Payload):
    id: Id = None
    order_id: Id = None
    status: str | None = None
    shipment_status: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    tracking_url: str | None = None
    tracking_urls: list[str] | None = None


class Order(Payload):
    id: Id = None
    name: str | None = None
    order_number: Loose = None
    email: str | None = None
    contact_email: str | None = None
    checkout_token: Id = None
    cart_token: Id = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    processed_at: datetime | None = None
    cancelled_at: datetime | None = None
    financial_status: str | None = None
    fulfillment_status: str | None = None
    buyer_accepts_marketing: bool | None = None
    test: bool | None = None
    currency: str | None = None
    presentment_currency: str | None = None
    total_price: Loose = None
    total_price_set: MoneySet | None = None
    subtotal_price: Loose = None
    subtotal_price_set: MoneySet | None = None
    total_discounts: Loose = None
    total_discounts_set: MoneySet | None = None
    total_tax: Loose = None
    total_tax_set: MoneySet | None = None
    total_shipping_price_set: MoneySet | None = None
    customer_locale: str | None = None
    landing_site: str | None = None
    note_attributes: Any = None
    payment_gateway_names: list[str] | None = None
    discount_codes: list[DiscountCode] | None = None
    shipping_lines: list[ShippingLine] | None = None
    shipping_address: Address | None = None
    billing_address: Address | None = None
    customer: Customer | None = None
    line_items: list[OrderLine] | None = None
    refunds: list[Refund] | None = None
    fulfillments: list[Fulfillment] | None = None


class FulfillmentEvent(Payload):
    id: Id = None
    fulfillment_id: Id = None
    order_id: Id = None
    status: str | None = None
    happened_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
