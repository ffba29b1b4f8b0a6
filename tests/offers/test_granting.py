"""Who is given an offer, and who is told why not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from tests.offers.giving import buys_with, given, gives, knows, offers
from tests.shopkeeping import ADA, CY, Person

DAY = timedelta(days=1)
BO = Person("Bo", "bo@shopper.example")


@pytest.fixture
def shop(joins: Callable[..., Any]) -> Any:
    return joins("woocommerce")


def why(answer: Any) -> str:
    return str(answer.reason.value) if hasattr(answer, "reason") else ""


def test_the_same_wish_gives_the_same_code(shop: Any) -> None:
    from apps.offers.models import Code

    credit = offers(shop)

    first, again = gives(shop, credit, ADA, "run:812/step:3"), gives(shop, credit, ADA, "run:812/step:3")

    assert first == again
    code = Code.objects.get()
    assert (code.status, code.ref, len(code.code)) == ("wanted", "run:812/step:3", 10)


def test_one_offer_in_ninety_days_whichever_it_is(shop: Any) -> None:
    gives(shop, offers(shop), ADA)

    soon = gives(shop, offers(shop), ADA, at=shop.world.at + 89 * DAY)
    later = gives(shop, offers(shop), ADA, at=shop.world.at + 91 * DAY)

    assert (why(soon), why(later)) == ("offer_given_recently", "")


def test_the_owner_may_take_another_pause_or_none(shop: Any) -> None:
    gives(shop, offers(shop), ADA)

    shop.sets(offer_every="30d")
    assert why(gives(shop, offers(shop), ADA, at=shop.world.at + 31 * DAY)) == ""
    shop.sets(offer_every="off")
    assert why(gives(shop, offers(shop), ADA)) == ""


def test_two_wishes_for_one_person_at_once_give_one_code(shop: Any) -> None:
    from apps.offers.granting import grant

    ada = knows(shop, ADA)

    answers = grant(offers(shop), [(ada, "run:1/step:1"), (ada, "run:2/step:1")], shop.world.at)

    assert [why(answer) for answer in answers] == ["", "offer_given_recently"]


def test_a_code_that_could_not_be_made_was_no_offer(shop: Any) -> None:
    from apps.offers.models import Code

    gives(shop, offers(shop), ADA)
    Code.objects.update(status="refused", due_at=None, trouble="code_refused")

    assert why(gives(shop, offers(shop), ADA)) == ""


def test_first_time_buyers_are_those_who_never_ordered_by_any_name(shop: Any) -> None:
    first = offers(shop, first_order_only=True)
    knows(shop, BO)
    shop.places_order(ADA)

    assert why(gives(shop, first, ADA)) == "offer_not_first_order"
    assert why(gives(shop, first, BO)) == ""


def test_a_budget_holds_for_a_month_and_open_codes_count(shop: Any) -> None:
    from apps.offers.granting import grant

    credit = offers(shop, monthly_budget=Decimal(25))
    people = [knows(shop, Person(str(n), f"p{n}@shopper.example")) for n in range(3)]
    answers = grant(credit, [(one, f"run:{one}/step:1") for one in people], shop.world.at)
    next_month = (shop.world.at.replace(day=1) + 32 * DAY).replace(day=2)

    assert [why(answer) for answer in answers] == ["", "", "offer_budget_used"]
    assert why(gives(shop, credit, BO, at=next_month)) == ""


def test_a_percentage_counts_with_the_shops_usual_order(shop: Any) -> None:
    from apps.offers.granting import expected

    shop.places_order(ADA, total="60.00 EUR")
    shop.places_order(ADA, total="40.00 EUR")

    assert expected(offers(shop, kind="percent", value=Decimal(10)), shop.world.at) == Decimal("5.00")
    dear = offers(shop, kind="percent", value=Decimal(10), minimum=Decimal(100))
    assert expected(dear, shop.world.at) == Decimal("10.00")


def test_what_keeps_an_offer_from_everybody(shop: Any, db: None) -> None:
    from apps.stores.models import Store
    from tests.shopkeeping import Shop, open_store

    alone = Shop(open_store(name="Zonder sleutels"), shop.world)

    assert why(gives(shop, offers(shop, active=False), ADA)) == "offer_off"
    assert why(gives(shop, offers(shop, currency="USD"), ADA)) == "offer_currency"
    assert why(gives(alone, offers(alone), ADA)) == "offer_not_possible"
    gives(shop, last := offers(shop, max_codes=1), ADA)
    assert why(gives(shop, last, BO)) == "offer_codes_used"
    Store.objects.filter(pk=shop.store.pk).update(status="uninstalled")
    assert why(gives(shop, offers(shop), BO)) == "store_uninstalled"


def test_a_stranger_to_the_shop_gets_nothing(shop: Any) -> None:
    from apps.offers.granting import grant
    from tests.shopkeeping import Shop, open_store

    other = Shop(open_store(name="Zeezicht", url="https://zeezicht.example"), shop.world)
    cy = knows(other, CY)

    assert why(grant(offers(shop), [(cy, "run:1/step:1")], shop.world.at)[0]) == "no_address"


def test_three_codes_in_a_year_are_a_farm(shop: Any) -> None:
    from apps.offers import numbers

    shop.sets(offer_every="off")
    for _ in range(3):
        given(shop, offers(shop), ADA)

    assert why(gives(shop, offers(shop), ADA)) == "offer_farming"
    assert why(gives(shop, offers(shop), ADA, at=shop.world.at + 366 * DAY)) == ""
    assert numbers.farmers(shop.store.pk, shop.world.at) == [knows(shop, ADA)]


def test_baskets_left_within_minutes_and_codes_used_at_once_are_a_farm(shop: Any) -> None:
    """Ada left two baskets as soon as she had filled them; Bo shopped for an hour each time."""
    shop.sets(offer_every="off")
    for person, minutes in ((ADA, 2), (BO, 60)):
        for _ in range(2):
            _leaves(shop, person, timedelta(minutes=minutes))
            code = given(shop, offers(shop), person)
            buys_with(shop, person, code.code)

    assert why(gives(shop, offers(shop), ADA)) == "offer_farming"
    assert why(gives(shop, offers(shop), BO)) == ""


def _leaves(shop: Any, person: Person, shopped: timedelta) -> None:
    from apps.carts.models import Cart

    at = shop.world.at - 2 * DAY
    Cart.objects.create(
        store=shop.store, customer_id=knows(shop, person), status="abandoned", started_at=at,
        last_activity_at=at + shopped, abandoned_at=at + shopped + timedelta(hours=1), lines=[],
    )  # fmt: skip


def test_every_reason_has_its_sentence_for_the_owner(shop: Any) -> None:
    from apps.core.reasons import explain

    credit = offers(shop, name="Tien euro")
    gives(shop, credit, ADA)
    answer: Any = gives(shop, credit, ADA)

    sentence, mend = explain(answer.reason, answer.facts)

    assert "…" not in sentence
    assert mend


# --- spelling ---------------------------------------------------------------------------------------


@examples(st.sampled_from(["", "DANK", "ZOMER26"]))
def test_codes_hold_nothing_that_is_misread(prefix: str) -> None:
    from apps.offers.spelling import ALPHABET, new_code

    drawn = new_code(prefix).removeprefix(f"{prefix}-" if prefix else "")

    assert len(drawn) == 10
    assert set(drawn) <= set(ALPHABET)
    assert not set(ALPHABET) & set("0O1ILU,")


def test_twenty_thousand_codes_are_all_different() -> None:
    from apps.offers.spelling import new_code

    assert len({new_code() for _ in range(20_000)}) == 20_000


ZONES = (
    "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "Asia/Beirut", "Africa/Cairo", "Atlantic/Azores",
    "America/Havana", "America/Asuncion", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu", "UTC",
)  # fmt: skip

# Hypothesis wants bounds without a zone, and adds it itself.
MOMENTS = st.datetimes(datetime(2005, 1, 1), datetime(2035, 1, 1), timezones=st.just(ZoneInfo("UTC")))  # noqa: DTZ001


@examples(
    at=MOMENTS,
    lasts=st.timedeltas(DAY, 90 * DAY),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
)
def test_a_code_holds_until_the_last_second_of_its_day(at: datetime, lasts: timedelta, zone: ZoneInfo) -> None:
    from apps.offers.spelling import end_of_day

    end = end_of_day(at, lasts, zone)

    day = (at + lasts).astimezone(zone).date()
    assert end >= at + lasts - timedelta(seconds=1)
    assert end.astimezone(zone).date() == day
    assert (end + timedelta(seconds=1)).astimezone(zone).date() > day


@pytest.mark.parametrize(
    ("at", "lasts", "end"),
    [
        # The night of 29 March 2026 is an hour shorter, that of 25 October an hour longer.
        ("2026-03-28T23:30:00+01:00", "1d", "2026-03-30T23:59:59+02:00"),
        ("2026-03-28T10:00:00+01:00", "1d", "2026-03-29T23:59:59+02:00"),
        ("2026-10-24T10:00:00+02:00", "1d", "2026-10-25T23:59:59+01:00"),
        ("2026-03-02T10:00:00+01:00", "14d", "2026-03-16T23:59:59+01:00"),
    ],
)
def test_the_end_over_a_change_of_clocks(at: str, lasts: str, end: str) -> None:
    from apps.core.durations import parse_duration
    from apps.offers.spelling import end_of_day

    found = end_of_day(datetime.fromisoformat(at), parse_duration(lasts).delta, ZoneInfo("Europe/Amsterdam"))

    assert found == datetime.fromisoformat(end)
