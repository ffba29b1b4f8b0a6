"""Scenario 9: a button per product, each to its own place; nothing while a return is open, nothing after a refund."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from tests.invariants import bodies
from tests.shopkeeping import ADA, Outbox, Person, Shop
from tests.stories import planning
from tests.stories.answering import below, days_pass, leads_to, path_of, presses

if TYPE_CHECKING:
    from django.test import Client

BEA = Person("Bea", "bea@shopper.example", 9002)
CAS = Person("Cas", "cas@shopper.example", 9003)
SHOP = "https://molenzicht.example"


@pytest.fixture
def asking(shop: Shop) -> Shop:
    """A shop with three products, of which two are often bought together, and review requests on."""
    from apps.catalog.models import Pairing, Product

    at = shop.world.at
    shop.sends(*(bodies.woo_product(number, at, name=f"Thing {number}") for number in (13, 14, 15)))
    for number in ("13", "14", "15"):
        rated = {"rating": Decimal("4.6"), "rating_count": 12} if number == "15" else {}
        Product.objects.of(shop.store).filter(external_id=number).update(
            url=f"{SHOP}/p/{number}/", in_stock=True, **rated
        )
    Pairing.objects.create(
        store=shop.store, kind="order", product="13", other="15", support=9, confidence=Decimal("0.5"), lift=Decimal(3)
    )
    planning.preset(shop, "review-request")
    return shop


def buys(shop: Shop, person: Person, number: int) -> None:
    at = shop.world.at
    shop.says_yes(person)
    shop.sends(delivered(number, at, person))


def delivered(number, at, person, **more):
    things = [("13", 1, "30.00"), ("14", 1, "12.00")]
    status = more.pop("status", "completed")
    return bodies.woo_order(
        number,
        more.pop("now", at),
        status,
        created=at,
        email=person.email,
        things=things,
        paid=at,
        completed=at,
        **more,
    )


def test_each_product_has_its_own_button(asking: Shop, phone: Client, outbox: Outbox) -> None:
    buys(asking, ADA, 7001)
    days_pass(asking.world, 4, 12)
    assert outbox.all() == []

    days_pass(asking.world, 2)

    (mail,) = outbox.to(ADA)
    targets = {leads_to(phone, asking.world, link) for link in mail.links if "/r/" in link}
    assert {f"{SHOP}/p/13/#reviews", f"{SHOP}/p/14/#reviews"} <= targets
    assert "Thing 15" in mail.text
    assert "4,6" in mail.text


def test_nobody_is_asked_about_what_comes_back(asking: Shop, outbox: Outbox) -> None:
    ordered_at = asking.world.at
    for person, number in ((ADA, 7001), (BEA, 7002)):
        buys(asking, person, number)
    days_pass(asking.world, 10)
    asking.sends(delivered(7001, ordered_at, ADA, now=asking.world.at, status="refunded", refunds=[(1, "42.00")]))
    opens_return(asking, BEA)

    days_pass(asking.world, 8, 7, 20)

    assert outbox.all() == []


def opens_return(shop: Shop, person: Person) -> None:
    from apps.customers.models import Hold

    Hold.objects.create(store=shop.store, customer=shop.customer(person), kind="return", began_at=shop.world.at)


def test_a_shop_without_reviews_has_a_form_of_ours(asking: Shop, phone: Client, outbox: Outbox) -> None:
    from apps.feedback.models import OwnReview

    asking.store.profile = {"review_url": "own"}
    asking.store.save(update_fields=["profile"])
    buys(asking, CAS, 7003)
    days_pass(asking.world, 4, 15)
    (mail,) = outbox.to(CAS)
    page = path_of(leads_to(phone, asking.world, below(mail, "Schrijf een review")))

    presses(phone, asking.world, page, rating="4", text="Fijn ding.", author="Cas", may_publish="yes")

    kept = OwnReview.objects.of(asking.store).get()
    assert (kept.product, kept.rating, kept.may_publish, kept.customer) == ("13", 4, True, asking.customer(CAS))
    # Whoever reviewed is not reminded.
    days_pass(asking.world, 7, 20)
    assert len(outbox.to(CAS)) == 1
