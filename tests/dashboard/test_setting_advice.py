"""An owner who thinks about free shipping hears what their own orders say (product.md B48)."""

from __future__ import annotations

import pytest
from django.utils import translation

from apps.dashboard import settings_form
from apps.dashboard.setting_advice import advice
from tests.shopkeeping import ADA, Shop, World, open_store


@pytest.mark.django_db
def test_the_advised_threshold_is_the_usual_order_and_ten() -> None:
    shop = Shop(open_store(), World())
    with translation.override("en"):
        assert advice(shop.store, shop.world.at) == {}

        for total in ("40.00 EUR", "60.00 EUR"):
            shop.places_order(ADA, total=total)
        told = advice(shop.store, shop.world.at)["profile.free_shipping_from"]
        shown = [field for group in settings_form.groups(shop.store, shop.world.at) for field in group.fields]

    assert told == "Your usual order is €50.00; €60 invites people to add one thing."
    assert [field.advice for field in shown if field.name == "profile.free_shipping_from"] == [told]
    assert [field.name for field in shown if field.advice] == ["profile.free_shipping_from"]
