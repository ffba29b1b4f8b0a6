"""Scenario 15, a regular customer, and scenario 16, somebody who is about to leave: from deliveries to segments."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.invariants import bodies
from tests.shopkeeping import ADA, CY, MONDAY, Person, Shop, World

if TYPE_CHECKING:
    from apps.segments.models import Segment

BOB = Person("Bob", "bob@shopper.example")


def segment(shop: Shop, slug: str, *conditions: Any) -> Segment:
    """A segment as an owner saves it."""
    from apps.segments import saving
    from apps.segments.models import Segment

    made = Segment.objects.create(store=shop.store, slug=slug, name=slug.title())
    saving.save(made, list(conditions), shop.world.at)
    return made


def names(of: Segment) -> list[str]:
    """Who is in it."""
    return sorted(of.memberships.values_list("customer__email", flat=True))


def told(shop: Shop, person: Person) -> list[tuple[str, str]]:
    """What the diary says of this person's segments."""
    from apps.events.models import Event

    found = Event.objects.filter(customer_id=shop.customer(person).pk, kind__startswith="segment.")
    return [(row.kind, row.data["segment"]) for row in found.order_by("id")]


def pays(shop: Shop, person: Person, number: int, *, status: str = "processing", refund: str = "") -> None:
    """An order as WooCommerce tells it; later with another status, or with money given back."""
    at, created = shop.world.at, MONDAY
    post = bodies.woo_order(
        number, at, status, created=created, email=person.email, things=[("13", 1, "50.00")], paid=created,
        refunds=((1, refund),) if refund else (),
    )  # fmt: skip
    shop.sends(post)


@pytest.mark.parametrize("at_the_till", ["woocommerce", "shopify"])
def test_a_third_order_makes_a_regular_and_a_refund_unmakes_one(
    request: pytest.FixtureRequest, at_the_till: str, travel: Callable[..., None]
) -> None:
    shop: Shop = request.getfixturevalue("shop" if at_the_till == "woocommerce" else "shopify_shop")
    regulars = segment(shop, "regulars", {"ordered": {"n": 3}})

    for _ in range(2):
        shop.places_order(ADA)
        travel(days=2)
    assert names(regulars) == []
    number = shop.places_order(ADA)
    travel(minutes=5)
    assert names(regulars) == [ADA.email]
    shop.places_order(BOB)
    travel(days=3)

    at = shop.world.at
    if shop.is_shopify:
        shop.sends(bodies.shopify_refund(9, number, at, "80.00"))
    else:
        post = bodies.woo_order(
            number, at, "refunded", created=at - timedelta(days=3), email=ADA.email, things=[("13", 1, "80.00")],
        )  # fmt: skip
        shop.sends(post)
    travel(minutes=5)

    assert names(regulars) == []
    assert told(shop, ADA) == [("segment.entered", "regulars"), ("segment.left", "regulars")]
    assert told(shop, BOB) == []


def mails(shop: Shop, person: Person, count: int, *, from_at: Any) -> list[int]:
    """Marketing mails that arrived, a day apart."""
    from apps.mail.models import Message

    rows = Message.objects.bulk_create(
        Message(
            store=shop.store, customer=shop.customer(person), origin=f"{person.name}:{n}", status="accepted",
            purpose="cart", template_slug="abandoned-checkout-1", planned_at=from_at, wanted_at=from_at,
            valid_until=from_at, sending_at=from_at + timedelta(days=n), basis="consent", policy_version="1",
        )
        for n in range(count)
    )  # fmt: skip
    return [row.pk for row in rows]


def opened_by_machine(shop: Shop, person: Person, message: int) -> None:
    """What a mail program fetches by itself, as the open pixel would write it down."""
    from apps.events import kinds
    from apps.events.log import Happened, append

    append(
        [
            Happened(
                store_id=shop.store.pk, customer_id=shop.customer(person).pk, subject=f"message:{message}",
                kind=kinds.MAIL_OPENED, occurred_at=shop.world.at, source_key=str(message), data={"machine": "proxy"},
            )
        ],
        shop.world.at,
    )  # fmt: skip


def test_who_is_late_and_silent_is_at_risk_and_who_is_only_silent_is_not(
    shop: Shop, world: World, travel: Callable[..., None]
) -> None:
    from apps.tracking.models import Click

    leaving = segment(shop, "leaving", "at_risk")
    for _ in range(3):
        # Every six days.
        shop.places_order(ADA)
        shop.places_order(BOB)
        travel(days=6)
    shop.places_order(CY)
    late = shop.world.at
    first = mails(shop, ADA, 5, from_at=late)
    clicked = mails(shop, BOB, 5, from_at=late)
    mails(shop, CY, 7, from_at=late)
    opened_by_machine(shop, ADA, first[-1])
    Click.objects.create(message_id=clicked[-1], slot=1, at=late + timedelta(days=4, hours=1), machine="")
    Click.objects.create(message_id=first[-1], slot=1, at=late + timedelta(days=4, hours=1), machine="burst")
    travel(days=2)
    assert names(leaving) == []

    travel(days=4)

    # Twelve days since her last order, and five mails without a word; Bob clicked, and Cy ordered but once.
    assert names(leaving) == [ADA.email]
    assert told(shop, ADA) == [("segment.entered", "leaving")]
    shop.places_order(ADA)
    travel(minutes=5)
    assert names(leaving) == []
