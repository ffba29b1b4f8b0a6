"""What a flow tells the owner stands on home until somebody of the shop says that it was seen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from apps.accounts.roles import Role
from apps.core import clock
from apps.flows import notices
from tests.dashboard.test_campaigns import Pages
from tests.shopkeeping import ADA, Person, Shop, World, open_store
from tests.stories import planning

pytestmark = pytest.mark.django_db
BEA = Person("Bea", "bea@shopper.example")


def test_one_word_is_seen_and_the_other_stands(db: None) -> None:
    shop = Shop(open_store(), World(clock.now() - timedelta(days=2)))
    planning.live(
        shop, "care", "first_order", reentry="never",
        steps=[{"notify_owner": "Please call today"}, {"send_email": planning.ANY}],
    )  # fmt: skip
    for person in (ADA, BEA):
        shop.says_yes(person)
        shop.places_order(person)
    shop.world.travel(hours=1)
    owner, analyst = Pages(shop, Role.OWNER), Pages(shop, Role.ANALYST)
    address, home = reverse("dashboard:told-seen", args=[shop.store.pk]), reverse("admin:index")

    def stands() -> list[str]:
        return [told.email for told in notices.of_store(shop.store.pk, unseen=True)]

    assert set(stands()) == {ADA.email, BEA.email}
    assert owner.client.get(home).content.decode().count(address) == 2
    assert address not in analyst.client.get(home).content.decode()
    of_bea = next(told.id for told in notices.of_store(shop.store.pk) if told.email == BEA.email)
    assert analyst.client.post(address, {"notice": of_bea}).status_code == 404
    assert owner.client.post(address, {"notice": "all"}).status_code == 404

    assert "Noted." in owner.presses("told-seen", shop.store.pk, notice=of_bea)

    assert stands() == [ADA.email]
    page = owner.client.get(home).content.decode()
    assert page.count("Please call today") == page.count(address) == 1
