"""Lengths of time as owners write them: 30s, 60m, 24h, 3d, 2w, off."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

UNITS: Final[dict[str, timedelta]] = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
}
LONGEST: Final = timedelta(days=3660)
OFF: Final = "off"
ACCEPTED: Final = (
    "a whole number with s, m, h, d or w (seconds, minutes, hours, days, weeks), such as 30s, 60m, 24h, 3d or 2w"
)

_WRITTEN: Final = re.compile(r"(\d{1,10})\s*([smhdw])", re.ASCII | re.IGNORECASE)


class DurationRefused(ValueError):
    """Not a duration; the message names what is accepted."""


@dataclass(frozen=True, slots=True)
class Duration:
    """A count of one unit, kept as the owner wrote it: 60m is as long as 1h and stays 60m."""

    count: int
    unit: str

    def __post_init__(self) -> None:
        if self.unit not in UNITS or self.count < 0 or self.count > LONGEST // UNITS[self.unit]:
            raise DurationRefused(f"expected {ACCEPTED}, at most ten years; got {self.count}{self.unit}")

    @classmethod
    def of(cls, length: timedelta) -> Duration:
        """The length in the largest unit that divides it; whole seconds only."""
        for unit, one in reversed(UNITS.items()):
            if length and not length % one:
                return cls(length // one, unit)
        if length:
            raise DurationRefused("expected whole seconds")
        return cls(0, "s")

    @property
    def delta(self) -> timedelta:
        return self.count * UNITS[self.unit]

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"


def parse_duration(text: str) -> Duration:
    """Read a duration. Months are not one: how long a month lasts depends on when it starts."""
    written = _WRITTEN.fullmatch(text.strip())
    if written is None:
        raise DurationRefused(f"expected {ACCEPTED}; got {text.strip()[:40]!r}")
    return Duration(int(written[1]), written[2].lower())


def parse_duration_or_off(text: str) -> Duration | None:
    """Read the duration of a rule that can be switched off; None is off."""
    if text.strip().lower() == OFF:
        return None
    try:
        return parse_duration(text)
    except DurationRefused as refused:
        raise DurationRefused(f"{refused} (or {OFF})") from None


def format_duration(duration: Duration | None) -> str:
    """The text that `parse_duration_or_off` reads back as the same duration."""
    return OFF if duration is None else str(duration)
