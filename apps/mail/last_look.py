"""The last look: right before mail about baskets leaves, the shop itself is asked whether they were bought.

Which shops can be asked, and how, is known a floor above, which says so here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from apps.mail.gate import LOOK_LASTS, Asked

Clock = Callable[[], datetime]
Look = Callable[[int, Sequence[int], Clock], datetime | None]
"""(store, messages, clock) → the moment from which on the shop's answer counts; None when there is no such answer."""

_looks: list[Look] = []


def looks(how: Look) -> Look:
    """Register how a shop is asked."""
    _looks.append(how)
    return how


def look(store_id: int, messages: Sequence[int], now: Clock) -> datetime | None:
    """Ask the shop once about the baskets of all these messages. Called outside any transaction."""
    if not messages:
        return None
    return next((moment for how in _looks if (moment := how(store_id, messages, now)) is not None), None)


def is_old(asked: Asked, at: datetime) -> bool:
    """Whether so much time went by since the look that this mail must not leave on it."""
    return asked.looked is not None and at - asked.looked > LOOK_LASTS
