"""Mail leaves when the windows are open, once, also where the clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.core.windows import (
    Windows,
    WindowsRefused,
    add_open,
    first_moment,
    format_windows,
    next_open,
    open_seconds,
    parse_windows,
)

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
ALWAYS = Windows(quiet=None, sunday=True)
AFTERNOONS = parse_windows({"quiet": "off", "window": "mo-fr 13:00-16:30"})
# Every zone that is a place; the rest of the names are aliases and fixed offsets.
ZONES = sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))
HALF_HOURS = [time(hour, minute) for hour in range(24) for minute in (0, 30)]


def amsterdam(text: str, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM, fold=fold)


@st.composite
def windows_that_open(draw: st.DrawFn) -> Windows:
    walls = st.sampled_from(HALF_HOURS)
    try:
        return Windows(
            quiet=draw(st.none() | st.tuples(walls, walls)),
            sunday=draw(st.booleans()),
            days=draw(st.none() | st.frozensets(st.integers(0, 6), min_size=1)),
            opens=draw(st.none() | st.sampled_from(HALF_HOURS[1:24])),
            closes=draw(st.none() | st.sampled_from(HALF_HOURS[24:])),
        )
    except WindowsRefused:
        return ALWAYS


seconds = st.integers(1_577_836_800, 2_051_222_400)  # the years 2020 to 2034
moments = seconds.map(lambda second: datetime.fromtimestamp(second, UTC))
zones = st.sampled_from(ZONES).map(ZoneInfo)


def test_friday_evening_waits_for_monday_noon() -> None:
    due = amsterdam("2026-11-20T17:10")

    assert next_open(due, AMSTERDAM, AFTERNOONS) == amsterdam("2026-11-23T13:00")


def test_an_open_moment_is_kept_as_it_is() -> None:
    due = amsterdam("2026-11-20T16:29:59")

    assert next_open(due, AMSTERDAM, AFTERNOONS) is due


@pytest.mark.parametrize(
    ("due", "leaves"),
    [
        ("2026-11-20T20:59:59", "2026-11-20T20:59:59"),
        ("2026-11-20T21:00", "2026-11-21T08:00"),
        ("2026-11-21T03:00", "2026-11-21T08:00"),
        ("2026-11-21T22:00", "2026-11-23T08:00"),
        ("2026-11-22T12:00", "2026-11-23T08:00"),
    ],
)
def test_a_new_store_is_quiet_at_night_and_on_sunday(due: str, leaves: str) -> None:
    assert next_open(amsterdam(due), AMSTERDAM, Windows()) == amsterdam(leaves)


def test_the_first_basket_reminder_obeys_only_the_night() -> None:
    strict = Windows(days=frozenset({0}), opens=time(13), closes=time(14))
    sunday_noon, sunday_night = amsterdam("2026-11-22T12:00"), amsterdam("2026-11-22T23:00")

    assert next_open(sunday_noon, AMSTERDAM, strict, night_only=True) == sunday_noon
    assert next_open(sunday_night, AMSTERDAM, strict, night_only=True) == amsterdam("2026-11-23T08:00")


def test_where_the_clock_turns_back_the_first_of_two_counts() -> None:
    early = Windows(quiet=None, sunday=True, opens=time(2, 30), closes=time(12))

    opens = next_open(amsterdam("2026-10-25T01:00"), AMSTERDAM, early)

    assert opens == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert next_open(amsterdam("2026-10-25T02:10", fold=1), AMSTERDAM, early).hour == 2


def test_where_the_clock_turns_forward_the_next_valid_moment_counts() -> None:
    early = Windows(quiet=None, sunday=True, opens=time(2, 30), closes=time(12))

    opens = next_open(amsterdam("2027-03-28T01:00"), AMSTERDAM, early)

    assert opens.astimezone(AMSTERDAM) == amsterdam("2027-03-28T03:00")


def test_an_opening_that_is_skipped_whole_comes_back_the_next_time() -> None:
    skipped = Windows(quiet=None, sunday=True, days=frozenset({6}), opens=time(2), closes=time(3))

    opens = next_open(amsterdam("2027-03-27T12:00"), AMSTERDAM, skipped)

    assert opens == amsterdam("2027-04-04T02:00")


def test_a_day_that_never_was_has_no_opening() -> None:
    apia = ZoneInfo("Pacific/Apia")
    thursday = datetime(2011, 12, 29, 22, 0, tzinfo=apia)

    assert next_open(thursday, apia, Windows()) == datetime(2011, 12, 31, 8, 0, tzinfo=apia)


@pytest.mark.parametrize(
    ("day", "hours"),
    [("2026-10-24", 13), ("2026-10-25", 13), ("2027-03-28", 13), ("2026-10-26", 13)],
)
def test_a_day_counts_its_open_hours(day: str, hours: int) -> None:
    begins = amsterdam(f"{day}T00:00")

    counted = open_seconds(begins, begins + timedelta(days=1), AMSTERDAM, Windows(sunday=True))

    assert counted == hours * 3600


@pytest.mark.parametrize(("day", "hours"), [("2026-10-25", 25), ("2027-03-28", 23), ("2027-03-29", 24)])
def test_a_day_is_as_long_as_its_clock(day: str, hours: int) -> None:
    begins = amsterdam(f"{day}T00:00")

    assert open_seconds(begins, begins + timedelta(days=1), AMSTERDAM, ALWAYS) == hours * 3600


def test_a_validity_of_24_hours_outlives_a_weekend() -> None:
    friday = amsterdam("2026-11-20T16:00")

    ends = add_open(friday, timedelta(hours=24), AMSTERDAM, AFTERNOONS)

    # Half an hour on Friday, then 3.5 a day: six working days and 2.5 hours more.
    assert ends == amsterdam("2026-12-01T15:30")
    assert open_seconds(friday, ends, AMSTERDAM, AFTERNOONS) == 24 * 3600


def test_a_validity_that_fits_exactly_ends_when_the_window_shuts() -> None:
    friday = amsterdam("2026-11-20T16:00")

    assert add_open(friday, timedelta(minutes=30), AMSTERDAM, AFTERNOONS) == amsterdam("2026-11-20T16:30")


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        next_open(amsterdam("2026-01-01").replace(tzinfo=None), AMSTERDAM, ALWAYS)


@pytest.mark.parametrize(
    ("settings_", "read_back"),
    [
        ({}, {"quiet": "21:00-08:00", "sunday": "off", "window": "off"}),
        ({"quiet": "off", "sunday": "on"}, {"quiet": "off", "sunday": "on", "window": "off"}),
        ({"quiet": "22:30 - 7:00"}, {"quiet": "22:30-07:00", "sunday": "off", "window": "off"}),
        (
            {"window": "mo-fr 13:00-16:30"},
            {"quiet": "21:00-08:00", "sunday": "off", "window": "mo-fr 13:00-16:30"},
        ),
        ({"window": "we,mo"}, {"quiet": "21:00-08:00", "sunday": "off", "window": "mo,we"}),
        (
            {"window": "sa-mo 09:00-24:00"},
            {"quiet": "21:00-08:00", "sunday": "off", "window": "mo,sa,su 09:00-24:00"},
        ),
        (
            {"window": "00:00-12:00"},
            {"quiet": "21:00-08:00", "sunday": "off", "window": "00:00-12:00"},
        ),
    ],
)
def test_settings_are_read_as_an_owner_writes_them(settings_: dict[str, str], read_back: dict[str, str]) -> None:
    assert format_windows(parse_windows(settings_)) == read_back


@pytest.mark.parametrize(
    ("setting", "text"),
    [
        ("quiet", ""),
        ("quiet", "21:00"),
        ("quiet", "25:00-08:00"),
        ("quiet", "21:00-08:60"),
        ("quiet", "08:00-08:00"),
        ("sunday", "maybe"),
        ("window", "xx-fr 13:00-16:30"),
        ("window", "mo- 13:00-16:30"),
        ("window", "mo-we-fr"),
        ("window", "13:00-16:30 mo"),
        ("window", "mo-fr 16:30-13:00"),
        ("window", "22:00-23:00"),
        ("window", "su"),
        ("night", "off"),
    ],
)
def test_settings_that_mean_nothing_or_never_open_are_refused(setting: str, text: str) -> None:
    with pytest.raises(WindowsRefused):
        parse_windows({setting: text})


@given(windows_that_open())
def test_settings_are_written_and_read_back_equal(windows: Windows) -> None:
    assert parse_windows(format_windows(windows)) == windows


@settings(max_examples=400, deadline=None)
@given(moments, zones, windows_that_open())
def test_the_next_opening_is_the_first_open_moment(at: datetime, zone: ZoneInfo, windows: Windows) -> None:
    leaves = next_open(at, zone, windows)

    assert leaves >= at
    assert next_open(leaves, zone, windows) == leaves
    assert open_seconds(at, leaves, zone, windows) == 0
    assert open_seconds(leaves, leaves + timedelta(minutes=1), zone, windows) > 0
    halfway = at + (leaves - at) / 2
    assert next_open(halfway, zone, windows) == max(leaves, halfway)


@settings(max_examples=300, deadline=None)
@given(moments, zones, windows_that_open(), st.timedeltas(timedelta(seconds=1), timedelta(days=3)))
def test_open_time_that_is_added_is_counted_back(
    at: datetime, zone: ZoneInfo, windows: Windows, length: timedelta
) -> None:
    ends = add_open(at, length, zone, windows)

    assert open_seconds(at, ends, zone, windows) == pytest.approx(length.total_seconds(), abs=1e-5)
    middle = at + (ends - at) / 3
    parts = open_seconds(at, middle, zone, windows) + open_seconds(middle, ends, zone, windows)
    assert parts == pytest.approx(length.total_seconds(), abs=1e-5)


def clock_changes(zone: ZoneInfo, year: int) -> list[datetime]:
    """The hours of a year in which the offset of the zone changes."""
    days = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=day) for day in range(366)]
    changed = [
        day
        for day in days
        if day.astimezone(zone).utcoffset() != (day + timedelta(days=1)).astimezone(zone).utcoffset()
    ]
    hours = [day + timedelta(hours=hour) for day in changed for hour in range(24)]
    return [
        hour
        for hour in hours
        if hour.astimezone(zone).utcoffset() != (hour + timedelta(hours=1)).astimezone(zone).utcoffset()
    ]


def shows(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)


@pytest.mark.parametrize("year", [2020, 2023, 2026, 2029])
def test_every_wall_time_around_every_clock_change_is_met_once(year: int) -> None:
    """Against the definition itself, minute by minute: the first moment that shows it or more."""
    checked = 0
    for zone in map(ZoneInfo, ZONES):
        for change in clock_changes(zone, year):
            minutes = [change + timedelta(minutes=minute) for minute in range(-360, 421)]
            shown = [shows(minute, zone) for minute in minutes]
            for wall in (shown[360] + timedelta(minutes=offset) for offset in (-60, -30, 0, 30, 60, 90)):
                first = next(minute for minute, local in zip(minutes, shown, strict=True) if local >= wall)
                since_midnight = wall - datetime.combine(wall.date(), time(0))
                assert first_moment(wall.date(), since_midnight, zone) == first, (zone, wall)
                checked += 1
    assert checked > 500


def test_a_ticking_sender_sends_once_across_every_clock_change() -> None:
    """A mail due in the night of the change, a worker that looks every ten minutes."""
    for zone in map(ZoneInfo, ZONES):
        for change in clock_changes(zone, 2026):
            windows = Windows(quiet=(time(21), time(2, 30)), sunday=True)
            due = change - timedelta(hours=2)
            until = next_open(due, zone, windows)
            ticks = [due + timedelta(minutes=10 * tick) for tick in range(200)]
            sent = [tick for tick in ticks if tick >= until and next_open(tick, zone, windows) == tick][:1]
            assert len(sent) == 1, (zone, change)
            assert sent[0] - until < timedelta(minutes=10)
            assert not shows(sent[0], zone).time() >= time(21)


def test_midnight_that_is_skipped_opens_when_the_day_begins() -> None:
    santiago = ZoneInfo("America/Santiago")

    assert first_moment(date(2026, 9, 6), timedelta(), santiago) == datetime(2026, 9, 6, 4, tzinfo=UTC)
