"""The link that rebuilds a basket in a WooCommerce shop (decision 25, woocommerce.md 5.6)."""

from __future__ import annotations

import base64
import hmac
from typing import Any
from urllib.parse import urlencode

import msgspec

from apps.stores.platforms.base import Basket, ShopLinks
from apps.stores.platforms.woocommerce.meta import UTM_SOURCE
from apps.stores.platforms.woocommerce.signature import key_of
from apps.stores.snapshots import Line

_CHECKOUT_LINK_SINCE = (10, 0)


def restore(basket: Basket, shop: ShopLinks) -> str:
    """The companion's signed link, else core's checkout link, else the shop's cart page."""
    home = shop.url.rstrip("/")
    if shop.companion and shop.secret:
        return f"{home}/?{urlencode({'rcv': _token(basket, shop.secret)} | _utm(basket))}"
    products = _products(basket)
    if products and shop.version >= _CHECKOUT_LINK_SINCE:
        coupon = {"coupon": basket.code} if basket.code else {}
        query = urlencode({"products": products} | coupon | _utm(basket), safe=":,")
        return f"{home}/checkout-link/?{query}"
    return f"{home}/cart/?{urlencode(_utm(basket))}"


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
            pairs.append(f"{wanted}:{max(1, int(line.quantity))}")
    return ",".join(pairs)


def _number(value: str | None) -> int | None:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 19 else None
