"""The link that rebuilds a basket in a WooCommerce shop (decision 25, woocommerce.md 5.6)."""

from __future__ import annotations

import base64
import hmac
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec

from apps.stores.platforms.base import Basket, ShopLinks
from apps.stores.platforms.woocommerce.meta import UTM_SOURCE
from apps.stores.platforms.woocommerce.signature import key_of
from apps.stores.snapshots import Line

_CHECKOUT_LINK_SINCE = (10, 0)
PAYABLE: Final = timedelta(hours=1)
"""WooCommerce cancels what a checkout left unpaid after `woocommerce_hold_stock_minutes`, 60 by default (3.4)."""


def binds_address(shop: ShopLinks) -> bool:
    """Only our plugin puts the address into the visitor's session, which a code bound to one asks for.

    By core's link a guest is told to "enter a valid email" and pays the full price (3.5).
    """
    return shop.companion and bool(shop.secret)


def restore(basket: Basket, shop: ShopLinks) -> str:
    """The companion's signed link, else core's checkout link, else what an older shop has.

    That is: the order's own pay link in its first hour, one product into the basket, or the shop's cart page.
    """
    home = shop.url.rstrip("/")
    if shop.companion and shop.secret:
        return f"{home}/?{urlencode({'rcv': _token(basket, shop.secret)} | _utm(basket))}"
    products = _products(basket)
    if products and shop.version >= _CHECKOUT_LINK_SINCE:
        coupon = {"coupon": basket.code} if basket.code else {}
        query = urlencode({"products": products} | coupon | _utm(basket), safe=":,")
        return f"{home}/checkout-link/?{query}"
    if _can_be_paid(basket, shop):
        return f"{basket.pay_url}&{urlencode(_utm(basket))}"
    if products and len(basket.lines) == 1 and (only := basket.lines[0]).variant is None:
        return f"{home}/?{urlencode({'add-to-cart': only.product, 'quantity': _pieces(only)} | _utm(basket))}"
    return f"{home}/cart/?{urlencode(_utm(basket))}"


def _can_be_paid(basket: Basket, shop: ShopLinks) -> bool:
    """While the shop still holds its stock; to the shop itself, as the order said it."""
    if basket.at is None or basket.unpaid_since is None or not basket.at - basket.unpaid_since < PAYABLE:
        return False
    pay, home = urlsplit(basket.pay_url), urlsplit(shop.url)
    ours = {home.hostname, *shop.hosts}
    return pay.scheme == "https" and pay.hostname in ours and pay.username is None and bool(pay.query)


def _utm(basket: Basket) -> dict[str, str]:
    """WooCommerce's order attribution brings these back with the order."""
    return {"utm_source": UTM_SOURCE, "utm_medium": "email", "utm_id": basket.message_ref}


def _token(basket: Basket, secret: str) -> str:
    """`base64url(json).hex(hmac("restore." + payload))`. No address: whoever has the link could
    read it.
    """
    claims: dict[str, Any] = {
        "c": dict(basket.keys).get("companion", ""),
        "x": int(basket.expires_at.timestamp()),
        "k": basket.code,
        "r": basket.message_ref,
        "i": [item for line in basket.lines if (item := _item(line)) is not None],
    }
    payload = base64.urlsafe_b64encode(msgspec.json.encode(claims)).rstrip(b"=")
    signature = hmac.digest(key_of(secret), b"restore." + payload, "sha256").hex()
    return f"{payload.decode()}.{signature}"


def _item(line: Line) -> list[Any] | None:
    """`[product, variation, quantity, {attributes}]`; attributes only under the shop's own keys."""
    if _number(line.product) is None:
        return None
    whole = line.quantity == line.quantity.to_integral_value()
    attributes = {name: value for name, value in line.options if name.startswith("attribute_")}
    quantity = int(line.quantity) if whole else float(line.quantity)
    return [_number(line.product), _number(line.variant) or 0, quantity, attributes]


def _products(basket: Basket) -> str:
    pairs = []
    for line in basket.lines:
        wanted = _number(line.variant) or _number(line.product)
        if wanted is not None:
            pairs.append(f"{wanted}:{_pieces(line)}")
    return ",".join(pairs)


def _pieces(line: Line) -> int:
    return max(1, int(line.quantity))


def _number(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 19 else None
