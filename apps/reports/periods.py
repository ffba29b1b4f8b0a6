"""From when to when a report counts: whole days where the shop is, the first in and the end out."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from apps.stores.models import Store

BEGINNING: Final = datetime(1, 1, 2, tzinfo=UTC)
"""Before every order; a day in, so that any zone can hold it."""


class Period(msgspec.Struct, frozen=True):
    """[since, until). `since` None: ever since the first order."""

    since: datetime | None
    until: datetime

    def asked(self, store: Store, at: datetime) -> dict[str, object]:
        """What every statement takes; nothing after `at` is counted."""
        return {
            "store": store.pk, "since": self.since or BEGINNING, "until": min(self.until, at), "at": at,
            "currency": store.currency, "zone": store.time_zone,
        }  # fmt: skip


def last_days(store: Store, days: int, at: datetime) -> Period:
    """Today and the whole days before it, so many in all, up to now."""
    first = at.astimezone(ZoneInfo(store.time_zone)).date() - timedelta(days=days - 1)
    return Period(datetime.combine(first, time(), ZoneInfo(store.time_zone)), at)


def days_before(store: Store, moment: datetime, days: int) -> datetime:
    """The same time of day so many days earlier, by the shop's own clock."""
    return moment.astimezone(ZoneInfo(store.time_zone)) - timedelta(days=days)


def the_one_before(store: Store, period: Period) -> Period:
    """As many days, ending where this one begins. Raises ValueError for one without a beginning."""
    if period.since is None:
        raise ValueError("nothing was before the beginning")
    length = (period.until.astimezone(ZoneInfo(store.time_zone)).date() - period.since.date()).days + 1
    return Period(days_before(store, period.since, length), period.since)


def in_hundredths(value: Decimal) -> Decimal:
    """Two decimals, halves up as people round."""
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)


def ratio(some: Decimal | int, of: int) -> Decimal | None:
    """None of nothing."""
    return in_hundredths(Decimal(some) / of) if of else None
