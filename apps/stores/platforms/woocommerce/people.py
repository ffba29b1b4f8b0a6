"""WooCommerce's customers: registered users only; guests live in their orders."""

from __future__ import annotations

from apps.stores.errors import Ignored, Unreadable
from apps.stores.platforms.base import ShopFacts
from apps.stores.platforms.cleaning import aware, country, email, key, unescaped
from apps.stores.platforms.woocommerce import meta
from apps.stores.platforms.woocommerce.payloads import Address, Customer
from apps.stores.snapshots import CustomerSeen, Person, Snapshot

_STAFF = frozenset({"administrator", "shop_manager", "editor", "author", "contributor"})
_NOBODY = Address()


def person(
    account: str | None,
    billing: Address | None,
    shipping: Address | None,
    locale: str | None = None,
) -> Person:
    billing, shipping = billing or _NOBODY, shipping or _NOBODY
    return Person(
        account=account,
        email=email(billing.email),
        first_name=unescaped(billing.first_name) or unescaped(shipping.first_name) or None,
        last_name=unescaped(billing.last_name) or unescaped(shipping.last_name) or None,
        locale=locale,
        country=country(billing.country) or country(shipping.country),
    )


def customer(body: Customer, tie: str, shop: ShopFacts) -> list[Snapshot]:
    """Any WordPress user comes under `customer.created`; who runs the shop is no customer until he
    buys.
    """
    account = key(body.id)
    if account is None:
        raise Unreadable("no_key", "a customer has an id")
    if body.email is None and body.username is None and body.role is None:
        raise Unreadable("wrong_shape", "expected a customer")
    if body.role in _STAFF and not body.is_paying_customer:
        raise Ignored("a user who works for the shop")
    values = meta.by_key(body.meta_data)
    modified = aware(body.date_modified_gmt or body.date_modified)
    created = aware(body.date_created_gmt or body.date_created)
    return [
        CustomerSeen(
            at=modified or created,
            tie=(0, tie),
            person=_registered(body, account, meta.locale(values) or meta.word(values, "locale", 20) or None),
            created_at=created,
            consent=meta.consent(values, modified or created, shop.consent_meta),
        )
    ]


def _registered(body: Customer, account: str, locale: str | None) -> Person:
    billed = person(account, body.billing, body.shipping, locale)
    return Person(
        account=account,
        email=email(body.email) or billed.email,
        first_name=unescaped(body.first_name) or billed.first_name,
        last_name=unescaped(body.last_name) or billed.last_name,
        locale=locale,
        country=billed.country,
    )
