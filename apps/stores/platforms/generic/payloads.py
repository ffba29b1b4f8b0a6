"""What a shop of this kind posts. The OpenAPI document is made from these very classes (`schema.py`).

Money is a decimal text or number in the buyer's currency, times are RFC 3339 with an offset, ids are texts of the
shop's own. Everything unknown is simply left out; a field of the wrong type refuses the message with its place.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Id = Annotated[str, Meta(min_length=1, max_length=40, description="The shop's own id.")]
Text = Annotated[str, Meta(max_length=500)]
Address = Annotated[str, Meta(max_length=2000, description="An https address.")]
Code = Annotated[str, Meta(pattern=r"^[A-Za-z]{3}$", description="ISO 4217.")]
Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339 with an offset.")]


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Read once, never kept."""


class Line(Record, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a basket or order. Prices as the buyer sees them."""

    title: Text
    quantity: Decimal = Decimal(1)
    product_id: Id | None = None
    variant_id: Id | None = None
    unit_price: Decimal | None = None
    total: Decimal | None = None
    sku: Annotated[str, Meta(max_length=100)] = ""
    image: Address = ""
    url: Address = ""
    options: dict[str, Text] = {}


class Consent(Record, frozen=True, kw_only=True, omit_defaults=True):
    """What the person said about marketing mail, with its evidence."""

    state: Literal["granted", "denied", "pending"]
    at: Moment
    source: Annotated[str, Meta(max_length=100, description="Where it was said: the name of the box or form.")]
    text_version: Annotated[str, Meta(max_length=100)] = ""
    double_opt_in: bool = False


class Person(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Who, as far as is known."""

    customer_id: Id | None = None
    email: Annotated[str, Meta(max_length=254)] | None = None
    first_name: Text | None = None
    last_name: Text | None = None
    language: Annotated[str, Meta(max_length=20, description="As in nl or nl-BE.")] | None = None
    country: Annotated[str, Meta(pattern=r"^[A-Za-z]{2}$", description="ISO 3166-1.")] | None = None


class Sums(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Totals in `currency`, tax included as the shop shows it."""

    currency: Code
    total: Decimal
    subtotal: Decimal | None = None
    shipping: Decimal | None = None
    discount: Decimal | None = None
    tax: Decimal | None = None


class Basket(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A basket as it is now. Without lines it is empty."""

    id: Id
    updated_at: Moment
    created_at: Moment | None = None
    lines: list[Line] = []
    sums: Sums | None = None
    person: Person | None = None
    consent: Consent | None = None
    reached_checkout: bool = False
    completed_at: Moment | None = None
    restore_url: Address = ""


class Order(Record, frozen=True, kw_only=True, omit_defaults=True):
    """An order as it is now."""

    id: Id
    updated_at: Moment
    created_at: Moment
    status: Literal["unpaid", "placed", "paid", "fulfilled", "cancelled", "refunded"]
    sums: Sums
    lines: list[Line]
    number: Annotated[str, Meta(max_length=100)] = ""
    person: Person = Person()
    basket_id: Id | None = None
    paid_at: Moment | None = None
    fulfilled_at: Moment | None = None
    delivered_at: Moment | None = None
    cancelled_at: Moment | None = None
    refunded: Decimal | None = None
    codes: list[Annotated[str, Meta(max_length=255)]] = []
    click: Annotated[str, Meta(max_length=200, description="utm_id of the link that led here.")] = ""
    payment_method: Annotated[str, Meta(max_length=100)] = ""
    pay_url: Address = ""
    consent: Consent | None = None
    test: bool = False


class Customer(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody with an account, or who left an address."""

    person: Person
    updated_at: Moment
    created_at: Moment | None = None
    consent: Consent | None = None


class Product(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A thing for sale, or a variant of one (`parent_id`)."""

    id: Id
    updated_at: Moment
    title: Text
    parent_id: Id | None = None
    url: Address = ""
    image: Address = ""
    price: Decimal | None = None
    regular_price: Decimal | None = None
    currency: Code | None = None
    in_stock: bool | None = None
    stock: Decimal | None = None
    categories: list[Text] = []
    tags: list[Text] = []
    brand: Text = ""
    rating: Decimal | None = None
    rating_count: Annotated[int, Meta(ge=0)] | None = None
    related: list[Id] = []
    published: bool = True


class Review(Record, frozen=True, kw_only=True, omit_defaults=True):
    """What a buyer wrote about a product."""

    id: Id
    product_id: Id
    written_at: Moment
    rating: Annotated[int, Meta(ge=1, le=5)] | None = None
    person: Person = Person()
    author: Text = ""
    text: Annotated[str, Meta(max_length=10_000)] = ""
    verified: bool = False
    approved: bool = True


class Gone(Record, frozen=True, kw_only=True, omit_defaults=True):
    """The shop deleted it."""

    id: Id
    deleted_at: Moment | None = None


class Erasure(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody asks to be forgotten."""

    person: Person
    request_id: Annotated[str, Meta(max_length=100)] = ""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """The envelope of Standard Webhooks."""

    type: str = ""
    timestamp: Moment | None = None
    data: msgspec.Raw | None = None


TYPES: dict[str, type[Record]] = {
    "basket.updated": Basket,
    "basket.deleted": Gone,
    "order.updated": Order,
    "order.deleted": Gone,
    "customer.updated": Customer,
    "customer.deleted": Gone,
    "product.updated": Product,
    "product.deleted": Gone,
    "review.updated": Review,
    "privacy.erase": Erasure,
}
