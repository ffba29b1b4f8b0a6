"""What people say to us about marketing mail, the shop hears too; and its echo changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from apps.consent.models import Permission, Suppression
from apps.consent.suppressing import suppress
from apps.core import db
from apps.events.announcing import announce_due
from apps.ingestion.models import Telling
from apps.ingestion.running import run_due
from tests.invariants import bodies
from tests.shopkeeping import ADA, Person


@pytest.fixture
def shop(joins):
    joined = joins("shopify")
    joined.rests()
    return joined


@pytest.fixture
def member(shop) -> Person:
    """Ada has an account in the shop, and said yes there a week ago."""
    account = shop.fake.adds_customer(email=ADA.email)
    person = ADA.with_account(int(account))
    shop.sends(bodies.shopify_consent(person.account, person.email, shop.world.at - timedelta(days=7), "subscribed"))
    return person


def goes_on(shop) -> None:
    """Events are told, and what is to be passed on is passed on."""
    while announce_due(shop.world.at):
        pass
    db.run("UPDATE ingestion_errand SET due_at = %s WHERE store_id = %s AND kind = 'tell'",
           [shop.world.at, shop.store.pk])  # fmt: skip
    while run_due(lambda: shop.world.at):
        pass


def state_at_the_shop(shop, person) -> str:
    customer = shop.fake.things.customers[str(person.account)]
    return customer["defaultEmailAddress"]["marketingState"]


def test_an_unsubscribe_here_is_one_there(shop, member):
    shop.suppresses(member)

    goes_on(shop)

    assert state_at_the_shop(shop, member) == "UNSUBSCRIBED"
    assert not Telling.objects.exists()


def test_what_the_shop_said_is_not_told_back(shop, member):
    goes_on(shop)
    shop.sends(bodies.shopify_consent(member.account, member.email, shop.world.at, "unsubscribed"))
    asked = len(shop.fake.asked_for("ConsentUpdate"))

    goes_on(shop)

    assert len(shop.fake.asked_for("ConsentUpdate")) == asked == 0


def test_the_shops_echo_of_our_word_is_no_new_word(shop, member):
    shop.suppresses(member)
    goes_on(shop)
    told = len(shop.fake.asked_for("ConsentUpdate"))
    shop.world.at += timedelta(seconds=2)

    shop.sends(bodies.shopify_consent(member.account, member.email, shop.world.at, "unsubscribed"))
    goes_on(shop)

    assert len(shop.fake.asked_for("ConsentUpdate")) == told == 1


def test_a_shop_that_does_not_answer_hears_it_later(shop, member):
    shop.suppresses(member)
    shop.fake.breaks("revoked", times=50)
    goes_on(shop)
    assert Telling.objects.count() == 1

    shop.fake.mends()
    from apps.ingestion.joining import join

    join(shop.store, shop.way, shop.fake.access().credentials, shop.world.at)
    shop.world.at += timedelta(minutes=20)
    goes_on(shop)

    assert state_at_the_shop(shop, member) == "UNSUBSCRIBED"
    assert not Telling.objects.exists()


def test_an_older_yes_of_the_shop_does_not_undo_a_no_said_here_and_neither_does_an_owners_newer_one(shop, member):
    shop.suppresses(member)
    for moment in (shop.world.at - timedelta(hours=1), shop.world.at + timedelta(hours=1)):
        shop.sends(bodies.shopify_consent(member.account, member.email, moment, "subscribed"))

    assert Suppression.objects.get(store=shop.store).lifted_at is None


def test_a_newer_yes_of_the_person_does(shop, member):
    shop.suppresses(member)
    from apps.consent.recording import ConsentNews, record
    from apps.stores.snapshots import ConsentGiven

    later = shop.world.at + timedelta(hours=1)
    given = ConsentGiven(state="granted", at=later, source="sign-up form")
    with transaction.atomic():
        record(
            [ConsentNews(store_id=shop.store.pk, customer_id=shop.customer(member).pk, given=given, at=later)], later
        )
    shop.world.at = later
    goes_on(shop)

    assert Suppression.objects.get(store=shop.store).lifted_at == later
    assert Permission.objects.get(customer=shop.customer(member)).state == "granted"
    assert state_at_the_shop(shop, member) == "SUBSCRIBED"


def test_a_dead_address_is_no_answer(shop, member):
    with transaction.atomic():
        suppress(store_id=shop.store.pk, address_hash=shop.hashed(member), scope="everything", reason="hard_bounce",
                 at=shop.world.at)  # fmt: skip
    goes_on(shop)

    assert not Telling.objects.exists()
    assert shop.fake.asked_for("ConsentUpdate") == []


def test_whoever_asks_to_be_forgotten_leaves_nothing_to_pass_on(shop, member):
    from apps.customers.erasure import erase_now

    shop.suppresses(member)
    while announce_due(shop.world.at):
        pass
    assert Telling.objects.count() == 1

    erase_now(shop.store.pk, shop.customer(member).pk, shop.world.at)

    assert not Telling.objects.exists()
