"""Flows that begin by the calendar: their broom is run at the moments it would have been."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from apps.core import db
from apps.flows import admitting, sweeping
from apps.flows.simulating.clock import Call
from apps.flows.simulating.setting import Tried
from apps.flows.sweeping import Stretch, next_morning
from apps.segments.measuring import measure

PLAIN: Final = frozenset({"wait", "wait_until", "send_email", "exit"})
"""Steps that ask nothing about a person."""
_FIGURES: Final = re.compile(r"\bf\.|segments_")
_FADING: Final = re.compile(r"\bf\.(at_risk|received|engaged_at)\b")


class Brooms:
    """The brooms of the plans that are tried; none for those that wait for something to happen."""

    def __init__(self, tried: Sequence[Tried]) -> None:
        self.by_date = any(one.plan.trigger.due() is not None for one in tried)
        self.calls: list[Call] = []
        self.zone, self.store_id = ZoneInfo("UTC"), 0

    def open(self, store_id: int, began: datetime) -> None:
        """Set the brooms at the beginning: the next morning is their first."""
        if not self.by_date:
            return
        self.store_id, self.since = store_id, began
        self.zone = ZoneInfo(db.rows("SELECT time_zone FROM stores_store WHERE id = %s", [store_id])[0][0])
        self.calls = [Call(next_morning(began, self.zone))]

    def sweep(self, at: datetime) -> None:
        """Take in whose day came, the most important flow first."""
        flows = [flow for flow in admitting.live_flows({self.store_id}) if flow.trigger.due() is not None]
        for flow in sorted(flows, key=lambda flow: (flow.rank, flow.id)):
            stretch = Stretch(since=self.since, until=at, live_since=flow.live_since, zone=str(self.zone))
            sweeping.sweep(flow, stretch, at)
        self.since = at
        for call in self.calls:
            call.at = next_morning(at, self.zone)


# Of whom a night may make something else than the last event did: who was written to, and who stays away.
_FADED: Final = """
SELECT customer_id FROM segments_figures WHERE orders > 1 AND received > 0
UNION SELECT customer_id FROM mail_message WHERE sending_at > %s
"""


def pass_night(brooms: Brooms, at: datetime) -> None:
    """What the last midnight made of who stays away, as the nightly round of the live engine does."""
    midnight = at.astimezone(brooms.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    measure([row[0] for row in db.rows(_FADED, [midnight - timedelta(days=1)])], midnight)


def asks_fading(tried: Sequence[Tried]) -> bool:
    """Whether any of these plans asks what only time changes: mails without a sign of life, and being at risk."""
    asked = [part.where().text for one in tried for part in (*one.plan.filter, *one.plan.exits)]
    dates = [due.text for one in tried if (due := one.plan.trigger.due()) is not None]
    return any(_FADING.search(text) for text in (*asked, *dates))


def asks_figures(tried: Sequence[Tried]) -> bool:
    """Whether any of these plans asks what somebody did, added up: only then it is added up anew on the way."""
    return any(
        one.plan.trigger.due() is not None
        or {kind for step in one.plan.plain()["steps"] for kind in (step if isinstance(step, dict) else {step: 0})}
        - PLAIN
        or any(_FIGURES.search(part.where().text) for part in (*one.plan.filter, *one.plan.exits))
        for one in tried
    )
