"""Keeping clicks: a person's is told, a machine's is kept with its reason and never counts."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from django.db import transaction

from apps.core import db
from apps.events import kinds
from apps.events.log import Happened, append
from apps.tracking.judging import Machine
from apps.tracking.trails import Trail

BURST = timedelta(seconds=2)
"""Several links of one mail within this are followed by a machine."""
TOLD_AFTER = BURST + timedelta(seconds=1)
"""A click is announced only when it can no longer turn out to be part of a burst."""
KEPT = 100
"""Clicks of people, and of machines, that are kept per mail: the newest."""


class Before(msgspec.Struct, frozen=True):
    """What was clicked in this mail before."""

    burst: bool
    """Another link of it, a moment ago."""
    told: bool
    """This link, by a person."""
    full: bool


def record(trail: Trail, slot: int, machine: str, at: datetime) -> None:
    """Keep a click on a mail that is still known; tell a person's first on each of its links."""
    if trail.message is None:
        return
    with transaction.atomic():
        if not _hold(trail.message):
            return
        before = _before(trail.message, slot, at)
        if before.burst:
            machine = machine or Machine.BURST
            _take_back(trail, at)
        click = _keep(trail.message, slot, machine, at)
        if before.full:
            _thin(trail.message)
        if not machine and not before.told:
            append([_clicked(trail, slot, click, at)], at + TOLD_AFTER)


def _hold(message: int) -> bool:
    """Scanners follow links side by side: one after the other, each sees those before it."""
    return bool(db.rows("SELECT 1 FROM mail_message WHERE id = %s FOR NO KEY UPDATE", [message]))


_BEFORE = """
SELECT coalesce(bool_or(slot <> %(slot)s AND at > %(from)s AND at < %(till)s), false),
    coalesce(bool_or(slot = %(slot)s AND machine = ''), false),
    count(*) >= %(kept)s
FROM tracking_click WHERE message_id = %(message)s
"""


def _before(message: int, slot: int, at: datetime) -> Before:
    values = {
        "message": message,
        "slot": slot,
        "from": at - BURST,
        "till": at + BURST,
        "kept": KEPT,
    }
    return Before(*db.rows(_BEFORE, values)[0])


_MARK = """
UPDATE tracking_click SET machine = %s
WHERE message_id = %s AND machine = '' AND at > %s AND at < %s RETURNING id
"""

_UNTELL = """
DELETE FROM events_announcement WHERE event_id IN (
    SELECT id FROM events_event WHERE store_id = %s AND kind = %s AND source_key = ANY(%s::text[]))
"""


def _take_back(trail: Trail, at: datetime) -> None:
    """The clicks just before were the same machine's: their lines in the diary stay untold."""
    marked = db.rows(_MARK, [Machine.BURST, trail.message, at - BURST, at + BURST])
    if marked:
        db.run(_UNTELL, [trail.store, kinds.MAIL_CLICKED, [_key(row[0]) for row in marked]])


def _keep(message: int, slot: int, machine: str, at: datetime) -> int:
    found = db.rows(
        "INSERT INTO tracking_click (message_id, slot, at, machine) VALUES (%s, %s, %s, %s) RETURNING id",
        [message, slot, at, machine],
    )
    return int(found[0][0])


_THIN = """
DELETE FROM tracking_click WHERE id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY machine = '' ORDER BY at DESC, id DESC) AS place
        FROM tracking_click WHERE message_id = %s
    ) AS ranked WHERE place > %s)
"""


def _thin(message: int) -> None:
    """Whoever holds a link can follow it for ever; our table does not grow with it."""
    db.run(_THIN, [message, KEPT])


def _key(click: int) -> str:
    return f"click:{click}"


def _clicked(trail: Trail, slot: int, click: int, at: datetime) -> Happened:
    return Happened(
        store_id=trail.store,
        customer_id=trail.customer,
        subject=f"message:{trail.message}",
        kind=kinds.MAIL_CLICKED,
        occurred_at=at,
        source_key=_key(click),
        data={"message": trail.message, "slot": slot, "click": click},
        announced=trail.customer is not None,
    )
