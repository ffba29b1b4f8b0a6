"""Behaviour B64: signing up on our page, by the law of the country, and being welcomed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.shopkeeping import Outbox, Person, Shop
from tests.stories import planning
from tests.stories.answering import below, days_pass, looks, path_of, presses

if TYPE_CHECKING:
    from django.test import Client

EVA = Person("Eva", "eva@shopper.example")
WELCOME = ["Welkom bij Molenzicht", "Dit kiezen anderen graag"]


def signs_up(shop: Shop, phone: Client, person: Person = EVA) -> None:
    presses(phone, shop.world, f"/signup/{shop.store.key}/", email=person.email, consent="yes")


def subjects(outbox: Outbox, person: Person = EVA) -> list[str]:
    return [mail.subject for mail in outbox.to(person)]


def test_a_new_subscriber_is_welcomed_twice_and_once(shop: Shop, phone: Client, outbox: Outbox) -> None:
    planning.preset(shop, "welcome")
    signs_up(shop, phone)

    shop.world.travel(minutes=5)
    assert subjects(outbox) == WELCOME[:1]
    days_pass(shop.world, 4)
    assert subjects(outbox) == WELCOME

    signs_up(shop, phone)
    days_pass(shop.world, 4, 6)
    assert subjects(outbox) == WELCOME


def test_an_order_ends_the_welcome_and_a_customer_gets_none(shop: Shop, phone: Client, outbox: Outbox) -> None:
    planning.preset(shop, "welcome")
    old = Person("Old", "old@shopper.example")
    shop.places_order(old)
    for person in (EVA, old):
        signs_up(shop, phone, person)
    days_pass(shop.world, 1)
    shop.places_order(EVA)

    days_pass(shop.world, 4, 6)

    assert subjects(outbox) == WELCOME[:1]
    assert subjects(outbox, old) == []


def test_in_germany_the_mailbox_confirms_first(shop: Shop, phone: Client, outbox: Outbox) -> None:
    shop.store.country = "DE"
    shop.store.save(update_fields=["country"])
    planning.preset(shop, "welcome")
    signs_up(shop, phone)
    days_pass(shop.world, 1)
    (asked,) = outbox.to(EVA)
    assert asked.subject == "Klopt je aanmelding bij Molenzicht?"
    page = path_of(below(asked, "Ja, ik meld me aan"))
    assert page.startswith("/c/")

    looks(phone, shop.world, page)
    looks(phone, shop.world, page, method="head")
    days_pass(shop.world, 1)
    assert len(outbox.to(EVA)) == 1

    presses(phone, shop.world, page)
    days_pass(shop.world, 1, 4)
    assert subjects(outbox)[1:] == WELCOME


def test_who_said_no_hears_nothing_until_the_mailbox_says_yes(shop: Shop, phone: Client, outbox: Outbox) -> None:
    planning.preset(shop, "welcome")
    signs_up(shop, phone)
    shop.world.travel(minutes=5)
    shop.suppresses(EVA)
    days_pass(shop.world, 1, 4)
    signs_up(shop, phone)
    shop.world.travel(minutes=5)
    days_pass(shop.world, 2)

    assert subjects(outbox) == [WELCOME[0], "Klopt je aanmelding bij Molenzicht?"]
