"""Errands: what we ask of shops, as rows with the moment of their next turn.

One at a time per shop, under a lease that outlives no worker; the shop that waited longest comes first, so a slow
one or a long history holds up nobody else.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

import msgspec
from django.db import transaction

from apps.core import db
from apps.stores.models import Store
from apps.stores.platforms.base import Platform, platforms
from apps.stores.platforms.calling import NOUNS

Kind = Literal["poll", "reconcile", "backfill", "audit", "tell"]

HISTORY: Final = timedelta(days=3 * 365)
"""How far back a new shop's orders are fetched."""
POLL_EVERY: Final = {"orders": timedelta(minutes=3), "baskets": timedelta(minutes=15)}
"""Orders silence; a basket whose webhook was lost is worth a mail for a day."""
BACKFILLED: Final = ("products", "customers", "orders", "reviews")
"""In this order: an order finds its things and people already there. Baskets of before are nobody's business."""
FIRST_AUDIT: Final = timedelta(minutes=10)
LEASE: Final = timedelta(minutes=5)
"""Longer than any one question may take; a worker that died is missed for this long."""
LOCK_CLASS: Final = 4711
"""First half of the advisory lock under which a shop's next errand is chosen."""
NIGHT: Final = (time(1), timedelta(hours=4))
"""When shops have time: from one o'clock theirs, spread over four hours."""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """An errand in hand."""

    id: int
    store_id: int
    token: uuid.UUID
    kind: Kind
    what: str
    cursor: str
    since: datetime | None
    watermark: datetime | None
    asked_at: datetime | None
    begun_at: datetime | None
    started_at: datetime
    done: int
    failures: int

    @property
    def vital(self) -> bool:
        """Small and often asked: when this does not work, nothing does. Another noun alone may be broken."""
        return self.kind == "audit" or (self.kind, self.what) == ("poll", "orders")

    @property
    def begins(self) -> bool:
        """Whether this is the first page of a run."""
        return self.begun_at is None


# --- opening and closing ---

_OPEN = """
INSERT INTO ingestion_errand AS e (store_id, kind, what, due_at, cursor, since, done, spoiled, failures, trouble,
    trouble_values, started_at)
SELECT %(store)s, t.kind, t.what, t.due_at, '', t.since, 0, 0, 0, '', '{}', %(at)s
FROM unnest(%(kinds)s::text[], %(whats)s::text[], %(dues)s::timestamptz[], %(sinces)s::timestamptz[])
    AS t(kind, what, due_at, since)
ON CONFLICT (store_id, kind, what) DO UPDATE SET failures = 0, trouble = '', trouble_values = '{}',
    -- What was missed meanwhile is fetched at once; a history once fetched is fetched.
    due_at = CASE WHEN e.kind = 'backfill' AND e.ended_at IS NOT NULL THEN NULL
        WHEN e.kind = 'reconcile' THEN %(at)s ELSE excluded.due_at END
"""


def open_for(store: Store, at: datetime, *, history: timedelta = HISTORY) -> None:
    """Begin, or go on with, all that can be asked of this shop."""
    _write(store, list(_planned(store, platforms.get(store.platform), at, history)), at)


Planned = tuple[Kind, str, datetime, datetime | None]
"""(kind, noun, due, since)"""


def _planned(store: Store, platform: Platform, at: datetime, history: timedelta) -> Iterator[Planned]:
    able = [noun for noun in NOUNS if noun in platform.can]
    yield from (("poll", noun, at, None) for noun in POLL_EVERY if noun in able)
    yield from (("reconcile", noun, next_night(store, at), None) for noun in able)
    yield from (
        ("backfill", noun, at + timedelta(seconds=place), at - history)
        for place, noun in enumerate(BACKFILLED)
        if noun in able
    )
    if platform.ways:
        yield "audit", "", at + FIRST_AUDIT, None
    if "consent" in platform.can:
        yield "tell", "", at, None


def _write(store: Store, planned: Sequence[Planned], at: datetime) -> None:
    db.run(
        _OPEN,
        {
            "store": store.pk,
            "at": at,
            "kinds": [one[0] for one in planned],
            "whats": [one[1] for one in planned],
            "dues": [one[2] for one in planned],
            "sinces": [one[3] for one in planned],
        },
    )


