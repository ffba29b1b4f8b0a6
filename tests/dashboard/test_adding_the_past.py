"""The people from before a flow was on: counted in words on its page, and then taken in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from apps.accounts.roles import Role
from apps.core import clock
from apps.flows import publishing
from apps.flows.models import Enrollment
from tests.dashboard.test_campaigns import Pages
from tests.shopkeeping import ADA, BEN, Person, Shop, World, open_store
from tests.stories import planning

pytestmark = pytest.mark.django_db
BEA = Person("Bea", "bea@shopper.example")


@pytest.fixture
def shop() -> Shop:
    """Ada ordered thirty days ago, Bea five days ago, and Ben too, who is never to be written to."""
    shop = Shop(open_store(), World(clock.now() - timedelta(days=30)))
    for person, days in ((ADA, 25), (BEA, 0), (BEN, 5)):
        shop.says_yes(person)
        shop.places_order(person)
        shop.world.travel(days=days)
    shop.suppresses(BEN)
    return shop


def thanks(shop: Shop) -> Any:
    return planning.live(
        shop, "thanks", "first_order", reentry="never", purpose="thanks", exits=["second_order"],
        steps=[{"wait": "7d"}, {"send_email": planning.ANY}],
    )  # fmt: skip


def test_counted_in_words_and_then_added_from_the_flows_page(shop: Shop) -> None:
    flow, pages = thanks(shop), Pages(shop, Role.OWNER)
    address = reverse("dashboard:flow-past", args=[flow.pk])
    assert address in pages.client.get(reverse("admin:flows_flow_change", args=[flow.pk])).content.decode()

    page = pages.presses("flow-past-count", flow.pk, days="60")
    assert "1 person would begin now." in page
    assert "would begin, and we may not write to them" in page
    assert "too long ago for any mail of this flow" in page
    assert "Add them, from 60 days back" in page
    assert "0 people would begin now." in pages.presses("flow-past-count", flow.pk, days="2")
    assert not Enrollment.objects.exists()

    assert "2 people were added. 1 was left out." in pages.presses("flow-past-add", flow.pk, days="60")
    assert set(Enrollment.objects.values_list("customer__email", flat=True)) == {BEA.email, BEN.email}
    assert "0 people were added." in pages.presses("flow-past-add", flow.pk, days="60")
    assert Enrollment.objects.count() == 2


def test_only_for_a_flow_that_is_on_by_whoever_may_switch_it_on(shop: Shop) -> None:
    flow, owner = thanks(shop), Pages(shop, Role.OWNER)
    analyst = Pages(shop, Role.ANALYST)
    for verb in ("flow-past-count", "flow-past-add"):
        assert "Choose 1 to 400 days." in owner.presses(verb, flow.pk, days="401")
        assert "Choose 1 to 400 days." in owner.presses(verb, flow.pk, days="-1")
        assert owner.client.get(reverse(f"dashboard:{verb}", args=[flow.pk])).status_code == 405
        assert analyst.client.post(reverse(f"dashboard:{verb}", args=[flow.pk]), {"days": "9"}).status_code == 404

    publishing.pause(flow, clock.now())
    for verb in ("flow-past-count", "flow-past-add"):
        assert "Switch Thanks on first." in owner.presses(verb, flow.pk, days="60")
    assert "This flow is off." in owner.client.get(reverse("dashboard:flow-past", args=[flow.pk])).content.decode()
    assert not Enrollment.objects.exists()
