"""Scenario 11: "not used yet" brings tips the next day, and nobody is asked back meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.invariants import bodies
from tests.shopkeeping import ADA, Outbox, Shop
from tests.stories import planning
from tests.stories.answering import below, days_pass, leads_to, looks, path_of, presses

if TYPE_CHECKING:
    from django.test import Client


@pytest.fixture
def silent(shop: Shop, outbox: Outbox) -> Shop:
    """Ada bought a coffee press three months ago, and is asked why she is silent."""
    from apps.catalog.models import Product

    for preset in ("silent-three-months", "not-used-tips", "win-back"):
        planning.preset(shop, preset)
    shop.sends(bodies.woo_product(13, shop.world.at, name="Coffee press"))
    Product.objects.of(shop.store).update(
        how_to="Grind it coarse, pour, wait, press.", in_stock=True, url="https://molenzicht.example/p"
    )
    shop.says_yes(ADA)
    shop.places_order(ADA)
    days_pass(shop.world, 92)
    assert [mail.subject for mail in outbox.to(ADA)] == ["Mogen we je één vraag stellen?"]
    return shop


def answers(shop: Shop, phone: Client, outbox: Outbox, label: str, code: str) -> None:
    link = below(outbox.to(ADA)[0], label)
    page = path_of(leads_to(phone, shop.world, link))
    assert f'value="{code}" checked' in looks(phone, shop.world, page).content.decode()
    presses(phone, shop.world, page, **{"answer.": code})


def subjects(outbox: Outbox) -> list[str]:
    return [mail.subject for mail in outbox.to(ADA)][1:]


def test_tips_come_the_next_day_and_an_order_ends_them(silent: Shop, phone: Client, outbox: Outbox) -> None:
    silent.world.travel(hours=20)
    answers(silent, phone, outbox, "nog niet gebruikt", "not_used")
    silent.world.travel(hours=23)
    assert subjects(outbox) == []

    silent.world.travel(hours=2)
    assert subjects(outbox) == ["Zo begin je met wat je bij ons koos"]
    assert "Grind it coarse" in outbox.to(ADA)[1].text

    silent.places_order(ADA)
    days_pass(silent.world, 8, 20)
    assert subjects(outbox) == ["Zo begin je met wat je bij ons koos"]


def test_the_second_tip_is_the_last_and_another_answer_brings_none(silent: Shop, phone: Client, outbox: Outbox) -> None:
    answers(silent, phone, outbox, "nog genoeg", "enough")
    days_pass(silent.world, 1, 2)
    assert subjects(outbox) == []

    answers(silent, phone, outbox, "nog niet gebruikt", "not_used")
    days_pass(silent.world, 2, 7, 10)

    assert subjects(outbox) == ["Zo begin je met wat je bij ons koos", "Lukt het een beetje?"]


def test_win_back_waits_for_whoever_has_not_used_it_yet(silent: Shop, phone: Client, outbox: Outbox) -> None:
    days_pass(silent.world, 84)
    answers(silent, phone, outbox, "nog niet gebruikt", "not_used")
    answered_at = silent.world.at
    days_pass(silent.world, 2, 7)
    assert subjects(outbox) == ["Zo begin je met wat je bij ons koos", "Lukt het een beetje?"]

    days_pass(silent.world, 5, 1)

    assert silent.world.at - answered_at > timedelta(days=14)
    assert [message.template_slug for message in silent.messages(ADA)][3:] == ["win-back-1"]
