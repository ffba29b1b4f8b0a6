"""Deliveries as the platforms send them: recorded bodies with a few fields changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
DOMAIN = "example-shop.myshopify.com"
Things = Sequence[tuple[str, int, str]]
"""(product, quantity, price of one)"""


@dataclass(frozen=True, kw_only=True)
class Post:
    """One delivery before it is signed. `at` is when the shop sent it."""

    topic: str
    body: bytes
    at: datetime
    headers: dict[str, str] = field(default_factory=dict)


@cache
def _recorded(name: str) -> str:
    return (FIXTURES / name).read_text("utf-8")


def recorded(name: str) -> dict[str, Any]:
    """A recorded body, to be changed at will."""
    found: dict[str, Any] = json.loads(_recorded(name))
    return json.loads(found["body"]) if name.endswith(".http.json") else found


def _post(topic: str, body: Any, at: datetime, **headers: str) -> Post:
    return Post(topic=topic, body=json.dumps(body).encode(), at=at, headers=headers)


def gmt(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") if at else None


def iso(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def money(things: Things) -> str:
    return f"{sum(quantity * float(price) for _, quantity, price in things):.2f}"


# --- WooCommerce and the companion ------------------------------------------------------------------


def _companion(topic: str, data: dict[str, Any], at: datetime) -> Post:
    event = {"id": f"{topic}-{iso(at)}", "topic": topic, "created": iso(at), "data": data}
    return _post(topic, {"events": [event]}, at)


def woo_cart(
    cart: str,
    at: datetime,
    things: Things = (("13", 1, "59.90"),),
    *,
    email: str | None = None,
    account: int = 0,
    consent: tuple[str, datetime] | None = None,
    first_name: str = "",
    source: str = "checkout",
) -> Post:
    body = recorded("woocommerce/companion/cart.updated.block-guest.http.json")
    data = body["events"][0]["data"]
    item = data["items"][0]
    data |= {
        "cart": cart,
        "customer_id": account,
        "email": email,
        "email_source": source if email else None,
        "first_name": first_name,
        "total": money(things),
        "consent": _stamp(consent),
        "items": [
            item | {"product_id": int(product), "quantity": quantity, "price": price,
                    "line_total": money([(product, quantity, price)])}
            for product, quantity, price in things
        ],
        "at": iso(at),
    }  # fmt: skip
    return _companion("cart.updated" if things else "cart.emptied", data, at)


def _stamp(consent: tuple[str, datetime] | None) -> dict[str, Any] | None:
    if consent is None:
        return None
    return {"state": consent[0], "at": iso(consent[1]), "source": "block_checkout"}


def woo_consent(email: str, at: datetime, state: str, *, account: int = 0) -> Post:
    data = {"customer_id": account, "email": email, "consent": _stamp((state, at)), "at": iso(at)}
    return _companion("consent.changed", data, at)


def woo_order(
    number: int,
    at: datetime,
    status: str,
    *,
    created: datetime,
    email: str,
    things: Things = (("13", 1, "59.90"),),
    account: int = 0,
    paid: datetime | None = None,
    completed: datetime | None = None,
    cart: str | None = None,
    refunds: Sequence[tuple[int, str]] = (),
    first_name: str = "Ada",
    topic: str = "order.updated",
) -> Post:
    body = recorded("woocommerce/order.created.classic-pending.http.json")
    item = body["line_items"][0]
    body |= {
        "id": number,
        "number": str(number),
        "status": status,
        "customer_id": account,
        "date_created_gmt": gmt(created),
        "date_modified_gmt": gmt(at),
        "date_paid_gmt": gmt(paid),
        "date_completed_gmt": gmt(completed),
        "prices_include_tax": False,
        "total": money(things),
        "shipping_total": "0.00",
        "needs_payment": status in ("pending", "failed"),
        "billing": body["billing"] | {"email": email, "first_name": first_name, "last_name": "Byron", "country": "NL"},
        "meta_data": [{"id": 1, "key": "_rcv_cart", "value": cart}] if cart else [],
        "refunds": [{"id": one, "reason": "", "total": f"-{amount}"} for one, amount in refunds],
        "line_items": [
            item | {"product_id": int(product), "quantity": quantity, "total": money([(product, quantity, price)])}
            for product, quantity, price in things
        ],
    }
    return _post(topic, body, at)


def woo_customer(account: int, at: datetime, email: str, *, first_name: str = "Ada") -> Post:
    body = recorded("woocommerce/customer.created.http.json")
    body |= {"id": account, "email": email, "first_name": first_name, "date_modified_gmt": gmt(at)}
    return _post("customer.updated", body, at)


def woo_product(product: int, at: datetime, *, name: str = "Mug", price: str = "10.00") -> Post:
    body = recorded("woocommerce/product.updated.http.json")
    body |= {"id": product, "name": name, "price": price, "date_modified_gmt": gmt(at)}
    return _post("product.updated", body, at)


# --- Shopify --------------------------------------------------------------------------------------


def _shopify(topic: str, body: Any, at: datetime) -> Post:
    sent = (at + timedelta(milliseconds=300)).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
    return _post(topic, body, at, **{"X-Shopify-Triggered-At": sent, "X-Shopify-Shop-Domain": DOMAIN})


def _line(item: dict[str, Any], product: str, quantity: int, price: str) -> dict[str, Any]:
    total = money([(product, quantity, price)])
    shown = {"presentment_money": {"amount": price, "currency_code": "EUR"}}
    line = {"presentment_money": {"amount": total, "currency_code": "EUR"}}
    return item | {
        "product_id": int(product), "variant_id": int(product) + 500, "quantity": quantity, "price": price,
        "line_price": total, "price_set": shown, "line_price_set": line,
    }  # fmt: skip


def shopify_cart(
    token: str, at: datetime, things: Things = (("13", 1, "59.90"),), *, created: datetime | None = None
) -> Post:
    body = recorded("shopify/scenarios/recovered/01_carts_create.json")
    item = body["line_items"][0]
    body |= {
        "id": token,
        "token": token,
        "created_at": iso(created or at),
        "updated_at": iso(at),
        "line_items": [_line(item, *thing) for thing in things],
    }
    return _shopify("carts/update", body, at)


def _customer(body: dict[str, Any], account: int | None, email: str | None) -> dict[str, Any] | None:
    return None if account is None else body["customer"] | {"id": account, "email": email}


def shopify_checkout(
    token: str,
    at: datetime,
    things: Things = (("13", 1, "59.90"),),
    *,
    email: str | None,
    account: int | None = None,
    cart: str | None = None,
    created: datetime | None = None,
    completed: datetime | None = None,
    accepts: bool = False,
) -> Post:
    body = recorded("shopify/scenarios/recovered/04_checkouts_update.json")
    item = body["line_items"][0]
    for address in (body["shipping_address"], body["billing_address"], body["customer"]["default_address"]):
        address["country_code"] = "NL"
    body |= {
        "token": token,
        "cart_token": f"{cart}?key=5f2d" if cart else None,
        "email": email,
        "buyer_accepts_marketing": accepts,
        "customer": _customer(body, account, email),
        "created_at": iso(created or at),
        "updated_at": iso(at),
        "completed_at": iso(completed),
        "presentment_currency": "EUR",
        "total_price": money(things),
        "subtotal_price": money(things),
        "line_items": [_line(item, *thing) for thing in things],
    }
    return _shopify("checkouts/update", body, at)


def shopify_checkout_deleted(token: str, cart: str, at: datetime) -> Post:
    return _shopify("checkouts/delete", {"token": token, "cart_token": cart}, at)


def shopify_order(
    number: int,
    at: datetime,
    *,
    created: datetime,
    email: str | None,
    account: int | None = None,
    financial: str = "paid",
    fulfillment: str | None = None,
    checkout: str | None = None,
    cart: str | None = None,
    cancelled: datetime | None = None,
    things: Things = (("13", 1, "59.90"),),
    refunds: Sequence[dict[str, Any]] = (),
    topic: str = "orders/updated",
) -> Post:
    body = recorded("shopify/scenarios/recovered/05_orders_create.json")
    item, total = body["line_items"][0], money(things)
    shown = {"presentment_money": {"amount": total, "currency_code": "EUR"}}
    for address in (body["shipping_address"], body["billing_address"], body["customer"]["default_address"]):
        address["country_code"] = "NL"
    body |= {
        "id": number,
        "name": f"#{number}",
        "email": email,
        "contact_email": email,
        "customer": _customer(body, account, email),
        "checkout_token": checkout,
        "cart_token": cart,
        "created_at": iso(created),
        "processed_at": iso(created),
        "updated_at": iso(at),
        "cancelled_at": iso(cancelled),
        "financial_status": financial,
        "fulfillment_status": fulfillment,
        "total_price": total,
        "total_price_set": shown,
        "subtotal_price_set": shown,
        "total_shipping_price_set": {"presentment_money": {"amount": "0.00", "currency_code": "EUR"}},
        "discount_codes": [],
        "line_items": [_line(item, *thing) | {"discount_allocations": []} for thing in things],
        "refunds": list(refunds),
        "fulfillments": [],
    }
    return _shopify(topic, body, at)


def refund_of(number: int, order: int, at: datetime, amount: str) -> dict[str, Any]:
    paid_back = {"kind": "refund", "status": "success", "amount": amount, "currency": "EUR"}
    return {
        "id": number, "order_id": order, "created_at": iso(at), "processed_at": iso(at), "refund_line_items": [],
        "transactions": [paid_back],
    }  # fmt: skip


def shopify_refund(number: int, order: int, at: datetime, amount: str) -> Post:
    return _shopify("refunds/create", refund_of(number, order, at, amount), at)


def shopify_parcel(number: int, order: int, at: datetime, *, delivered: bool = False) -> Post:
    body = recorded("shopify/fulfillments_update.json")
    body |= {
        "id": number, "order_id": order, "status": "success", "created_at": iso(at), "updated_at": iso(at),
        "shipment_status": "delivered" if delivered else "in_transit",
    }  # fmt: skip
    return _shopify("fulfillments/update", body, at)


def shopify_customer(account: int, at: datetime, email: str | None, *, first_name: str = "Ada") -> Post:
    body = recorded("shopify/customers_update.json")
    body |= {"id": account, "email": email, "first_name": first_name, "updated_at": iso(at)}
    return _shopify("customers/update", body, at)


def shopify_consent(account: int, email: str, at: datetime, state: str) -> Post:
    given = {"state": state, "opt_in_level": "single_opt_in", "consent_updated_at": iso(at)}
    body = {"customer_id": account, "email_address": email, "email_marketing_consent": given}
    return _shopify("customers_email_marketing_consent/update", body, at)


def shopify_merge(kept: int, gone: int, at: datetime) -> Post:
    body = {
        "admin_graphql_api_customer_kept_id": f"gid://shopify/Customer/{kept}",
        "admin_graphql_api_customer_deleted_id": f"gid://shopify/Customer/{gone}",
        "status": "completed",
        "errors": [],
    }
    return _shopify("customers/merge", body, at)


def shopify_gone(noun: str, number: int, at: datetime) -> Post:
    return _shopify(f"{noun}s/delete", {"id": number}, at)


def shopify_product(product: int, at: datetime, *, title: str = "Mug") -> Post:
    body = recorded("shopify/products_update.json")
    body |= {"id": product, "title": title, "updated_at": iso(at), "variants": body["variants"][:1]}
    body["variants"][0] |= {"id": product + 500, "product_id": product, "price": "10.00"}
    return _shopify("products/update", body, at)
