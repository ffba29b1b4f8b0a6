"""How a code is spelled, and when its last day ends."""

from __future__ import annotations

import re
import secrets
from datetime import datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

ALPHABET: Final = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
"""Nothing that is read as something else: no 0 O, 1 I L, no U (a V, in a hurry)."""
LENGTH: Final = 10
"""Of thirty letters: 49 bits, so that nobody finds one by trying."""
PREFIX: Final = re.compile(r"[A-Z0-9]{0,12}", re.ASCII)
SECOND: Final = timedelta(seconds=1)


def new_code(prefix: str = "") -> str:
    """A code nobody can guess: `PREFIX-K7MXQ2NDRA`. Never a comma: shops' links list codes by it."""
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    return f"{prefix}-{drawn}" if prefix else drawn


def normal(code: str) -> str:
    """A code as it is kept: shops and shoppers write it in any letters."""
    return code.strip().upper()


def end_of_day(at: datetime, lasts: timedelta, zone: ZoneInfo) -> datetime:
    """The last second of the day, in the shop's zone, on which so much time has passed.

    The mail names the day, and the shop counts to the second: so the code holds until the day is over. Where the
    clocks change at midnight the later of two last seconds counts.
    """
    day = (at + lasts).astimezone(zone).date()
    midnight = datetime.combine(day + timedelta(days=1), time(), zone)
    utc = ZoneInfo("UTC")
    ends = [midnight.replace(fold=fold).astimezone(utc) - SECOND for fold in (1, 0)]
    return next((end for end in ends if end.astimezone(zone).date() == day), ends[-1])
