"""The main job from end to end: real payloads in, flows walked, mails out; and what must never happen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from apps.flows.models import Enrollment
from apps.mail.models import Message
from tests.shopkeeping import ADA, Outbox, Person, Shop

pytestmark = pytest.mark.django_db
Travel = Callable[..., None]


@pytest.fixture(params=["woocommerce", "shopify"])
def any_shop(request: pytest.FixtureRequest) -> Shop:
    """The same story on either platform."""
    found: Shop = request.getfixturevalue("shop" if request.param == "woocommerce" else "shopify_shop")
    found.switches_on()
    return found


def test_a_basket_left_behind_becomes_one_good_mail(
    any_shop: Shop, travel: Travel, outbox: Outbox, ada: Person
) -> None:
    any_shop.leaves_cart(ada, total="80.00 EUR")

    travel(hours=1, minutes=59)
    assert outbox.all() == []

    travel(minutes=2)
    (mail,) = outbox.to(ada)
    assert "80,00" in mail.text or "80.00" in mail.text
    travel(hours=20)
    assert len(outbox.to(ada)) == 1


def test_three_mails_and_no_fourth(any_shop: Shop, travel: Travel, outbox: Outbox, ada: Person) -> None:
    any_shop.leaves_cart(ada)

    travel(days=30)

    slugs = list(Message.objects.filter(status="accepted").order_by("id").values_list("template_slug", flat=True))
    assert slugs == [f"abandoned-checkout-{nth}" for nth in (1, 2, 3)]
    assert len(outbox.to(ada)) == 3


def test_a_recovered_basket_silences_the_second_mail(
    any_shop: Shop, travel: Travel, outbox: Outbox, ada: Person
) -> None:
    cart = any_shop.leaves_cart(ada)
    travel(hours=3)

    any_shop.places_order(ada, from_cart=cart)
    travel(days=10)

    assert len(outbox.to(ada)) == 1


def test_an_order_a_second_before_the_mail_stops_it(
    any_shop: Shop, travel: Travel, outbox: Outbox, ada: Person
) -> None:
    any_shop.leaves_cart(ada)
    travel(hours=1, minutes=59, seconds=59)

    any_shop.places_order(ada)
    travel(days=10)

    assert outbox.all() == []
    assert Enrollment.objects.get().status in ("exited", "completed")


def test_ben_who_unsubscribed_gets_nothing(any_shop: Shop, travel: Travel, outbox: Outbox, ben: Person) -> None:
    any_shop.world.at -= timedelta(days=1)  # his yes is older than his leaving
    any_shop.leaves_cart(ben)
    any_shop.world.at += timedelta(days=1)

    travel(days=10)

    assert outbox.all() == []


def test_cy_of_another_shop_is_never_seen(
    shop: Shop, other_shop: Shop, travel: Travel, outbox: Outbox, cy: Person
) -> None:
    ada = ADA
    shop.switches_on()
    shop.leaves_cart(ada)
    other_shop.leaves_cart(cy)
    other_shop.places_order(ada)

    travel(hours=3)

    assert len(outbox.to(ada)) == 1
    assert outbox.to(cy) == []


def test_without_a_yes_nobody_is_mailed_and_the_reason_is_kept(
    any_shop: Shop, travel: Travel, outbox: Outbox, ada: Person
) -> None:
    any_shop.leaves_cart(ada, consent=False)

    travel(days=10)

    assert outbox.all() == []
    reasons = set(Message.objects.values_list("status", "reason"))
    assert all(status == "skipped" and reason.startswith("no_basis") for status, reason in reasons)
    assert reasons


def test_a_basket_a_day_late_starts_nothing(any_shop: Shop, travel: Travel, outbox: Outbox, ada: Person) -> None:
    """F17."""
    any_shop.sets(max_age="24h")
    late = any_shop.world.at
    any_shop.leaves_cart(ada)
    any_shop.world.at = late + timedelta(hours=27)

    travel(days=5)

    assert Enrollment.objects.count() == 0
    assert outbox.all() == []
