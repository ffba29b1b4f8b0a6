"""What begins because a day came: silence, things used up, birthdays (10, 12, 13)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.invariants import bodies
from tests.shopkeeping import ADA, Outbox, Person, Shop, run_queues
from tests.stories import planning

BEA = Person("Bea", "bea@shopper.example", 9002)
NEW_YEAR = datetime(2026, 1, 1, 22, 30, tzinfo=UTC)
"""Half past eleven at night where the shop is: still the first of January."""


def at(shop: Shop, moment: datetime) -> None:
    """Some while later, nothing having happened in between."""
    from apps.flows.models import Sweep

    shop.world.at = moment
    run_queues(moment)
    shop.world.travel(minutes=1)
    assert not Sweep.objects.of(shop.store).filter(due_at__lte=moment).exists()


def nine(*day: int) -> datetime:
    """Nine in the morning in Amsterdam."""
    from zoneinfo import ZoneInfo

    return datetime(*day, 9, tzinfo=ZoneInfo("Europe/Amsterdam"))  # type: ignore[arg-type]


def runs(shop: Shop) -> list:
    from apps.flows.models import Enrollment

    return list(Enrollment.objects.of(shop.store).order_by("id"))


def test_three_calendar_months_of_silence_bring_one_question(shop: Shop, outbox: Outbox) -> None:
    """Scenario 10: not sooner, not twice, and not to who ordered the day before."""
    from apps.flows.sweeping import sweep_due

    shop.world.at = NEW_YEAR
    for person in (ADA, BEA):
        shop.says_yes(person)
        shop.places_order(person)
    planning.live(
        shop, "silent", "no_order_for", reentry={"every": "30d"}, exits=["order_placed", "unsubscribed"],
        purpose="survey",
    )  # fmt: skip
    at(shop, nine(2026, 3, 31))
    shop.places_order(BEA)
    assert runs(shop) == []

    at(shop, nine(2026, 4, 1))
    sweep_due(shop.world.at + timedelta(hours=3))
    at(shop, nine(2026, 4, 2))

    (run,) = runs(shop)
    assert (run.customer_id, run.occasion) == (shop.customer(ADA).pk, "silent:2026-01-01")
    assert run.triggered_at == nine(2026, 4, 1)
    assert len(outbox.to(ADA)) == 1
    assert outbox.to(BEA) == []


def test_who_was_silent_long_before_the_flow_was_on_and_who_comes_after_an_outage(shop: Shop, outbox: Outbox) -> None:
    shop.world.at = NEW_YEAR
    shop.places_order(ADA)
    shop.world.at = NEW_YEAR + timedelta(days=20)
    shop.places_order(BEA)
    shop.world.at = nine(2026, 4, 10)
    planning.live(shop, "silent", "no_order_for", reentry={"every": "30d"}, purpose="survey")

    at(shop, nine(2026, 5, 20))

    assert runs(shop) == []
    (declined,) = declines(shop)
    assert declined.customer_id == shop.customer(BEA).pk
    assert declined.data["reason"] == "stale"


def declines(shop: Shop) -> list:
    from apps.events.models import Event

    return list(Event.objects.filter(store_id=shop.store.pk, kind="flow.declined").order_by("id"))


def test_a_mail_when_it_is_nearly_used_up_and_none_after_it_was_bought_again(shop: Shop, outbox: Outbox) -> None:
    """Scenario 12, a life set by hand: three to six months."""
    from apps.catalog.models import Product

    begun = shop.world.at = nine(2026, 1, 5)
    shop.sends(bodies.woo_product(13, begun, name="Hair extensions"))
    Product.objects.of(shop.store).filter(external_id="13").update(life_days_min=90, life_days_max=180, in_stock=True)
    for person in (ADA, BEA):
        shop.says_yes(person)
        shop.places_order(person)
    planning.live(
        shop, "restock", "replenish", purpose="replenish",
        exits=["bought_again", "life_over", "unsubscribed"],
        steps=[{"send_email": planning.ANY}, {"wait": "7d"}, {"send_email": planning.ANY}],
    )  # fmt: skip
    at(shop, nine(2026, 3, 1))
    shop.places_order(BEA)
    at(shop, nine(2026, 4, 4))
    assert runs(shop) == []

    at(shop, nine(2026, 4, 5))
    (run,) = runs(shop)
    assert run.about | {"line": 0} == {"product": "13", "line": 0, "due": "2026-04-05", "ends": "2026-07-04"}
    assert len(outbox.to(ADA)) == 1

    shop.places_order(ADA)
    shop.world.travel(days=20)
    assert len(outbox.to(ADA)) == 1
    assert runs(shop)[0].reason == "bought_again"
    assert all(len(outbox.to(person)) <= 1 for person in (ADA, BEA))


def test_where_nobody_said_how_long_it_lasts_enough_buyers_tell(shop: Shop) -> None:
    """Scenario 12, measured: gaps of 20, 30 and 40 days are a median of 30, so day 26 of 30."""
    from apps.catalog.models import Product
    from apps.orders.measuring import measure

    begun = shop.world.at = nine(2026, 1, 5)
    shop.sends(bodies.woo_product(13, begun, name="Coffee"))
    for number in range(21):
        buyer = Person(f"B{number}", f"b{number}@shopper.example")
        shop.world.at = begun
        shop.places_order(buyer)
        shop.world.at = begun + timedelta(days=(20, 30, 40)[number % 3])
        shop.places_order(buyer)
    shop.world.at = begun + timedelta(days=41)
    measure(shop.store.pk, shop.world.at)
    Product.objects.of(shop.store).update(in_stock=True)
    shop.places_order(ADA)
    planning.live(shop, "restock", "replenish", purpose="replenish")

    at(shop, shop.world.at + timedelta(days=27))

    assert Product.objects.of(shop.store).get(external_id="13").gap_days == Decimal(30)
    found = {run.customer_id: run for run in runs(shop)}
    assert date.fromisoformat(found[shop.customer(ADA).pk].about["due"]) == date(2026, 2, 15) + timedelta(days=26)


@pytest.mark.parametrize(("year", "day"), [(2027, 28), (2028, 29)])
def test_born_on_the_29th_of_february(shop: Shop, outbox: Outbox, year: int, day: int) -> None:
    """Scenario 13: the 28th in a common year; a week before and on the day; nobody without a birthday."""
    shop.world.at = nine(year, 1, 10)
    for person in (ADA, BEA):
        shop.says_yes(person)
    ada = shop.customer(ADA)
    ada.birth_month, ada.birth_day = 2, 29
    ada.save()
    planning.live(
        shop, "birthday", {"birthday": 7}, reentry={"every": "300d"}, purpose="birthday",
        steps=[{"send_email": planning.ANY}, {"wait": "7d"}, {"send_email": planning.ANY}],
    )  # fmt: skip

    at(shop, nine(year, 2, day - 8))
    assert runs(shop) == []
    at(shop, nine(year, 2, day - 7))
    assert len(outbox.to(ADA)) == 1
    at(shop, nine(year, 2, day))

    assert len(outbox.to(ADA)) == 2
    (run,) = runs(shop)
    assert (run.occasion, run.about) == (f"birthday:{year}", {"due": f"{year}-02-{day}"})
    at(shop, nine(year, 3, 10))
    assert len(runs(shop)) == 1


def test_one_lane_of_silence_and_a_pause_between_at_risk_and_win_back(shop: Shop) -> None:
    from apps.flows.models import Enrollment
    from apps.flows.sweeping import sweep_due
    from apps.segments.models import Figures

    shop.world.at = nine(2026, 1, 5)
    shop.places_order(ADA)
    ada = shop.customer(ADA)
    planning.live(shop, "risk", "at_risk", reentry={"every": "90d"}, priority="after_purchase")
    planning.live(shop, "back", {"lapsed": {"at_least": "90d"}}, reentry={"every": "180d"}, priority="win_back")
    at(shop, nine(2026, 3, 1))
    # What the night makes of it is told elsewhere: two orders, a longer gap, five mails unread.
    last = {"store": shop.store, "last_at": ada.last_order_at, "measured_at": shop.world.at}
    Figures.objects.update_or_create(customer=ada, defaults={**last, "at_risk": True, "expected_at": nine(2026, 2, 1)})
    sweep_due(nine(2026, 3, 2))
    assert [run.occasion for run in runs(shop)] == ["at_risk:2026-01-05"]

    at(shop, nine(2026, 4, 6))
    assert Enrollment.objects.of(shop.store).count() == 1
    assert [event.data["reason"] for event in declines(shop)] == ["lane_taken"]


def test_years_since_the_first_order_and_an_order_that_is_not_shipped(shop: Shop) -> None:
    shop.world.at = nine(2026, 1, 5)
    shop.places_order(ADA)
    planning.live(shop, "years", "anniversary", reentry={"every": "300d"})
    planning.live(shop, "late", {"shipped_late": 3}, exits=["shipped"])
    at(shop, nine(2026, 1, 7))
    assert runs(shop) == []
    at(shop, nine(2026, 1, 8))
    assert [run.occasion.partition(":")[0] for run in runs(shop)] == ["late"]

    at(shop, nine(2027, 1, 5))
    assert runs(shop)[1].about == {"years": 1, "due": "2027-01-05"}


def test_ten_mails_and_no_sign_of_life_is_the_last_farewell(shop: Shop) -> None:
    from apps.mail.models import Message
    from apps.segments.measuring import measure

    shop.world.at = nine(2026, 1, 5)
    for person in (ADA, BEA):
        shop.says_yes(person)
    people = [shop.customer(ADA), shop.customer(BEA)]
    type(people[0]).objects.of(shop.store).update(created_at=nine(2025, 1, 1))
    planning.live(shop, "sunset", "unengaged", reentry="never")
    shop.world.at = nine(2026, 7, 1)
    for number in range(10):
        for person in (ADA, BEA):
            shop.asks_for(person, template_slug=planning.ANY, after=timedelta(seconds=number))
    Message.objects.of(shop.store).update(
        status="accepted", due_at=None, sending_at=nine(2026, 6, 20), basis="consent", policy_version="1"
    )
    shop.leaves_cart(BEA)
    measure([one.pk for one in people], shop.world.at)

    at(shop, nine(2026, 7, 2))

    assert [run.customer_id for run in runs(shop)] == [people[0].pk]