def close_for(store: Store | int, at: datetime) -> None:  # noqa: ARG001  one signature with `open_for`
    """Ask nothing more; what was fetched, and how far, stays."""
    pk = store if isinstance(store, int) else store.pk
    db.run(
        "UPDATE ingestion_errand SET due_at = NULL, token = NULL, lease_until = NULL"
        " WHERE store_id = %s AND (due_at IS NOT NULL OR token IS NOT NULL)",
        [pk],
    )


_NOW = """
INSERT INTO ingestion_errand AS e (store_id, kind, what, due_at, cursor, since, done, spoiled, failures, trouble,
    trouble_values, started_at)
VALUES (%(store)s, %(kind)s, %(what)s, %(at)s, '', %(since)s, 0, 0, 0, '', '{}', %(at)s)
ON CONFLICT (store_id, kind, what) DO UPDATE SET due_at = %(at)s, cursor = '', since = excluded.since,
    begun_at = NULL, ended_at = NULL, token = NULL, lease_until = NULL, failures = 0, trouble = '',
    trouble_values = '{}'
"""


def ask_now(store: Store, kind: Kind, what: str, at: datetime, *, since: datetime | None = None) -> None:
    """Somebody wants to know now: from the beginning, or from `since` by the shop's clock."""
    if since is None and kind == "backfill":
        since = at - HISTORY
    db.run(_NOW, {"store": store.pk, "kind": kind, "what": what, "at": at, "since": since})


def fetch_missed(store_id: int, since: datetime | None, at: datetime) -> None:
    """Webhooks were lost: what changed since then is asked for at once."""
    db.run(
        "UPDATE ingestion_errand SET due_at = %(at)s, cursor = '', begun_at = NULL, token = NULL, lease_until = NULL,"
        " since = least(%(since)s::timestamptz, watermark) WHERE store_id = %(store)s AND kind = 'reconcile'",
        {"store": store_id, "since": since, "at": at},
    )


def hurry(store_id: int, kind: Kind, what: str) -> bool:
    """This errand is next; False when it does not wait."""
    return bool(
        db.run(
            "UPDATE ingestion_errand SET due_at = least(due_at, begun_at, watermark, started_at)"
            " WHERE store_id = %s AND kind = %s AND what = %s AND due_at IS NOT NULL",
            [store_id, kind, what],
        )
    )


def reawaken(store_id: int, at: datetime) -> None:
    """The shop answers again: what had stopped goes on."""
    db.run(
        "UPDATE ingestion_errand SET due_at = %s, failures = 0, trouble = '', trouble_values = '{}'"
        " WHERE store_id = %s AND due_at IS NULL AND trouble NOT IN ('', 'not_offered')",
        [at, store_id],
    )


# --- whose turn it is ---

_WAITING = """
SELECT e.store_id FROM ingestion_errand e JOIN stores_connection c ON c.store_id = e.store_id
WHERE e.due_at <= %(at)s AND (c.paused_until IS NULL OR c.paused_until <= %(at)s) AND NOT EXISTS (
    SELECT 1 FROM ingestion_errand b WHERE b.store_id = e.store_id AND b.lease_until > clock_timestamp())
GROUP BY e.store_id
ORDER BY (SELECT max(b.taken_at) FROM ingestion_errand b WHERE b.store_id = e.store_id) NULLS FIRST, min(e.due_at),
    e.store_id LIMIT 20
"""

_LOCK = "SELECT pg_try_advisory_xact_lock(%s, %s::int)"

# Asked again behind the lock: the first look may be older than somebody else's lease.
_TAKE = """
UPDATE ingestion_errand t SET token = %(token)s, lease_until = clock_timestamp() + %(lease)s::interval,
    taken_at = clock_timestamp()
WHERE t.id = (
    SELECT e.id FROM ingestion_errand e WHERE e.store_id = %(store)s AND e.due_at <= %(at)s
    ORDER BY array_position(ARRAY['poll', 'tell', 'audit', 'reconcile', 'backfill']::text[], e.kind::text), e.due_at,
        e.id LIMIT 1)
AND NOT EXISTS (SELECT 1 FROM ingestion_errand b WHERE b.store_id = %(store)s AND b.lease_until > clock_timestamp())
RETURNING id, store_id, token, kind, what, cursor, since, watermark, asked_at, begun_at, started_at, done, failures
"""


