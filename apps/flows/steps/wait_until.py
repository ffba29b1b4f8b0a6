from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final, Literal

from django.utils.translation import gettext_lazy as _

from apps.core.windows import first_moment
from apps.flows.parts import AtOnce, steps
from apps.flows.taking import Case, Taken
from apps.flows.zones import Zones

DAYS: Final = ("mo", "tu", "we", "th", "fr", "sa", "su")
DAY: Final = timedelta(days=1)


@steps.register("wait_until")
@dataclass(frozen=True, slots=True, kw_only=True)
class WaitUntil(AtOnce):
    """Wait until it is this time of day, on one of these weekdays, where the person or the shop is.

    A time that the clock skips in spring is the next one that exists; one it shows twice in autumn is the first of
    the two. Somebody who comes by at the very moment goes on at once.
    """

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Wait until")
    short: ClassVar[str] = "time"
    unplanned: ClassVar[bool] = True
    leaves_trace: ClassVar[bool] = False

    time: dt.time = field(default=dt.time(9), metadata={"label": _("Time of day"), "help": _("such as 09:00")})
    weekdays: tuple[Literal["mo", "tu", "we", "th", "fr", "sa", "su"], ...] = field(
        default=(),
        metadata={
            "label": _("On these days"),
            "help": _("none: on any day"),
            "choices": {
                "mo": _("Monday"), "tu": _("Tuesday"), "we": _("Wednesday"), "th": _("Thursday"), "fr": _("Friday"),
                "sa": _("Saturday"), "su": _("Sunday"),
            },
        },
    )  # fmt: skip
    zone: Literal["person", "shop"] = field(
        default="person",
        metadata={
            "label": _("By whose clock"),
            "choices": {"person": _("the person's, when it is known"), "shop": _("the shop's")},
        },
    )

    def opens(self, triggered_at: datetime, so_far: datetime, zones: Zones | None = None) -> datetime:  # noqa: ARG002
        """The first such moment that is not before `so_far`; when nobody knows whose clock, at once."""
        if zones is None:
            return so_far
        zone = zones.person if self.zone == "person" else zones.shop
        wall = timedelta(hours=self.time.hour, minutes=self.time.minute)
        # A day early: where the clock skips past midnight, a day's moment falls on the next.
        day = so_far.astimezone(zone).date() - DAY
        while True:
            if not self.weekdays or DAYS[day.weekday()] in self.weekdays:
                moment = first_moment(day, wall, zone)
                if moment >= so_far:
                    return moment.astimezone(UTC)
            day += DAY

    @classmethod
    def take(cls, cases: Sequence[Case], at: datetime) -> list[Taken]:  # noqa: ARG003
        return [Taken(case=case, outcome="waited") for case in cases]
