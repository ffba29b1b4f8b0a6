"""Adding the past: the people a flow would have taken in, had it been on earlier.

The same doors, the same rules, the same moments: whoever is too late for a mail begins behind it, and whoever is too
late for all of them does not begin. The head-count does all of it and takes it back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from django.db import transaction
from django.utils.translation import gettext

from apps.core import db
from apps.core.reasons import Reason
from apps.events.listeners import Told
from apps.flows import admitting, entry, freshness, sweeping
from apps.flows.admitting import LiveFlow, Newcoming
from apps.flows.models import Flow
from apps.flows.sweeping import BEGAN, Stretch
from apps.flows.words import SERVICE
from apps.flows.zones import Zones
from apps.mail import gate
from apps.mail.gate import Refused
from apps.mail.planning import Wish, plan

BATCH: Final = 500
FURTHEST: Final = timedelta(days=400)
"""The diary goes back no further."""
LOOKED_AT: Final = 2000
"""Whether we may write at all is asked of so many; of more it is a share of them."""
_AGAIN: Final = frozenset({Reason.REENTRY_TOO_SOON, Reason.LANE_TAKEN, Reason.DUPLICATE_RUN})
_FORBIDDEN: Final = ("no_basis", "suppressed")


class NotAdded(ValueError):
    """The past cannot be added to this flow; the message says why."""


class HeadCount(msgspec.Struct, frozen=True, kw_only=True):
    """Who would begin, and who would not, by reason."""

    entering: int
    """The first mail may be written to them, as far as one can know today."""
    no_basis: int
    """They would begin, and we may not write to them."""
    held_out: int
    refused: dict[str, int]
    """Reason → how many did not get in."""

    @property
    def too_old(self) -> int:
        """No mail of the flow would make sense any more."""
        return self.refused.get(Reason.STALE, 0)

    @property
    def were_in(self) -> int:
        """The re-entry rule, or another flow with the same aim, keeps them out."""
        return sum(number for reason, number in self.refused.items() if reason in _AGAIN)

    @property
    def filtered(self) -> int:
        """The flow's filter or one of its exits keeps them out."""
        return sum(self.refused.values()) - self.too_old - self.were_in


def count(flow: Flow, at: datetime, since: datetime) -> HeadCount:
    """What `add` would do now. Writes nothing. Raises NotAdded."""
    with transaction.atomic():
        counted = _add(flow, at, since, asking=True)
        transaction.set_rollback(True)
    return counted


def add(flow: Flow, at: datetime, since: datetime) -> HeadCount:
    """Take in whose moment came since then. Raises NotAdded, also for a flow that is off."""
    if not flow.live:
        raise NotAdded(gettext("Switch %s on first.") % flow.name)
    return _add(flow, at, since, asking=False)


def _add(flow: Flow, at: datetime, since: datetime, *, asking: bool) -> HeadCount:
    since = max(since, at - FURTHEST)
    found = admitting.as_if_live(flow.pk, since)
    if found is None or since >= at:
        raise NotAdded(gettext("Publish %s before you add the past.") % flow.name)
    tally: Counter[str] = Counter()
    zone = db.rows("SELECT time_zone FROM stores_store WHERE id = %s", [flow.store_id])[0][0]
    for part in (_heard, _swept):
        tally += part(found, since, at, zone)
    forbidden = _forbidden(found, tally[BEGAN], at) if asking else 0
    refused = {reason: number for reason, number in tally.items() if reason not in (BEGAN, Reason.HELD_OUT)}
    return HeadCount(
        entering=tally[BEGAN] - forbidden, no_basis=forbidden, held_out=tally[Reason.HELD_OUT], refused=refused
    )


def _swept(flow: LiveFlow, since: datetime, at: datetime, zone: str) -> Counter[str]:
    """Whose day came."""
    if flow.trigger.due() is None:
        return Counter()
    with transaction.atomic():
        stretch = Stretch(since=since, until=at, live_since=since, zone=zone)
        return Counter(sweeping.sweep(flow, stretch, at))


