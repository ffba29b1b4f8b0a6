"""Pieces that Shopify's carts, checkouts and orders share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from apps.stores.platforms.base import ShopFacts
from apps.stores.platforms.cleaning import (
    Id,
    Loose,
    amount,
    country,
    currency,
    email,
    key,
    known,
    text,
)
from apps.stores.platforms.shopify.payloads import Address, Customer, MoneySet
from apps.stores.snapshots import Keys, Person

_NOBODY = Address()
_ONLY_VARIANT = "Default Title"
_NOT_BY_A_BUYER = {
    "shopify_draft_order": "draft order",
    "pos": "point of sale",
    "iphone": "point of sale",
    "android": "point of sale",
    "subscription_contract": "subscription",
    "subscription_contract_checkout_one": "subscription",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a body does not say of itself."""

    shop: ShopFacts
    tie: str
    triggered_at: datetime | None
    test: bool
    domain: str


def cart_token(value: Id) -> str | None:
    """Cut at `?`: what follows is the cart's secret (shopify.md 3)."""
    return key(value.partition("?")[0]) if isinstance(value, str) else key(value)


def cart_keys(checkout: Id, cart: Id) -> Keys:
    pairs = (("checkout", key(checkout)), ("cart", cart_token(cart)))
    return tuple((kind, value) for kind, value in pairs if value is not None)


def shown(money: MoneySet | None, plain: Loose) -> Loose:
    """The amount in the buyer's currency; the plain one of a body without sets."""
    if money is not None and money.presentment_money is not None and money.presentment_money.amount is not None:
        return money.presentment_money.amount
    return plain


def shown_currency(money: MoneySet | None, *plain: str | None) -> str:
    """The first currency that is one; the last is the shop's."""
    if money is not None and money.presentment_money is not None and money.presentment_money.currency_code:
        plain = (money.presentment_money.currency_code, *plain)
    return next((code for one in plain if (code := currency(one, ""))), "")


def title(name: str | None, variant: str | None) -> str:
    """As the cart words it: `Linen Shirt - M / Sand`. Shopify's titles are plain text: nothing to
    decode.
    """
    if variant and variant != _ONLY_VARIANT:
        return text(f"{name or ''} - {variant}")
    return text(name)


def options(properties: Any) -> tuple[tuple[str, str], ...]:
    """null, `{}`, a list of pairs or an object; names with `_` are hidden from buyers (14.12)."""
    pairs = [
        (text(name, 100), text(str(value), 100))
        for name, value in pairs_of(properties)
        if not name.startswith("_") and isinstance(value, (str, int)) and value != ""
    ]
    return tuple(pairs[:10])


def pairs_of(value: Any) -> list[tuple[str, Any]]:
    """`note_attributes`, `properties`: a list of {name, value}, in Ajax carts an object (14.16)."""
    if isinstance(value, dict):
        return list(value.items())
    if not isinstance(value, list):
        return []
    return [
        (one["name"], one.get("value")) for one in value if isinstance(one, dict) and isinstance(one.get("name"), str)
    ]


def person(
    address: str | None,
    customer: Customer | None,
    shipping: Address | None,
    billing: Address | None,
    locale: str | None,
) -> Person:
    """Who, where the shop may tell: an address typed here goes before that of the account."""
    who = customer or Customer()
    shipping, billing, home = (
        shipping or _NOBODY,
        billing or _NOBODY,
        who.default_address or _NOBODY,
    )
    return Person(
        account=key(who.id),
        email=email(address) or email(who.email),
        first_name=known(who.first_name) or known(shipping.first_name) or known(billing.first_name),
        last_name=known(who.last_name) or known(shipping.last_name) or known(billing.last_name),
        locale=known(locale, 20),
        country=country(shipping.country_code) or country(billing.country_code) or country(home.country_code),
    )


def unmailable(source: str | None, company: Any, *, test: bool) -> str:
    """Baskets that no buyer left in the shop (14.17, 14.18, 14.20)."""
    if test:
        return "test"
    return _NOT_BY_A_BUYER.get(source or "") or ("business customer" if company else "")


def gid(value: str | None) -> str | None:
    """`gid://shopify/Customer/7012345678901` → `7012345678901`."""
    return key(value.rpartition("/")[2].partition("?")[0]) if value else None


def listed(ids: list[Id] | None) -> tuple[str, ...]:
    return tuple(found for one in ids or () if (found := key(one)))


def first_amount(*values: Loose) -> Any:
    """The first that is a number, as Decimal."""
    return next((number for one in values if (number := amount(one)) is not None), None)
