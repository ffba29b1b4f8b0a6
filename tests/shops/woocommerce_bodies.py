"""A WooCommerce's things in its own shapes, cut from recorded answers (fixtures/woocommerce/rest)."""

from __future__ import annotations

import copy
import functools
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

REST = Path(__file__).parents[2] / "fixtures" / "woocommerce" / "rest"
Thing = dict[str, Any]


@functools.cache
def _read(name: str) -> Any:
    return json.loads((REST / f"{name}.json").read_text())["json"]


def recorded(name: str) -> Any:
    """The body of a recorded answer, to be changed freely."""
    return copy.deepcopy(_read(name))


def stamps(name: str, at: datetime | None, zone: str) -> dict[str, str | None]:
    """`date_x` in site time and `date_x_gmt` in UTC, both without an offset, to the second."""
    if at is None:
        return {name: None, f"{name}_gmt": None}
    local, utc = at.astimezone(ZoneInfo(zone)), at.astimezone(UTC)
    return {name: _bare(local), f"{name}_gmt": _bare(utc)}


def _bare(moment: datetime) -> str:
    return moment.replace(tzinfo=None, microsecond=0).isoformat()


def moment(text: str | None, zone: str, *, gmt: bool = False) -> datetime | None:
    """A time as WooCommerce reads it: with an offset as it says, bare in site time, a bare date at its midnight."""
    if not text:
        return None
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC if gmt else ZoneInfo(zone))
    return found.astimezone(UTC)


def order(
    number: int,
    *,
    home: str,
    zone: str,
    email: str,
    at: datetime,
    total: str,
    status: str,
    line: Thing | None,
    **more: Any,
) -> Thing:
    body = recorded("order.single")
    key = f"wc_order_{number:013d}"
    unpaid = status in ("pending", "failed", "checkout-draft")
    paid = at if status in ("processing", "completed", "refunded") else None
    item = body["line_items"][0] | {"id": number * 10, "subtotal": total, "subtotal_tax": "0.00", "total": total}
    item |= {"total_tax": "0.00", "taxes": [], "price": float(total), "quantity": 1}
    if line is not None:
        item |= {"name": line["name"], "sku": line.get("sku", "")}
        item |= {
            "product_id": line.get("parent_id") or line["id"],
            "variation_id": line["id"] if line.get("parent_id") else 0,
        }
    body |= {
        "id": number, "number": str(number), "status": status, "order_key": key, "line_items": [item], "total": total,
        "shipping_total": "0.00", "shipping_tax": "0.00", "cart_tax": "0.00", "total_tax": "0.00", "tax_lines": [],
        "shipping_lines": [], "meta_data": [], "needs_payment": unpaid, "transaction_id": "",
        "payment_url": f"{home}/checkout/order-pay/{number}/?pay_for_order=true&key={key}",
    }  # fmt: skip
    body["billing"]["email"] = email
    for name, when in (("created", at), ("modified", at), ("paid", paid), ("completed", None)):
        body |= stamps(f"date_{name}", when, zone)
    return {**body, **more}


def meta(key: str, value: Any, number: int = 1) -> Thing:
    return {"id": number, "key": key, "value": value}


def customer(number: int, *, zone: str, email: str, first_name: str, at: datetime) -> Thing:
    body = recorded("customer.single")
    body |= {
        "id": number,
        "email": email,
        "first_name": first_name,
        "username": email.partition("@")[0],
        "meta_data": [],
    }
    body["billing"] |= {"email": email, "first_name": first_name}
    return body | stamps("date_created", at, zone) | stamps("date_modified", at, zone)


def product(number: int, *, home: str, zone: str, title: str, price: str, stock: int, at: datetime) -> Thing:
    body = recorded("product.simple-on-sale")
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    body |= {
        "id": number, "name": title.replace("&", "&amp;"), "slug": slug, "permalink": f"{home}/product/{slug}/",
        "price": price, "regular_price": price, "sale_price": "", "on_sale": False, "stock_quantity": stock,
        "stock_status": "instock" if stock > 0 else "outofstock",
        "upsell_ids": [], "cross_sell_ids": [], "related_ids": [],
    }  # fmt: skip
    return body | stamps("date_created", at, zone) | stamps("date_modified", at, zone)


def variation(number: int, parent: Thing, *, zone: str, option: str, price: str, stock: int, at: datetime) -> Thing:
    body = recorded("product.variations")[0]
    body |= {
        "id": number, "name": option, "parent_id": parent["id"], "price": price, "regular_price": price,
        "stock_quantity": stock, "stock_status": "instock" if stock > 0 else "outofstock",
        "permalink": f"{parent['permalink']}?attribute_size={option}",
        "attributes": [{"id": 0, "name": "Size", "slug": "size", "option": option}],
    }  # fmt: skip
    return body | stamps("date_created", at, zone) | stamps("date_modified", at, zone)


def review(
    number: int, of: Thing, *, zone: str, email: str, text: str, rating: int, at: datetime, status: str
) -> Thing:
    body = recorded("products.reviews")[0]
    body |= {
        "id": number, "product_id": of["id"], "product_name": of["name"], "product_permalink": of["permalink"],
        "reviewer": email.partition("@")[0].title(), "reviewer_email": email, "review": f"<p>{text}</p>\n",
        "rating": rating, "status": status,
    }  # fmt: skip
    return body | stamps("date_created", at, zone)


_LOCAL = re.compile(r"[^a-z0-9!#$%&'*+/=?^_`{|}~.-]")
_LABEL = re.compile(r"[^a-z0-9-]")


def sanitized(address: str) -> str:
    """WordPress's `sanitize_email`: strange letters are taken out, what is no address becomes nothing."""
    local, at, domain = address.lower().partition("@")
    labels = [label for part in domain.split(".") if (label := _LABEL.sub("", part).strip("-"))]
    local = _LOCAL.sub("", local)
    return f"{local}@{'.'.join(labels)}" if at and local and len(labels) > 1 else ""


def coupon(number: int, asked: Thing, *, zone: str, at: datetime) -> Thing:
    """What becomes of a request for a coupon: `date_expires_gmt` does nothing, a strange address is dropped (2.6)."""
    body = recorded("coupon.create")
    addresses = [kept for one in asked.get("email_restrictions") or () if (kept := sanitized(str(one)))]
    body |= {
        "id": number, "code": str(asked["code"]).strip().lower(),
        "discount_type": asked.get("discount_type", "fixed_cart"),
        "amount": _decimal(asked.get("amount")), "minimum_amount": _decimal(asked.get("minimum_amount")),
        "maximum_amount": _decimal(asked.get("maximum_amount")), "description": asked.get("description", ""),
        "individual_use": bool(asked.get("individual_use")), "free_shipping": bool(asked.get("free_shipping")),
        "exclude_sale_items": bool(asked.get("exclude_sale_items")), "email_restrictions": addresses,
        "product_ids": [int(one) for one in asked.get("product_ids") or ()], "usage_count": 0, "used_by": [],
        "meta_data": [
            meta(one["key"], one["value"], place) for place, one in enumerate(asked.get("meta_data") or (), 1)
        ],
    }  # fmt: skip
    for name in ("usage_limit", "usage_limit_per_user", "limit_usage_to_x_items"):
        body[name] = int(asked.get(name) or 0) or None
    body |= stamps("date_expires", moment(asked.get("date_expires"), zone), zone)
    return body | stamps("date_created", at, zone) | stamps("date_modified", at, zone)


def _decimal(value: Any) -> str:
    return str(Decimal(str(value or 0)).quantize(Decimal("0.01")))
