"""Things as a platform sees them now.

Every adapter yields these and nothing else; recording reads nothing else. A webhook, a poll, the companion
and an import therefore all come through one door. All are frozen; text is plain (HTML entities unescaped
once), ids are text, money is `Decimal` in `currency`, times are aware.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

Keys = tuple[tuple[str, str], ...]
"""(kind, value) pairs, e.g. ("checkout", "5f2d…"), ("cart", "hWN…"), ("companion", "05229b…"), ("order", "23")."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What all snapshots share.

    `at` is the platform's own time of this state; `None` for bodies without one (`{"id": 23}`), where
    arrival decides. `tie` orders two states of one second: status rank first, then a hash of the body.
    """

    at: datetime | None
    tie: tuple[int, str] = (0, "")


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who, as far as this payload says. `None` fields are unknown, never 'empty'."""

    account: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    locale: str | None = None
    country: str | None = None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a basket or order. `unit_price` and `total` are what the buyer sees (tax as the shop shows it)."""

    product: str | None
    variant: str | None
    title: str
    quantity: Decimal
    unit_price: Decimal
    total: Decimal
    sku: str = ""
    image: str = ""
    url: str = ""
    options: tuple[tuple[str, str], ...] = ()
    gift_card: bool = False


class Amounts(msgspec.Struct, frozen=True, kw_only=True):
    """Totals in the buyer's currency. `shipping` is None when the platform has not said it.

    `total_includes_shipping` is for a total of which only that is known (the companion's).
    """

    currency: str
    total: Decimal
    subtotal: Decimal | None = None
    shipping: Decimal | None = None
    discount: Decimal | None = None
    tax: Decimal | None = None
    total_includes_shipping: bool = False


class ConsentGiven(msgspec.Struct, frozen=True, kw_only=True):
    """A yes, a no or a "please confirm" about marketing mail, as the platform passed it on.

    `attest` marks a box that counts only where the owner attests that it is not pre-ticked.
    """

    state: Literal["granted", "denied", "pending", "erased"]
    at: datetime | None
    source: str
    text_version: str = ""
    double_opt_in: bool = False
    attest: bool = False


class CartSeen(Seen, frozen=True, kw_only=True):
    """A basket or checkout, or an unpaid order (decision 12). No lines means emptied.

    `person` None: this source knows no persons (Shopify carts); it never removes a known address.
    `origin` names the source so that its content is compared with its like: cart, checkout, companion, order.
    """

    keys: Keys
    created_at: datetime | None
    origin: Literal["cart", "checkout", "companion", "order"]
    reached_checkout: bool
    lines: tuple[Line, ...]
    amounts: Amounts | None
    person: Person | None = None
    consent: ConsentGiven | None = None
    recovery_url: str = ""
    completed_at: datetime | None = None
    unmailable: str = ""
    """Why this basket never gets mail, '' if it may: 'draft order', 'point of sale', 'test'…"""


class CartGone(Seen, frozen=True, kw_only=True):
    """The platform deleted the basket."""

    keys: Keys


Stage = Literal["unpaid", "placed", "paid", "fulfilled", "cancelled", "refunded"]
"""unpaid is a basket (decision 12); cancelled tells by `paid_at` whether it ever was an order."""


class OrderSeen(Seen, frozen=True, kw_only=True):
    external_id: str
    number: str
    stage: Stage
    created_at: datetime | None
    amounts: Amounts
    lines: tuple[Line, ...]
    person: Person
    placed_at: datetime | None = None
    paid_at: datetime | None = None
    fulfilled_at: datetime | None = None
    cancelled_at: datetime | None = None
    refunded: Decimal | None = None
    """Total given back so far, when this payload says it."""
    refunds: tuple[RefundSeen, ...] = ()
    cart_keys: Keys = ()
    codes: tuple[str, ...] = ()
    click: str = ""
    """Our own click token, when it came back (companion's `_rcv_rid`, a note attribute, utm_id)."""
    landing: str = ""
    payment_method: str = ""
    pay_url: str = ""
    status: str = ""
    """The platform's own word."""
    consent: ConsentGiven | None = None
    test: bool = False
    restored: bool = False


class RefundSeen(Seen, frozen=True, kw_only=True):
    external_id: str
    order: str
    amount: Decimal | None
    currency: str = ""


class FulfillmentSeen(Seen, frozen=True, kw_only=True):
    external_id: str
    order: str
    status: str
    delivered_at: datetime | None = None
    tracking_url: str = ""


class Gone(Seen, frozen=True, kw_only=True):
    """The platform deleted it (`order`, `customer`, `product`, `coupon`). Unknown ids are ignored."""

    noun: Literal["order", "customer", "product", "coupon"]
    external_id: str


class CustomerSeen(Seen, frozen=True, kw_only=True):
    person: Person
    created_at: datetime | None = None
    consent: ConsentGiven | None = None


class CustomersMerged(Seen, frozen=True, kw_only=True):
    kept: str
    gone: str


class ConsentSeen(Seen, frozen=True, kw_only=True):
    """Consent on its own, not beside a basket."""

    person: Person
    consent: ConsentGiven


class ProductSeen(Seen, frozen=True, kw_only=True):
    external_id: str
    parent: str = ""
    """A WooCommerce variation's product; '' for a product."""
    title: str = ""
    handle: str = ""
    url: str = ""
    image: str = ""
    price: Decimal | None = None
    regular_price: Decimal | None = None
    currency: str = ""
    in_stock: bool | None = None
    stock: Decimal | None = None
    status: str = ""
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    brand: str = ""
    rating: Decimal | None = None
    rating_count: int | None = None
    related: tuple[str, ...] = ()
    variants: tuple[ProductSeen, ...] = ()


class ReviewSeen(Seen, frozen=True, kw_only=True):
    """What a buyer wrote about a product in the shop itself. Only approved ones may be shown or counted."""

    external_id: str
    product: str
    rating: int | None
    person: Person = Person()
    author: str = ""
    text: str = ""
    verified: bool = False
    approved: bool = True
    written_at: datetime | None = None


class CouponSeen(Seen, frozen=True, kw_only=True):
    external_id: str
    code: str
    expires_at: datetime | None = None
    usage_count: int | None = None


class ShopSeen(Seen, frozen=True, kw_only=True):
    """The shop speaks of itself (shop/update)."""

    external_id: str
    name: str = ""
    domain: str = ""
    platform_domain: str = ""
    currency: str = ""
    time_zone: str = ""
    country: str = ""
    language: str = ""


class Uninstalled(Seen, frozen=True, kw_only=True):
    """The app was removed: stop at once."""


class PrivacyRequest(Seen, frozen=True, kw_only=True):
    """`data_request` asks for one person's data, `redact` erases one person, `redact_shop` everything."""

    action: Literal["data_request", "redact", "redact_shop"]
    person: Person = Person()
    orders: tuple[str, ...] = ()
    request_id: str = ""


class CustomSeen(Seen, frozen=True, kw_only=True):
    """What another app told of somebody. `key` is unique per store; `order` is an id or a number, as it was given."""

    person: Person
    name: str
    key: str
    order: str = ""
    properties: dict[str, str | bool | int | float | None] = {}
    tags: tuple[str, ...] | None = None
    birthday: tuple[int, int] | None = None
    """Month and day."""


Snapshot = (
    CartSeen
    | CartGone
    | OrderSeen
    | RefundSeen
    | FulfillmentSeen
    | Gone
    | CustomerSeen
    | CustomersMerged
    | ConsentSeen
    | ProductSeen
    | ReviewSeen
    | CouponSeen
    | ShopSeen
    | Uninstalled
    | PrivacyRequest
    | CustomSeen
)
