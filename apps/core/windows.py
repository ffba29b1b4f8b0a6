"""When mail may leave: not at night, not on Sunday, inside the hours the owner chose.

A wall time means the first moment at which the local clock shows it or more. Where the
clock is turned back that is the first of two; where it is turned forward it is the next
time that exists. Each local day therefore opens once, and a mail leaves once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from typing import Final

SUNDAY: Final = 6
MIDNIGHT: Final = time(0)
DAY: Final = timedelta(days=1)
# A weekly opening that falls wholly in a skipped hour comes back a week later.
HORIZON_DAYS: Final = 21

DAYS: Final = ("mo", "tu", "we", "th", "fr", "sa", "su")
OFF: Final = "off"
SETTINGS: Final = {
    "quiet": "hours such as 21:00-08:00, or off",
    "sunday": "on (mail leaves on Sundays) or off",
    "window": "days, hours or both, such as mo-fr 13:00-16:30, or off",
}

_HOURS: Final = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})", re.ASCII)

Span = tuple[timedelta, timedelta]


class WindowsRefused(ValueError):
    """These windows never open, or a boundary is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Windows:
    """The owner's send windows, in local wall time. The defaults are those of a new store.

    `quiet` is the night, `sunday` whether mail leaves on Sundays, `days` the weekdays of
    the window (Monday is 0), `opens` and `closes` its hours; None is no limit.
    """

    quiet: tuple[time, time] | None = (time(21), time(8))
    sunday: bool = False
    days: frozenset[int] | None = None
    opens: time | None = None
    closes: time | None = None

    def __post_init__(self) -> None:
        if self.quiet and self.quiet[0] == self.quiet[1]:
            raise WindowsRefused("quiet hours need a start and another end")
        if self.days is not None and not self.days <= set(range(7)):
            raise WindowsRefused("weekdays are numbered 0 (Monday) to 6 (Sunday)")
        if (self.closes or time.max) <= (self.opens or MIDNIGHT):
            raise WindowsRefused("a window opens before it closes, on the same day")
        if not any(spans_of(self, weekday) for weekday in range(7)):
            raise WindowsRefused("these quiet hours, days and window together never open")

    def night_only(self) -> Windows:
        """The same night and nothing else: all that the first basket reminder obeys."""
        return _night_only(self)


@lru_cache(maxsize=1024)
def _night_only(windows: Windows) -> Windows:
    return replace(windows, sunday=True, days=None, opens=None, closes=None)


def parse_windows(settings: Mapping[str, str]) -> Windows:
    """Read the settings `quiet`, `sunday` and `window`; what is not named keeps its default."""
    windows = Windows()
    if unknown := set(settings) - set(SETTINGS):
        raise WindowsRefused(f"expected {', '.join(SETTINGS)}; got {', '.join(sorted(unknown))}")
    if "quiet" in settings:
        windows = replace(windows, quiet=_parse_quiet(settings["quiet"]))
    if "sunday" in settings:
        windows = replace(windows, sunday=_parse_sunday(settings["sunday"]))
    if "window" in settings:
        days, opens, closes = _parse_window(settings["window"])
        windows = replace(windows, days=days, opens=opens, closes=closes)
    return windows


def format_windows(windows: Windows) -> dict[str, str]:
    """The three settings as text; `parse_windows` reads the same windows back."""
    hours = f"{windows.opens or MIDNIGHT:%H:%M}-{windows.closes:%H:%M}" if windows.closes else ""
    if windows.opens and not windows.closes:
        hours = f"{windows.opens:%H:%M}-24:00"
    days = "" if windows.days is None else _format_days(windows.days)
    return {
        "quiet": f"{windows.quiet[0]:%H:%M}-{windows.quiet[1]:%H:%M}" if windows.quiet else OFF,
        "sunday": "on" if windows.sunday else OFF,
        "window": f"{days} {hours}".strip() or OFF,
    }


def next_open(at: datetime, zone: tzinfo, windows: Windows, *, night_only: bool = False) -> datetime:
    """`at` itself when mail may leave then, else the moment (in UTC) the windows open next."""
    since = _instant(at)
    for opens, closes in _openings(since, zone, windows.night_only() if night_only else windows):
        if since < closes:
            return at if opens <= since else opens
        if opens - since > HORIZON_DAYS * DAY:
            break
    raise WindowsRefused(f"no opening within {HORIZON_DAYS} days")


def open_seconds(start: datetime, end: datetime, zone: tzinfo, windows: Windows, *, night_only: bool = False) -> float:
    """How many seconds between the two moments mail was allowed to leave."""
    since, until = _instant(start), _instant(end)
    counted = timedelta()
    for opens, closes in _openings(since, zone, windows.night_only() if night_only else windows):
        if opens >= until:
            break
        counted += max(min(closes, until) - max(opens, since), timedelta())
    return counted.total_seconds()


def add_open(
    start: datetime,
    duration: timedelta,
    zone: tzinfo,
    windows: Windows,
    *,
    night_only: bool = False,
) -> datetime:
    """The moment (in UTC) at which `duration` of open time has passed since `start`.

    A validity counts open hours, so that a shut window or a night uses none of it.
    """
    since, left = _instant(start), duration
    if left <= timedelta():
        return since
    for opens, closes in _openings(since, zone, windows.night_only() if night_only else windows):
        begins = max(opens, since)
        if left <= closes - begins:
            return begins + left
        left -= max(closes - begins, timedelta())
    raise WindowsRefused("no opening before the calendar ends")


