"""How much marketing one person gets at most: `1/16h,3/7d`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from apps.core.durations import OFF, Duration, DurationRefused, parse_duration

ACCEPTED: Final = "counts per length of time, such as 1/16h,3/7d, or off"
MOST_CAPS: Final = 5

_WRITTEN: Final = re.compile(r"\s*(\d{1,4})\s*/\s*(\S+)\s*", re.ASCII)


class CapsRefused(ValueError):
    """Not a list of caps; the message names what is accepted."""


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `most` mails within any stretch of this length."""

    most: int
    within: Duration

    @property
    def window(self) -> timedelta:
        return self.within.delta

    def __str__(self) -> str:
        return f"{self.most}/{self.within}"


def parse_caps(text: str) -> tuple[Cap, ...]:
    """Read caps, shortest stretch first; off is none at all."""
    if text.strip().lower() == OFF:
        return ()
    caps = tuple(sorted(map(_cap, text.split(",")), key=lambda cap: cap.window))
    if len(caps) > MOST_CAPS:
        raise CapsRefused(f"expected at most {MOST_CAPS} of them; got {len(caps)}")
    return caps


def format_caps(caps: tuple[Cap, ...]) -> str:
    """The text that `parse_caps` reads back as the same caps."""
    return ",".join(map(str, caps)) or OFF


def _cap(text: str) -> Cap:
    written = _WRITTEN.fullmatch(text)
    if written is None or not int(written[1]):
        raise CapsRefused(f"expected {ACCEPTED}; got {text.strip()[:40]!r}")
    try:
        within = parse_duration(written[2])
    except DurationRefused as refused:
        raise CapsRefused(str(refused)) from None
    if not within.count:
        raise CapsRefused(f"expected {ACCEPTED}; got {text.strip()[:40]!r}")
    return Cap(int(written[1]), within)
