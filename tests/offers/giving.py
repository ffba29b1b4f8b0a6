"""Offers in shop words: what the owner offers, who is given it, and what people buy with it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.invariants import bodies

if TYPE_CHECKING:
    from apps.offers.granting import Answer
    from apps.offers.models import Code, Offer
    from tests.shopkeeping import Person, Shop

_numbers = itertools.count(1)


def offers(shop: Shop, **terms: Any) -> Offer:
    """Ten euros of credit, unless the owner says otherwise."""
    from apps.offers.models import Offer

    values: dict[str, Any] = {
        "name": f"Offer {next(_numbers)}", "kind": "credit", "value": Decimal(10), "currency": "EUR",
        "lasts": timedelta(days=14),
    }  # fmt: skip
    return Offer.objects.create(store=shop.store, **(values | terms))


def knows(shop: Shop, person: Person) -> int:
    """A customer of the shop; returns the row's key."""
    from apps.core.addresses import email_key
    from apps.core.secrets import hash_of
    from apps.customers.models import Customer

    key = email_key(person.email)
    assert key
    row, _ = Customer.objects.get_or_create(
        store=shop.store, email_key=key,
        defaults={"email": person.email, "address_hash": hash_of(shop.store.pk, key), "first_name": person.name},
    )  # fmt: skip
    return int(row.pk)


def gives(shop: Shop, offer: Offer, person: Person, ref: str = "", at: datetime | None = None) -> Answer:
    from apps.offers.granting import grant

    wish = (knows(shop, person), ref or f"run:{next(_numbers)}/step:3")
    return grant(offer, [wish], at or shop.world.at)[0]


def given(shop: Shop, offer: Offer, person: Person) -> Code:
    """A code that was granted and made in the shop."""
    from apps.offers.issuing import issue_due
    from apps.offers.models import Code

    answer = gives(shop, offer, person)
    issue_due(shop.world.at)
    return Code.objects.get(pk=answer.code_id)  # type: ignore[union-attr]


def buys_with(
    shop: Shop, person: Person, code: str, *, number: int | None = None, status: str = "processing",
    discount: str = "10.00", total: str = "70.00", at: datetime | None = None,
    refunds: Sequence[tuple[int, str]] = (),
) -> int:  # fmt: skip
    """A WooCommerce order that names a code."""
    number = number or 5000 + next(_numbers)
    moment = at or shop.world.at
    paid = moment if status in ("processing", "completed", "refunded") else None
    post = bodies.woo_order(
        number, moment, status, created=moment, email=person.email, things=[("13", 1, total)], paid=paid,
        first_name=person.name, refunds=refunds,
    )  # fmt: skip
    body = json.loads(post.body)
    body["coupon_lines"] = [{"id": 1, "code": code.lower(), "discount": discount, "discount_tax": "0"}]
    body["discount_total"] = discount
    shop.sends(replace(post, body=json.dumps(body).encode()))
    hears(shop)
    return number


def hears(shop: Shop) -> None:
    """Whoever listens to what happened is told."""
    from apps.events.announcing import announce_due

    while announce_due(shop.world.at):
        pass


def reload(code: Code) -> Code:
    code.refresh_from_db()
    return code