@lru_cache(maxsize=4096)
def spans_of(windows: Windows, weekday: int) -> tuple[Span, ...]:
    """When the windows are open on a weekday, as time since midnight on the wall clock."""
    if weekday == SUNDAY and not windows.sunday:
        return ()
    if windows.days is not None and weekday not in windows.days:
        return ()
    first = _since_midnight(windows.opens or MIDNIGHT)
    last = _since_midnight(windows.closes) if windows.closes else DAY
    allowed = ((max(begin, first), min(end, last)) for begin, end in _awake(windows.quiet))
    return tuple((begin, end) for begin, end in allowed if begin < end)


def first_moment(day: date, since_midnight: timedelta, zone: tzinfo) -> datetime:
    """The first instant at which the clock of `zone` shows this wall time or a later one."""
    wall = datetime.combine(day, MIDNIGHT) + since_midnight
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall:
        return instant
    # The wall time was skipped: read with the offset after the change it lies before it.
    before = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return _first_reaching(wall, before, instant, zone)


def _first_reaching(wall: datetime, before: datetime, after: datetime, zone: tzinfo) -> datetime:
    """Halve until the second of the clock change is found; changes fall on whole seconds."""
    low, high = int(before.timestamp()) - 1, int(after.timestamp()) + 1
    while high - low > 1:
        middle = (low + high) // 2
        shown = datetime.fromtimestamp(middle, zone).replace(tzinfo=None)
        low, high = (low, middle) if shown >= wall else (middle, high)
    return datetime.fromtimestamp(high, UTC)


def _openings(since: datetime, zone: tzinfo, windows: Windows) -> Iterator[tuple[datetime, datetime]]:
    """Every opening from the local day of `since` on, oldest first, as instants."""
    day = since.astimezone(zone).date()
    while day < date.max:
        yield from _openings_on(day, zone, windows)
        day += DAY


@lru_cache(maxsize=4096)
def _openings_on(day: date, zone: tzinfo, windows: Windows) -> tuple[tuple[datetime, datetime], ...]:
    """One local day's openings; every mail of a shop asks for the same few days."""
    moments = (
        (first_moment(day, begin, zone), first_moment(day, end, zone))
        for begin, end in spans_of(windows, day.weekday())
    )
    # Both fall together when the clock skips the whole opening.
    return tuple((opens, closes) for opens, closes in moments if opens < closes)


def _awake(quiet: tuple[time, time] | None) -> tuple[Span, ...]:
    if quiet is None:
        return ((timedelta(), DAY),)
    start, end = map(_since_midnight, quiet)
    if start > end:
        return ((end, start),)
    return ((timedelta(), start), (end, DAY))


def _since_midnight(wall: time) -> timedelta:
    return timedelta(hours=wall.hour, minutes=wall.minute, seconds=wall.second)


def _instant(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("expected a moment with a time zone")
    return at.astimezone(UTC)


def _parse_quiet(text: str) -> tuple[time, time] | None:
    if text.strip().lower() == OFF:
        return None
    start, end = _parse_hours(text, setting="quiet")
    return start or MIDNIGHT, end or MIDNIGHT


def _parse_sunday(text: str) -> bool:
    written = text.strip().lower()
    if written not in ("on", OFF):
        raise _refused("sunday", text)
    return written == "on"


def _parse_window(text: str) -> tuple[frozenset[int] | None, time | None, time | None]:
    written = text.strip().lower()
    if written == OFF:
        return None, None, None
    hours = _HOURS.search(written)
    names = (written[: hours.start()] if hours else written).strip()
    if hours and hours.end() != len(written):
        raise _refused("window", text)
    opens, closes = _parse_hours(hours[0], setting="window") if hours else (None, None)
    return _parse_days(names) if names else None, opens, closes


def _parse_hours(text: str, *, setting: str) -> tuple[time | None, time | None]:
    """Two wall times; midnight is None, also when it is written as 24:00 at the end."""
    found = _HOURS.fullmatch(text.strip())
    if found is None:
        raise _refused(setting, text)
    start, end = (int(found[1]), int(found[2])), (int(found[3]), int(found[4]))
    end = (0, 0) if end == (24, 0) else end
    try:
        return time(*start) if any(start) else None, time(*end) if any(end) else None
    except ValueError:
        raise _refused(setting, text) from None


def _parse_days(text: str) -> frozenset[int]:
    """`mo-fr`, `mo,we,fr`, also over the weekend: `sa-mo`."""
    days: set[int] = set()
    for part in text.split(","):
        first, _, last = (name.strip() for name in part.partition("-"))
        if first not in DAYS or (last or first) not in DAYS or part.strip().endswith("-"):
            raise _refused("window", text)
        start = DAYS.index(first)
        days.update((start + step) % 7 for step in range((DAYS.index(last or first) - start) % 7 + 1))
    return frozenset(days)


def _format_days(days: frozenset[int]) -> str:
    ordered = sorted(days)
    if len(ordered) > 2 and ordered[-1] - ordered[0] == len(ordered) - 1:
        return f"{DAYS[ordered[0]]}-{DAYS[ordered[-1]]}"
    return ",".join(DAYS[day] for day in ordered)


def _refused(setting: str, text: str) -> WindowsRefused:
    return WindowsRefused(f"{setting}: expected {SETTINGS[setting]}; got {text.strip()[:40]!r}")
