"""What begins because something was told: a payment that failed (B04), a segment, another app, a thing in stock."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.events import kinds
from apps.events.log import Happened, append
from tests.invariants import bodies
from tests.shopkeeping import ADA, Outbox, Person, Shop
from tests.stories import planning

BEA = Person("Bea", "bea@shopper.example")


def order(shop: Shop, number: int, status: str, *, created, person=ADA, cart=None, paid=None) -> None:
    at = shop.world.at
    shop.sends(bodies.woo_order(number, at, status, created=created, email=person.email, cart=cart, paid=paid))


def runs(shop: Shop, slug: str = "") -> list:
    from apps.flows.models import Enrollment

    found = Enrollment.objects.of(shop.store).order_by("id")
    return list(found.filter(flow__slug=slug) if slug else found)


@pytest.fixture
def till(shop: Shop) -> Shop:
    """A shop that reminds of baskets and of payments."""
    planning.preset(shop, "abandoned-checkout")
    planning.preset(shop, "unpaid-order")
    return shop


def test_half_an_hour_after_the_last_change_a_word_about_the_payment(till: Shop, outbox: Outbox) -> None:
    """And no word about the basket that the order still is, not even when the shop lets go of the stock."""
    created = till.world.at
    till.leaves_cart(ADA, name="k1")
    till.world.travel(minutes=5)
    order(till, 31, "pending", created=created, cart="k1")
    till.world.travel(minutes=20)
    order(till, 31, "failed", created=created, cart="k1")
    till.world.travel(minutes=29)
    assert outbox.to(ADA) == []

    till.world.travel(minutes=2)
    (mail,) = outbox.to(ADA)
    assert "payment" in mail.subject
    (run,) = runs(till)
    assert (run.flow.slug, run.status) == ("unpaid-order", "active")

    till.world.travel(hours=2)
    order(till, 31, "pending", created=created, cart="k1")
    till.world.travel(hours=2)
    order(till, 31, "cancelled", created=created, cart="k1")
    till.world.travel(hours=26)

    assert len(outbox.to(ADA)) == 2
    assert len(runs(till)) == 1
    assert [run.flow.slug for run in runs(till)] == ["unpaid-order"]


def test_paid_after_all_or_cancelled_by_a_person_nothing_is_said(till: Shop, outbox: Outbox) -> None:
    till.says_yes(ADA)
    till.says_yes(BEA)
    created = till.world.at
    order(till, 41, "failed", created=created)
    order(till, 42, "failed", created=created, person=BEA)
    till.world.travel(minutes=10)
    order(till, 41, "processing", created=created, paid=till.world.at)
    order(till, 42, "cancelled", created=created, person=BEA)
    till.world.travel(minutes=40)

    assert outbox.all() == []
    assert [(run.status, run.reason) for run in runs(till)] == [
        ("completed", "order_paid"), ("exited", "order_cancelled"),
    ]  # fmt: skip


def test_a_reminder_under_way_gives_way_to_the_payment(till: Shop) -> None:
    created = till.world.at
    till.leaves_cart(ADA, name="k1")
    till.world.travel(minutes=90)
    assert [run.flow.slug for run in runs(till)] == ["abandoned-checkout"]

    order(till, 31, "failed", created=created, cart="k1")
    till.world.travel(minutes=1)

    assert [(run.flow.slug, run.status) for run in runs(till)] == [
        ("abandoned-checkout", "exited"), ("unpaid-order", "active"),
    ]  # fmt: skip


def told(shop: Shop, kind: str, person: Person, **data) -> None:
    """Another part of the engine writes in the diary."""
    who = shop.customer(person).pk
    event = Happened(
        store_id=shop.store.pk, customer_id=who, subject=f"customer:{who}", kind=kind, occurred_at=shop.world.at,
        source_key=f"story:{kind}:{who}:{shop.world.at:%H%M}", data=data,
    )  # fmt: skip
    append([event], shop.world.at)
    shop.world.travel(minutes=1)


def test_into_a_segment_and_out_of_it_and_what_another_app_says(shop: Shop, outbox: Outbox) -> None:
    shop.says_yes(ADA)
    shop.says_yes(BEA)
    planning.live(shop, "in", {"segment_entered": "loyal"})
    planning.live(shop, "out", {"segment_left": "loyal"})
    planning.live(shop, "points", {"custom_event": "loyalty.level"})
    planning.live(shop, "tips", {"survey_answered": {"survey": "silent", "answers": ["not_used"]}})

    told(shop, kinds.SEGMENT_ENTERED, ADA, segment="loyal")
    told(shop, kinds.SEGMENT_ENTERED, BEA, segment="others")
    assert [(run.flow.slug, run.customer_id) for run in runs(shop)] == [("in", shop.customer(ADA).pk)]
    assert len(outbox.to(ADA)) == 1

    told(shop, kinds.SEGMENT_LEFT, ADA, segment="loyal")
    told(shop, kinds.CUSTOM, BEA, name="loyalty.level", custom=12)
    told(shop, kinds.CUSTOM, ADA, name="quiz.done", custom=13)
    told(shop, kinds.SURVEY_ANSWERED, BEA, survey="silent", answer="too_dear")
    told(shop, kinds.SURVEY_ANSWERED, ADA, survey="silent", answer="not_used")

    assert [(run.flow.slug, run.about) for run in runs(shop)[1:]] == [
        ("out", {}), ("points", {"custom": 12}), ("tips", {"survey": "silent", "answer": "not_used"}),
    ]  # fmt: skip
    assert outbox.to(BEA) != []


def test_new_people_a_yes_and_guests(shop: Shop) -> None:
    planning.live(shop, "new", "customer_created", reentry="never")
    planning.live(shop, "yes", "consent_given", reentry="never")
    planning.live(shop, "guests", "guest_ordered", reentry="never")
    shop.says_yes(ADA)
    shop.world.travel(minutes=1)
    assert {run.flow.slug for run in runs(shop)} == {"new", "yes"}

    shop.places_order(ADA)
    shop.places_order(BEA.with_account(77))
    shop.places_order(ADA)
    shop.world.travel(minutes=1)

    assert [run.customer_id for run in runs(shop, "guests")] == [shop.customer(ADA).pk]
    assert len(runs(shop, "new")) == 2


def test_what_was_sold_out_is_back_for_who_asked_or_had_it_in_a_basket(shop: Shop) -> None:
    from apps.catalog.models import Product
    from apps.customers.models import CustomEvent

    at = shop.world.at
    shop.sends(bodies.woo_product(13, at))
    shop.leaves_cart(ADA)
    shop.says_yes(BEA)
    CustomEvent.objects.create(
        store=shop.store, customer=shop.customer(BEA), name="stock.wanted", properties={"product": "13"},
        occurred_at=at, key="once",
    )  # fmt: skip
    shop.world.travel(hours=2)
    planning.live(shop, "back", "back_in_stock")
    Product.objects.of(shop.store).filter(external_id="13").update(in_stock=False)

    for _ in range(2):
        shop.world.travel(minutes=5)
        shop.sends(_in_stock(13, shop.world.at))
        shop.world.travel(minutes=1)

    assert {run.customer_id for run in runs(shop)} == {shop.customer(ADA).pk, shop.customer(BEA).pk}
    assert {(run.subject, run.about["product"]) for run in runs(shop)} == {("product:13", "13")}


def _in_stock(number: int, at) -> bodies.Post:
    import json
    from dataclasses import replace

    post = bodies.woo_product(number, at)
    body = json.loads(post.body) | {"stock_status": "instock"}
    return replace(post, body=json.dumps(body).encode())


def test_three_baskets_and_never_an_order_is_asked_what_keeps_her(shop: Shop) -> None:
    planning.live(shop, "came-back", "came_back", reentry="never")
    for number in range(4):
        shop.leaves_cart(ADA, name=f"k{number}")
        shop.leaves_cart(BEA, name=f"b{number}")
        shop.world.travel(hours=2)
        if number == 1:
            shop.places_order(BEA)

    (run,) = runs(shop)
    assert run.customer_id == shop.customer(ADA).pk
    assert run.triggered_at < shop.world.at - timedelta(hours=2)


def test_what_was_bought_begins_what_belongs_to_it(shop: Shop) -> None:
    from apps.catalog.models import Product

    at = shop.world.at
    shop.sends(bodies.woo_product(13, at), bodies.woo_product(14, at))
    Product.objects.of(shop.store).filter(external_id="14").update(categories=["Tea"], tags=["gift"])
    planning.live(shop, "by-number", {"bought": {"products": ["13"]}})
    planning.live(shop, "by-category", {"bought": {"categories": ["tea"]}})
    planning.live(shop, "by-tag", {"bought": {"tags": ["sale"]}})
    planning.live(shop, "arrived", {"bought": {"categories": ["tea"], "moment": "delivered"}})
    shop.sends(
        bodies.woo_order(
            61, at, "completed", created=at, email=ADA.email, things=[("14", 1, "5.00")], paid=at, completed=at
        )
    )
    shop.world.travel(minutes=1)
    assert [(run.flow.slug, run.about["product"]) for run in runs(shop)] == [("by-category", "14")]

    shop.world.travel(days=4)
    assert [(run.flow.slug, run.about["product"]) for run in runs(shop)[1:]] == [("arrived", "14")]
