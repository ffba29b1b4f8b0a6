"""Bodies as WooCommerce and our companion write them: every field a real one has, in ASCII, slashes escaped."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import md5
from typing import Any, Final

from apps.dashboard.demo import parts
from apps.dashboard.demo.catalogue import Product, picture, shipping
from apps.dashboard.demo.parts import Lines, Place, encoded
from apps.dashboard.demo.people import Person

__all__ = ["Lines", "Place", "Yes", "basket", "batch", "customer", "encoded", "order", "product"]

VERSION: Final = "11.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Yes:
    """What a visitor said beside the box, and when."""

    granted: bool
    at: datetime

    def stamp(self) -> dict[str, str]:
        state = "granted" if self.granted else "denied"
        return {"state": state, "at": f"{parts.utc(self.at)}+00:00", "source": "block_checkout"}


def batch(place: Place, topic: str, data: dict[str, Any], at: datetime) -> bytes:
    """One event of the companion in its envelope."""
    event = {
        "id": str(uuid.uuid4()),
        "topic": topic,
        "created": f"{parts.utc(at)}Z",
        "store": f"{place.url}/",
        "plugin": "1.0",
        "wc": VERSION,
        "data": data,
    }
    return encoded({"events": [event]})


def basket(place: Place, cart: str, who: Person, lines: Lines, *, yes: Yes | None, at: datetime) -> dict[str, Any]:
    """The companion's view of a basket; without lines it was emptied."""
    subtotal = parts.subtotal(lines)
    return {
        "cart": cart,
        "customer_id": who.account,
        "email": who.email,
        # Everybody here walks on to the checkout, members too.
        "email_source": "checkout",
        "consent": yes.stamp() if yes else None,
        "first_name": who.first_name,
        "locale": who.locale,
        "currency": "EUR",
        "total": str(subtotal + shipping(subtotal)),
        "coupons": [],
        "items": [_item(place, product, quantity) for product, quantity in lines],
        "at": f"{parts.utc(at)}Z",
    }


def order(
    place: Place,
    number: int,
    who: Person,
    lines: Lines,
    *,
    status: str,
    created: datetime,
    changed: datetime,
    paid: datetime | None = None,
    meta: dict[str, Any] | None = None,
    refunded: Decimal | None = None,
) -> dict[str, Any]:
    """An order as `wp_api_v3` sends it."""
    return (
        parts.times(created, changed, paid, changed if status == "completed" else None)
        | _amounts(lines)
        | _buyer(place, number, who, status)
        | {
            "meta_data": [
                {"id": 9000 + index, "key": key, "value": value}
                for index, (key, value) in enumerate((meta or {}).items())
            ],
            "line_items": [_line(place, index, *one) for index, one in enumerate(lines, start=1)],
            "refunds": [{"id": number + 500_000, "reason": "", "total": f"-{refunded}"}] if refunded else [],
        }
    )


def customer(place: Place, who: Person, created: datetime) -> dict[str, Any]:
    """An account."""
    return parts.times(created, created, None, None, finished=False) | {
        "id": who.account,
        "email": who.email,
        "first_name": who.first_name,
        "last_name": who.last_name,
        "role": "customer",
        "username": who.email.partition("@")[0],
        "billing": parts.address(who),
        "shipping": parts.address(who, billing=False),
        "is_paying_customer": False,
        "avatar_url": "",
        "meta_data": [],
        "_links": parts.links(place, "customers", who.account),
    }


