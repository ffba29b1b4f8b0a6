"""Waiting for a time of day, where the person is: also when the clock changes."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest

from apps.flows.steps.wait_until import WaitUntil
from apps.flows.zones import Zones
from tests.flows.shops import Shop

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
SHOP = Zones.of("Europe/Amsterdam")


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM)


@pytest.mark.parametrize(
    ("since", "wall", "days", "expected"),
    [
        ("2026-03-02 08:00", time(9), (), "2026-03-02T09:00+01:00"),
        ("2026-03-02 09:00", time(9), (), "2026-03-02T09:00+01:00"),
        ("2026-03-02 09:01", time(9), (), "2026-03-03T09:00+01:00"),
        ("2026-03-02 09:01", time(9), ("mo", "th"), "2026-03-05T09:00+01:00"),
        ("2026-03-07 12:00", time(9), ("sa",), "2026-03-14T09:00+01:00"),
        # The night of 29 March: from two o'clock the clock shows three.
        ("2026-03-28 20:00", time(2, 30), (), "2026-03-29T03:00+02:00"),
        ("2026-03-29 00:30", time(9), (), "2026-03-29T09:00+02:00"),
        ("2026-03-29 01:59", time(2), ("su",), "2026-03-29T03:00+02:00"),
        # The night of 25 October: from three o'clock the clock shows two once more; the first counts.
        ("2026-10-24 20:00", time(2, 30), (), "2026-10-25T02:30+02:00"),
        ("2026-10-25 01:00", time(9), (), "2026-10-25T09:00+01:00"),
    ],
)
def test_the_first_such_moment(since: str, wall: time, days: tuple[str, ...], expected: str) -> None:
    step = WaitUntil(time=wall, weekdays=days)  # type: ignore[arg-type]

    opened = step.opens(local(since), local(since), SHOP)

    assert opened == datetime.fromisoformat(expected)


def test_who_comes_by_in_the_second_of_two_hours_waits_for_the_next_day() -> None:
    """On 25 October half past two comes twice; after the second there is none left that day."""
    second = datetime.fromisoformat("2026-10-25T02:30+01:00")

    assert WaitUntil(time=time(2, 30)).opens(second, second, SHOP) == datetime.fromisoformat("2026-10-26T02:30+01:00")


def test_the_persons_own_clock_counts_where_it_is_known(shop: Shop) -> None:
    began = shop.at  # Monday 10:00 in Amsterdam, 18:00 in Tokyo.
    for name, country in [("ada", "NL"), ("ken", "JP"), ("sam", "US")]:
        person = shop.person(name)
        person.country = country
        person.save()
    shop.flow(steps=[{"wait_until": {"time": "20:00"}}, {"send_email": "evening-1"}])
    for name in ("ada", "ken", "sam"):
        shop.leaves(name)
    shop.advance()

    assert {name: (shop.run(name).due_at - began).total_seconds() / 3600 for name in ("ada", "ken", "sam")} == {
        # America has many zones: the shop's counts.
        "ada": 10, "ken": 2, "sam": 10,
    }  # fmt: skip
    shop.travel(hours=2)
    assert (shop.mails("ken"), shop.mails("ada")) == (["1"], [])
    shop.travel(hours=8)
    assert (shop.mails("ada"), shop.mails("sam")) == (["1"], ["1"])


def test_by_the_shops_clock_when_the_owner_says_so() -> None:
    zones = Zones.of("Europe/Amsterdam", "JP")
    step = WaitUntil(time=time(20), zone="shop")

    assert step.opens(local("2026-03-02 10:00"), local("2026-03-02 10:00"), zones) == local("2026-03-02 20:00")
