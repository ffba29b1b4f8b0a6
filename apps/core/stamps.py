"""Which of two states is the newer one.

A stamp is text that sorts as time does: the platform's own moment in UTC, then the rank of the status, then a
hash of the body. Two equal stamps are the same state, so whichever order news comes in, the same one stays.
"""

from __future__ import annotations

from datetime import UTC, datetime


def stamp(at: datetime, tie: tuple[int, str] = (0, "")) -> str:
    """A sortable stamp of a state, e.g. `20261122T041606.000000|02|9f86d081884c`."""
    moment = at.astimezone(UTC)
    return f"{moment:%Y%m%dT%H%M%S.%f}|{tie[0]:02d}|{tie[1][:12]}"
