"""Presets that come round in a year: a birthday, the third order, the account, the code that ends, the farewell."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.offers import giving
from tests.shopkeeping import ADA, Outbox, Person, Shop, run_queues
from tests.stories import planning

BEA = Person("Bea", "bea@shopper.example", 9002)


@pytest.fixture
def offering(joins: Callable[..., Any]) -> Any:
    """A connected shop, which makes codes when it is asked."""
    return joins("woocommerce")


def sent(shop: Shop, person: Person) -> list[str]:
    """The mails that left for somebody, by their texts, in order."""
    return [message.template_slug for message in shop.messages(person) if message.status == "accepted"]


def buys(shop: Shop, person: Person, times: int, *, apart: timedelta = timedelta(days=1)) -> list[int]:
    numbers = []
    for _ in range(times):
        numbers.append(shop.places_order(person))
        shop.world.at += apart
        run_queues(shop.world.at)
    return numbers


def later(shop: Shop, **by: float) -> None:
    """So much later; a connected shop is not asked every few minutes of all that time."""
    shop.world.at += timedelta(**by)
    run_queues(shop.world.at)


def makes_codes(shop: Shop) -> None:
    """The shop makes what was given, and whoever waited for it goes on."""
    from apps.offers.issuing import issue_due

    run_queues(shop.world.at)
    issue_due(shop.world.at)
    shop.world.travel(minutes=2)


def test_a_birthday_is_wished_twice_and_no_offer_is_spoken_of_where_there_is_none(shop: Shop, outbox: Outbox) -> None:
    """B23: a week before and on the day, once a year."""
    shop.says_yes(ADA)
    ada = shop.customer(ADA)
    ada.birth_month, ada.birth_day = 3, 12
    ada.save()
    planning.preset(shop, "birthday")

    shop.world.travel(days=12)

    assert sent(shop, ADA) == ["birthday-1", "birthday-2"]
    first, second = outbox.to(ADA)
    assert "code" not in first.text.lower()
    assert "Gefeliciteerd" in second.subject
    assert [message.sending_at.day for message in shop.messages(ADA)] == [5, 12]


def test_a_birthday_brings_a_code_for_that_person_alone_and_an_end_that_is_real(offering: Shop, outbox: Outbox) -> None:
    """Scenario 13: one use, one person, the day in the mail is the day on which the shop stops taking it."""
    from apps.offers.models import Code

    shop, days = offering, 14
    giving.offers(shop, name="birthday", kind="percent", value=Decimal(10), lasts=timedelta(days=days))
    planning.preset(shop, "birthday")
    for person in (ADA, BEA):
        shop.says_yes(person)
    here = ZoneInfo(shop.store.time_zone)
    nine = datetime.combine(shop.world.at.astimezone(here).date() + timedelta(days=2), time(9), here)
    ada, birthday = shop.customer(ADA), nine.date() + timedelta(days=7)
    ada.birth_month, ada.birth_day = birthday.month, birthday.day
    ada.save()

    shop.world.at = nine.astimezone(UTC)
    # Only where our plugin runs does a code bound to an address work behind the link in the mail.
    shop.store.companion_seen_at = shop.world.at
    shop.store.save(update_fields=["companion_seen_at"])
    for _ in range(2):
        later(shop, minutes=20)
        makes_codes(shop)

    (code,) = Code.objects.of(shop.store)
    (mail,) = outbox.to(ADA)
    assert sent(shop, ADA) == ["birthday-1"]
    assert (code.customer_id, code.status) == (ada.pk, "issued")
    assert code.code in mail.text
    ends = code.ends_at.astimezone(here)
    assert (ends.hour, ends.minute, ends.second) == (23, 59, 59)
    assert ends.date() > birthday
    assert f"Geldig tot en met {ends.day} " in mail.text
    coupon = shop.fake.coupons[int(code.external_id)]
    assert coupon["email_restrictions"] == [ADA.email]
    assert (coupon["usage_limit"], coupon["usage_limit_per_user"]) == (1, 1)
    assert coupon["date_expires_gmt"] == code.ends_at.strftime("%Y-%m-%dT%H:%M:%S")
    assert (outbox.to(BEA), shop.messages(BEA)) == ([], [])


def test_a_regular_is_welcomed_at_the_third_order(shop: Shop) -> None:
    """B28."""
    planning.preset(shop, "vip")
    shop.says_yes(ADA)
    buys(shop, ADA, 2)
    shop.world.travel(days=1)
    assert sent(shop, ADA) == []

    buys(shop, ADA, 2)
    shop.world.travel(days=1)

    assert sent(shop, ADA) == ["vip-1"]


def test_a_guest_hears_what_an_account_is_good_for(shop: Shop) -> None:
    """B32: two days after the first order, and not who has an account."""
    planning.preset(shop, "account-benefits")
    for person in (ADA, BEA):
        shop.says_yes(person)
        shop.places_order(person)

    shop.world.travel(days=3)

    assert sent(shop, ADA) == ["account-benefits-1"]
    assert shop.messages(BEA) == []


def test_who_fills_baskets_and_never_orders_is_asked_what_keeps_them(shop: Shop) -> None:
    """B06."""
    planning.preset(shop, "came-back")
    for number in range(3):
        shop.leaves_cart(ADA, name=f"b{number}")
        shop.world.travel(days=6)

    assert sent(shop, ADA) == ["came-back-1"]


def test_credit_after_the_second_order_and_a_reminder_while_it_is_not_used(offering: Shop, outbox: Outbox) -> None:
    """B21, B60, scenario 14: ten euros without a minimum, an end, and one word three days before it."""
    from apps.offers.ending import tell_ending
    from apps.offers.models import Code

    shop = offering
    offer = giving.offers(shop, name="store-credit", kind="amount", value=Decimal(10), lasts=timedelta(days=30))
    planning.preset(shop, "store-credit")
    planning.preset(shop, "offer-reminder")
    for person in (ADA, BEA):
        shop.says_yes(person)
        shop.places_order(person)
    later(shop, days=1)
    for person in (ADA, BEA):
        shop.places_order(person)
    later(shop, days=3)
    makes_codes(shop)
    assert sent(shop, ADA) == sent(shop, BEA) == ["store-credit-1"]
    codes = {code.customer_id: code.code for code in Code.objects.of(shop.store).filter(offer=offer)}
    assert codes[shop.customer(ADA).pk] in outbox.to(ADA)[0].text
    giving.buys_with(shop, BEA, codes[shop.customer(BEA).pk])

    later(shop, days=28)
    tell_ending(shop.world.at)
    later(shop, hours=1)
    assert sent(shop, ADA) == ["store-credit-1", "offer-reminder-1"]
    assert codes[shop.customer(ADA).pk] in outbox.to(ADA)[1].text
    assert sent(shop, BEA) == ["store-credit-1"]


def test_a_shop_without_the_offer_says_nothing_of_credit(shop: Shop) -> None:
    planning.preset(shop, "store-credit")
    shop.says_yes(ADA)
    buys(shop, ADA, 2)
    shop.world.travel(days=5)

    (message,) = shop.messages(ADA)
    assert (message.status, message.reason) == ("skipped", "nothing_to_tell")