def _heard(flow: LiveFlow, since: datetime, at: datetime, zone: str) -> Counter[str]:
    """To whom something happened, oldest first, each batch in a transaction of its own."""
    tally: Counter[str] = Counter()
    zones = Zones.of(zone)
    for events in _told(flow, since, at):
        with transaction.atomic():
            newcoming, late = _in_time(entry.at_the_door([flow], events), at, zones)
            let_in = entry.let_in(newcoming, at, late)
        tally += let_in.declined
        tally[BEGAN] += let_in.began - let_in.declined[Reason.HELD_OUT]
    return tally


def _in_time(found: list[Newcoming], at: datetime, zones: Zones) -> tuple[list[Newcoming], list[Newcoming]]:
    """Who has something to begin with, at its place; and who has not."""
    early, late = [], []
    for one in found:
        place = freshness.first_fresh(one.flow.plan, one.flow.rules, one.triggered_at, at, zones)
        if place is None:
            late.append(one)
        else:
            early.append(msgspec.structs.replace(one, position=place))
    return early, late


_EVENTS = """
SELECT e.id, e.store_id, e.customer_id, e.subject, e.kind, e.occurred_at, e.recorded_at, e.data::text
FROM events_event e
WHERE e.store_id = %s AND e.kind = ANY(%s::text[]) AND (e.occurred_at, e.id) > (%s, %s) AND e.occurred_at <= %s
ORDER BY e.occurred_at, e.id LIMIT %s
"""


def _told(flow: LiveFlow, since: datetime, at: datetime) -> Iterator[list[Told]]:
    moment, last = since, 0
    heard = sorted(flow.trigger.hears)
    while heard:
        rows = db.rows(_EVENTS, [flow.store_id, heard, moment, last, at, BATCH])
        if not rows:
            return
        yield [_event(row) for row in rows]
        moment, last = rows[-1][5], rows[-1][0]


def _event(row: tuple[Any, ...]) -> Told:
    names = ("id", "store_id", "customer_id", "subject", "kind", "occurred_at", "recorded_at")
    return Told(**dict(zip(names, row, strict=False)), data=msgspec.json.decode(row[7]))


_BEGAN_NOW = """
SELECT e.id, e.customer_id, e.cart_id, e.order_id FROM flows_enrollment e
WHERE e.flow_id = %s AND e.status = 'active' AND e.entered_at = %s ORDER BY e.id LIMIT %s
"""
_WISHED = "SELECT id FROM mail_message WHERE store_id = %s AND origin = ANY(%s::text[])"


def _forbidden(flow: LiveFlow, began: int, at: datetime) -> int:
    """To how many of those who would begin we may not write: the gate's own word, on a mail that is taken back."""
    runs = db.rows(_BEGAN_NOW, [flow.id, at, LOOKED_AT])
    if not runs:
        return 0
    plan([_wish(flow, run, at) for run in runs], at)
    wanted = [row[0] for row in db.rows(_WISHED, [flow.store_id, [f"counted:{run[0]}" for run in runs]])]
    verdicts = gate.judge_all(wanted, at).values()
    refused = sum(
        isinstance(verdict, Refused) and str(verdict.reason).startswith(_FORBIDDEN) for _, verdict in verdicts
    )
    return round(refused * max(began, len(runs)) / len(runs))


def _wish(flow: LiveFlow, run: tuple[Any, ...], at: datetime) -> Wish:
    run_id, customer_id, cart_id, order_id = run
    purpose = flow.plan.definition.purpose
    return Wish(
        store_id=flow.store_id,
        customer_id=customer_id,
        origin=f"counted:{run_id}",
        purpose=purpose,
        kind="service" if purpose in SERVICE else "marketing",
        template_slug="",
        due_at=at,
        valid_until=at + timedelta(days=1),
        priority=flow.rank,
        cart_id=cart_id,
        order_id=order_id,
    )