def claim(at: datetime) -> Turn | None:
    """The next errand of the shop that waited longest; its lease is committed."""
    for (store_id,) in db.rows(_WAITING, {"at": at}):
        with transaction.atomic():
            if not db.rows(_LOCK, [LOCK_CLASS, store_id])[0][0]:
                continue
            found = db.rows(_TAKE, {"token": uuid.uuid4(), "lease": LEASE, "store": store_id, "at": at})
        if found:
            return msgspec.convert(dict(zip(Turn.__struct_fields__, found[0], strict=True)), Turn)
    return None


# --- what became of a turn ---


def due_again(turn: Turn, store: Store, at: datetime) -> datetime | None:
    """When a finished run of this kind begins anew."""
    match turn.kind:
        case "poll":
            return at + POLL_EVERY.get(turn.what, timedelta(minutes=15))
        case "reconcile":
            return next_night(store, at)
        case "audit":
            return at + timedelta(days=1)
        case _:
            return None


def next_night(store: Store, at: datetime) -> datetime:
    """This shop's own minute of its next night: not all shops, and no shop by day."""
    zone, (begins, spread) = ZoneInfo(store.time_zone), NIGHT
    share = int.from_bytes(hashlib.sha256(store.key.encode()).digest()[:4]) / 2**32
    today = datetime.combine(at.astimezone(zone).date(), begins, zone) + share * spread
    # A little room: a run that ends within its own minute is done for tonight.
    return today if today > at + timedelta(minutes=5) else today + timedelta(days=1)


_PUT_OFF = """
UPDATE ingestion_errand SET due_at = %(due)s, token = NULL, lease_until = NULL, failures = failures + 1,
    trouble = %(trouble)s, trouble_values = %(values)s::jsonb,
    -- Nothing was answered yet: next time is another run.
    begun_at = CASE WHEN cursor <> '' THEN begun_at END
WHERE id = %(id)s AND token = %(token)s
"""


def put_off(turn: Turn, due: datetime | None, trouble: str, values: dict[str, str]) -> None:
    """It did not work: again at `due`, or not before somebody acts."""
    encoded = msgspec.json.encode(values).decode()
    db.run(_PUT_OFF, {"due": due, "trouble": trouble, "values": encoded, "id": turn.id, "token": turn.token})


_STOP = """
UPDATE ingestion_errand SET due_at = NULL, token = NULL, lease_until = NULL, trouble = %(trouble)s,
    trouble_values = %(values)s::jsonb, begun_at = CASE WHEN cursor <> '' THEN begun_at END
WHERE store_id = %(store)s AND kind <> %(but)s AND (due_at IS NOT NULL OR token IS NOT NULL)
"""


def stop_all(store_id: int, trouble: str, values: dict[str, str], *, but: str = "") -> None:
    """Nothing of this shop makes sense any more for now, but perhaps one kind."""
    encoded = msgspec.json.encode(values).decode()
    db.run(_STOP, {"trouble": trouble, "values": encoded, "store": store_id, "but": but})


_FINISH = """
UPDATE ingestion_errand SET due_at = %(due)s, token = NULL, lease_until = NULL, cursor = '', begun_at = NULL,
    ended_at = %(at)s, failures = 0, trouble = '', trouble_values = '{}',
    -- Never ahead of us: a shop whose clock is set back would hide what it sells until then.
    watermark = least(asked_at, begun_at, %(at)s), since = CASE WHEN kind = 'backfill' THEN since END
WHERE id = %(id)s AND token = %(token)s
"""


def finish(turn: Turn, due: datetime | None, at: datetime) -> bool:
    """The run is whole: what it knows counts from the moment it began."""
    return bool(db.run(_FINISH, {"due": due, "at": at, "id": turn.id, "token": turn.token}))


def hand_back(turn: Turn, due: datetime) -> None:
    """The rest of the run another time; whoever waited longer comes first."""
    db.run(
        "UPDATE ingestion_errand SET due_at = %s, token = NULL, lease_until = NULL WHERE id = %s AND token = %s",
        [due, turn.id, turn.token],
    )