def product(place: Place, one: Product, changed: datetime) -> dict[str, Any]:
    """A simple product in stock."""
    price = str(one.price)
    return parts.times(changed, changed, None, None, finished=False) | {
        "id": one.id,
        # Names come with their entities; only shops with an ampersand notice.
        "name": one.name.replace("&", "&amp;"),
        "slug": one.slug,
        "permalink": f"{place.url}/product/{one.slug}/",
        "type": "simple",
        "status": "publish",
        "catalog_visibility": "visible",
        "sku": one.sku,
        "price": price,
        "regular_price": price,
        "sale_price": "",
        "on_sale": False,
        "purchasable": True,
        "manage_stock": False,
        "stock_quantity": None,
        "stock_status": "instock",
        "average_rating": "4.60",
        "rating_count": 18,
        "parent_id": 0,
        "categories": [{"id": 15, "name": one.category, "slug": one.category.lower()}],
        "tags": [],
        "images": [{"id": one.id + 900, "src": picture(place.assets, one), "name": one.slug, "alt": ""}],
        "attributes": [],
        "variations": [],
        "related_ids": [],
        "upsell_ids": [],
        "cross_sell_ids": [],
        "meta_data": [],
        "_links": parts.links(place, "products", one.id),
    }


def _item(place: Place, one: Product, quantity: int) -> dict[str, Any]:
    return {
        "key": md5(str(one.id).encode(), usedforsecurity=False).hexdigest(),
        "product_id": one.id,
        "variation_id": 0,
        "variation": {},
        "quantity": quantity,
        "name": one.name,
        "sku": one.sku,
        "price": str(one.price),
        "line_total": str(one.price * quantity),
        "url": f"{place.url}/product/{one.slug}/",
        "image": picture(place.assets, one),
    }


def _line(place: Place, index: int, one: Product, quantity: int) -> dict[str, Any]:
    net, tax = parts.parted(one.price * quantity)
    return {
        "id": index,
        "name": one.name,
        "product_id": one.id,
        "variation_id": 0,
        "quantity": quantity,
        "tax_class": "",
        "subtotal": str(net),
        "subtotal_tax": str(tax),
        "total": str(net),
        "total_tax": str(tax),
        "taxes": [{"id": 1, "total": str(tax), "subtotal": str(tax)}],
        "meta_data": [],
        "sku": one.sku,
        "global_unique_id": "",
        "price": float(net / quantity),
        "image": {"id": str(one.id + 900), "src": picture(place.assets, one)},
        "parent_name": None,
    }


def _amounts(lines: Lines) -> dict[str, Any]:
    subtotal = parts.subtotal(lines)
    tax = parts.parted(subtotal)[1]
    sending, sending_tax = parts.parted(shipping(subtotal))
    return {
        "currency": "EUR",
        "currency_symbol": "€",
        "prices_include_tax": True,
        "discount_total": "0.00",
        "discount_tax": "0.00",
        "shipping_total": str(sending),
        "shipping_tax": str(sending_tax),
        "cart_tax": str(tax),
        "total": str(subtotal + shipping(subtotal)),
        "total_tax": str(tax + sending_tax),
        "tax_lines": [],
        "shipping_lines": [
            {
                "id": 1,
                "method_title": "PostNL",
                "method_id": "flat_rate",
                "instance_id": "1",
                "total": str(sending),
                "total_tax": str(sending_tax),
                "taxes": [],
                "meta_data": [],
            }
        ],
        "fee_lines": [],
        "coupon_lines": [],
    }


def _buyer(place: Place, number: int, who: Person, status: str) -> dict[str, Any]:
    key = f"wc_order_{number:x}"
    return {
        "id": number,
        "parent_id": 0,
        "number": str(number),
        "status": status,
        "version": VERSION,
        "order_key": key,
        "customer_id": who.account,
        "billing": parts.address(who),
        "shipping": parts.address(who, billing=False),
        "payment_method": "mollie_wc_gateway_ideal",
        "payment_method_title": "iDEAL",
        "transaction_id": "",
        "customer_ip_address": "127.0.0.1",
        "customer_user_agent": "Mozilla/5.0 demo",
        "created_via": "store-api",
        "customer_note": "",
        "cart_hash": f"{number:032x}",
        "payment_url": f"{place.url}/checkout/order-pay/{number}/?pay_for_order=true&key={key}",
        "is_editable": status == "pending",
        "needs_payment": status == "pending",
        "needs_processing": True,
        "_links": parts.links(place, "orders", number),
    }
