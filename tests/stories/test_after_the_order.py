"""What follows an order: thanks, instructions, a warm welcome among the regulars; and what does not (7, 8, 15)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.invariants import bodies
from tests.shopkeeping import ADA, Outbox, Person, Shop
from tests.stories import planning

BEA = Person("Bea", "bea@shopper.example", 9002)
CAS = Person("Cas", "cas@shopper.example", 9003)
ANNA = ADA.with_account(9001)


@pytest.fixture(params=["woocommerce", "shopify"])
def either(request, world):
    """One shop of each platform."""
    from tests.shopkeeping import open_store

    request.getfixturevalue("db")
    return Shop(open_store(request.param), world)


def cancels(shop, person, number, ordered_at):
    at = shop.world.at
    if shop.is_shopify:
        shop.sends(
            bodies.shopify_order(
                number, at, created=ordered_at, email=person.email, account=person.account, cancelled=at
            )
        )
    else:
        shop.sends(
            bodies.woo_order(
                number, at, "cancelled", created=ordered_at, email=person.email, account=person.account, paid=ordered_at
            )
        )


def test_a_week_after_the_first_order_one_word_of_thanks(either: Shop, outbox: Outbox) -> None:
    """Scenario 7: not to who came back on the third day, nor to who cancelled."""
    planning.preset(either, "thank-you-first-order")
    for person in (ANNA, BEA, CAS):
        either.says_yes(person)
        either.places_order(person, number=4000 + (person.account or 0))
    ordered_at = either.world.at

    either.world.travel(days=2)
    cancels(either, CAS, 4000 + 9003, ordered_at)
    either.world.travel(days=1)
    either.places_order(BEA, number=5001)
    either.world.travel(days=3, hours=23)
    assert outbox.all() == []

    either.world.travel(days=20)

    assert len(outbox.to(ANNA)) == 1
    assert (outbox.to(BEA), outbox.to(CAS)) == ([], [])
    assert ends(either) == ["completed", "completed ordered_again", "exited order_cancelled"]


def ends(shop):
    from apps.flows.models import Enrollment

    runs = Enrollment.objects.of(shop.store).order_by("status", "reason")
    return [f"{run.status} {run.reason}".strip() for run in runs]


def test_who_bought_what_needs_a_word_of_explanation_gets_it(shop: Shop, outbox: Outbox) -> None:
    """Scenario 8: three days after it must have arrived, for nobody says so; who bought something else does not."""
    from apps.catalog.models import Product

    at = shop.world.at
    shop.sends(bodies.woo_product(13, at, name="Coffee press"), bodies.woo_product(14, at, name="Mug"))
    Product.objects.of(shop.store).filter(external_id="13").update(how_to="Grind it coarse, pour, wait, press.")
    planning.preset(shop, "use-tips")
    for person, thing in ((ADA, "13"), (BEA, "14")):
        shop.says_yes(person)
        shop.sends(
            bodies.woo_order(
                6000 + int(thing), at, "completed", created=at, email=person.email, things=[(thing, 1, "30.00")],
                paid=at, completed=at,
            )
        )  # fmt: skip

    shop.world.travel(days=5, hours=20)
    assert outbox.all() == []
    shop.world.travel(days=10)

    (mail,) = outbox.all()
    assert ADA.email in str(mail.parsed["To"])
    assert "Grind it coarse" in mail.text
    (run,) = runs(shop)
    assert run.about["product"] == "13"


def runs(shop):
    from apps.flows.models import Enrollment

    return list(Enrollment.objects.of(shop.store))


def test_said_and_supposed_to_be_delivered_is_one_delivery(shopify_shop: Shop) -> None:
    """Ada's parcel is early, Bea's late, of Cas's nobody says anything: each enters once."""
    shop = shopify_shop
    shop.store.profile = {"delivery_days": "2"}
    shop.store.save()
    planning.live(shop, "arrived", "order_delivered")
    at = shop.world.at
    for number, person in ((71, ANNA), (72, BEA), (73, CAS)):
        shop.sends(
            bodies.shopify_order(
                number, at, created=at, email=person.email, account=person.account, fulfillment="fulfilled"
            )
        )
    shop.world.travel(days=1)
    shop.sends(bodies.shopify_parcel(1, 71, shop.world.at, delivered=True))
    shop.world.travel(days=3)
    shop.sends(bodies.shopify_parcel(2, 72, shop.world.at, delivered=True))
    shop.world.travel(days=3)

    moments = {run.order.external_id: run.triggered_at for run in runs(shop)}
    nine = at.replace(hour=8, minute=0) + timedelta(days=2)
    assert moments == {"71": at + timedelta(days=1), "72": nine, "73": nine}


def test_the_third_paid_order_makes_a_regular_once_and_a_refund_ends_it(shop: Shop, outbox: Outbox) -> None:
    """Scenario 15."""
    steps = [{"send_email": planning.ANY}, {"wait": "30d"}, {"send_email": "second-purchase-1"}]
    planning.live(
        shop, "vip", {"nth_order": 3}, reentry="never", steps=steps, exits=[{"below_orders": 3}, "unsubscribed"]
    )
    shop.says_yes(ADA)
    for _ in range(2):
        shop.places_order(ADA)
        shop.world.travel(days=3)
    assert runs(shop) == []

    third = shop.places_order(ADA)
    ordered_at = shop.world.at
    shop.world.travel(days=1)
    assert len(outbox.to(ADA)) == 1

    at = shop.world.at
    shop.sends(
        bodies.woo_order(
            third, at, "refunded", created=ordered_at, email=ADA.email, paid=ordered_at,
            things=[("13", 1, "80.00")], refunds=[(9, "80.00")],
        )
    )  # fmt: skip
    shop.world.travel(minutes=1)
    assert ends(shop) == ["exited fewer_orders"]

    shop.places_order(ADA)
    shop.world.travel(days=60)
    assert len(outbox.to(ADA)) == 1
    assert len(runs(shop)) == 1
