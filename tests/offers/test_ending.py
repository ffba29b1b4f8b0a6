"""What ends: told of three days before, only when unused; and out of the shop a month later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.offers.giving import buys_with, given, offers, reload
from tests.shopkeeping import ADA, Person

DAY = timedelta(days=1)
BO = Person("Bo", "bo@shopper.example")


@pytest.fixture
def shop(joins: Callable[..., Any]) -> Any:
    return joins("woocommerce")


def told(shop: Any) -> list[tuple[int | None, int]]:
    from apps.events.models import Event

    found = Event.objects.filter(store_id=shop.store.pk, kind="offer.ending").order_by("id")
    return [(event.customer_id, event.data["code"]) for event in found]


def start_of(code: Any, days: int) -> datetime:
    """Nine o'clock, so many days before the code's last."""
    zone = ZoneInfo("Europe/Amsterdam")
    day = code.ends_at.astimezone(zone).date() - days * DAY
    return datetime.combine(day, datetime.min.time().replace(hour=9), zone)


def test_three_days_before_the_last_day_and_once(shop: Any) -> None:
    from apps.offers.ending import codes_ending, tell_ending

    code = given(shop, offers(shop), ADA)

    assert tell_ending(start_of(code, 4)) == 0
    assert [one.code_id for one in codes_ending(shop.store.pk, at=start_of(code, 3))] == [code.pk]
    assert tell_ending(start_of(code, 3)) == 1
    assert tell_ending(start_of(code, 3) + timedelta(hours=1)) == 0
    assert told(shop) == [(code.customer_id, code.pk)]


def test_nobody_is_told_of_a_code_that_was_used(shop: Any) -> None:
    from apps.offers.ending import tell_ending

    code = given(shop, offers(shop), ADA)
    buys_with(shop, ADA, code.code)

    assert tell_ending(start_of(reload(code), 3)) == 0
    assert told(shop) == []


def test_an_offer_of_three_days_is_not_repeated_the_same_day(shop: Any) -> None:
    from apps.offers.ending import tell_ending

    code = given(shop, offers(shop, lasts=3 * DAY), ADA)

    assert tell_ending(start_of(code, 2)) == 0


def test_a_shop_that_is_off_reminds_nobody(shop: Any) -> None:
    from apps.offers.ending import tell_ending

    code = given(shop, offers(shop), ADA)
    shop.store.status = "paused"
    shop.store.save(update_fields=["status"])

    assert tell_ending(start_of(code, 3)) == 0


def test_unused_codes_leave_the_shop_a_month_after_their_end(shop: Any) -> None:
    from apps.offers.ending import expire_due, withdraw_due

    code, used = given(shop, offers(shop), ADA), given(shop, offers(shop), BO)
    buys_with(shop, BO, used.code)
    shop.fake.uses(used.code)
    second = timedelta(seconds=1)

    assert expire_due(code.ends_at) == 0, "its last second is still good"
    assert expire_due(code.ends_at + second) == 1
    assert withdraw_due(code.ends_at + 29 * DAY) == 0
    assert withdraw_due(code.ends_at + 30 * DAY + second) == 1

    assert (reload(code).status, reload(used).status) == ("withdrawn", "redeemed")
    assert [coupon["code"] for coupon in shop.fake.coupons.values()] == [used.code.lower()]


def test_a_shop_that_does_not_answer_is_asked_again_tomorrow(shop: Any) -> None:
    from apps.offers.ending import expire_due, withdraw_due

    code = given(shop, offers(shop), ADA)
    expire_due(code.ends_at + DAY)
    shop.fake.breaks("revoked")
    at = code.ends_at + 31 * DAY

    withdraw_due(at)
    assert (reload(code).status, code.trouble, code.due_at) == ("expired", "keys_refused", at + DAY)
    shop.fake.mends()
    withdraw_due(at + DAY)

    assert (reload(code).status, shop.fake.coupons) == ("withdrawn", {})


def test_a_code_nobody_was_told_of_is_taken_back(shop: Any) -> None:
    """The run ended before its mail: the code goes, and the person may be given another."""
    from apps.offers.ending import take_back, withdraw_due
    from apps.offers.models import Code
    from tests.offers.giving import gives

    made, waiting = given(shop, offers(shop), ADA), Code.objects.get(pk=gives(shop, offers(shop), BO).code_id)  # type: ignore[union-attr]

    assert take_back([made.pk, waiting.pk], shop.world.at) == 2
    withdraw_due(shop.world.at)

    assert (reload(made).status, reload(waiting).status) == ("withdrawn", "withdrawn")
    assert shop.fake.coupons == {}
    assert hasattr(gives(shop, offers(shop), BO), "code_id")


def test_whoever_is_forgotten_leaves_no_code_behind(shop: Any) -> None:
    from apps.core.following import Erasing, erase_everything
    from apps.offers.ending import withdraw_due

    code = given(shop, offers(shop), ADA)

    erase_everything(Erasing(store_id=shop.store.pk, at=shop.world.at, customers=(code.customer_id,)))
    withdraw_due(shop.world.at)

    assert (reload(code).status, code.customer_id, shop.fake.coupons) == ("withdrawn", None, {})
    assert code.ref == f"erased:{code.pk}"
