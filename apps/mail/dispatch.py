"""Due messages leave, or learn why not.

Per store, so that a slow or broken mail connection of one delays none of the other: a tick takes the store that
waited longest, claims a batch of its messages, asks the gate, writes the letters, and sends in sub-batches that
are committed as `sending` before their first byte.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import django.db
import msgspec
import psycopg
from django.conf import settings
from django.db import transaction

from apps.core import clock, db
from apps.core.reasons import Reason
from apps.core.secrets import SealBroken, unseal
from apps.mail import crash, departing, ending, gate, last_look, verdicts, writing
from apps.mail.departing import Leaving
from apps.mail.ending import AT_ONCE, CONNECTION_PAUSE
from apps.mail.gate import Allowed
from apps.mail.liveness import holder, is_leaving
from apps.mail.transport import Down, Later, MisconfiguredTransport, Outcome, Transport, Unknown, transport_for
from apps.mail.writing import Unwritten

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

BATCH = 500
STRIKES = 3
FIRST_CHUNK = 20
LARGEST_CHUNK = 100
CHUNK_SECONDS = 5.0
"""A sub-batch is as many as leave within this long: those are "in flight" if we die."""
STALL_SECONDS = 10.0
"""Older than this since its commit, a mail is handed back unsent: we were stopped or swapped out meanwhile."""

_NEXT_STORE = """
UPDATE stores_store SET last_claim_at = clock_timestamp() WHERE id = (
    SELECT s.id FROM stores_store s
    WHERE (s.transport_paused_until IS NULL OR s.transport_paused_until <= %(at)s) AND EXISTS (
        SELECT 1 FROM mail_message m WHERE m.store_id = s.id AND m.status IN ('planned', 'claimed')
          AND m.due_at <= %(at)s)
    ORDER BY s.last_claim_at NULLS FIRST, s.id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
) RETURNING id, key, transport_sealed
"""

_CLAIM = """
UPDATE mail_message t SET status = 'claimed', token = %(token)s, claims = t.claims + 1, due_at = %(lease)s,
    holder = %(holder)s, lease_until = clock_timestamp() + interval '120 seconds'
FROM (
    SELECT m.id FROM mail_message m WHERE m.store_id = %(store)s AND m.status IN ('planned', 'claimed')
      AND m.due_at <= %(at)s AND (m.status = 'planned' OR m.lease_until < clock_timestamp())
    ORDER BY m.due_at DESC, m.id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) AS due WHERE t.id = due.id
RETURNING t.id, t.claims
"""


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """What this process took in hand. Suspects were in hand before when their process died."""

    fresh: list[int]
    suspects: list[int]


def dispatch_due(now: Clock, limit: int = BATCH) -> int:
    """One batch of the store that waited longest; returns how many messages it claimed."""
    at = now()
    if is_leaving():
        return 0
    if abs(clock.skew()) > clock.MAX_SKEW:
        log.error("this machine's clock differs more than 5 s from the database's: nothing is sent")
        return 0
    found = db.rows(_NEXT_STORE, {"at": at})
    if not found:
        return 0
    token = uuid.uuid4()
    claimed = _claim(found[0][0], token, at, limit)
    crash.point("claimed")
    looked = last_look.look(found[0][0], [*claimed.fresh, *claimed.suspects], now)
    at = now()
    leaving = _prepare(claimed.fresh, token, at, looked)
    for suspect in claimed.suspects:
        if is_leaving():
            break
        leaving += _prepare_alone(suspect, token, at, looked)
    if leaving:
        _send_all(leaving, found[0], token, now)
    return len(claimed.fresh) + len(claimed.suspects)


def _claim(store_id: int, token: uuid.UUID, at: datetime, limit: int) -> Claimed:
    """Freshest first: after an outage the newest baskets matter, the oldest go stale and say so."""
    params = {"store": store_id, "at": at, "lease": at + timedelta(seconds=120), "token": token, "limit": limit}
    rows = db.rows(_CLAIM, {**params, "holder": holder()})
    struck = [row[0] for row in rows if row[1] > STRIKES]
    _skip([Unwritten(message_id=one, reason=Reason.CRASHED_THREE_TIMES, detail="") for one in struck], token, at)
    suspects = [row[0] for row in rows if 1 < row[1] <= STRIKES]
    _count(suspects, -1, token)
    return Claimed(fresh=[row[0] for row in rows if row[1] == 1], suspects=suspects)


def _count(ids: Sequence[int], by: int, token: uuid.UUID) -> None:
    """A suspect's strike counts while it is in hand by itself, so that it takes no other down with it."""
    if ids:
        db.run(
            "UPDATE mail_message SET claims = claims + %s::smallint WHERE id = ANY(%s::bigint[])"
            " AND status = 'claimed' AND token = %s",
            [by, list(ids), token],
        )


def _prepare_alone(suspect: int, token: uuid.UUID, at: datetime, looked: datetime | None) -> list[Leaving]:
    _count([suspect], 1, token)
    return _prepare([suspect], token, at, looked)


def _prepare(ids: Sequence[int], token: uuid.UUID, at: datetime, looked: datetime | None) -> list[Leaving]:
    """Verdicts for all, letters for those that may go."""
    if not ids:
        return []
    judged = gate.judge_all(ids, at, looked)
    allowed = {one: (asked, verdict) for one, (asked, verdict) in judged.items() if isinstance(verdict, Allowed)}
    written, failed = writing.write(list(allowed), at)
    with transaction.atomic():
        verdicts.write(judged.values(), token=token, at=at)
        writing.freeze(written, at)
        _skip(failed, token, at)
        _acquit([item.parcel.message_id for item in written], token)
    crash.point("rendered")
    order = {item.parcel.message_id: item for item in written}
    return [
        Leaving(written=order[one], asked=asked, allowed=verdict, judged_at=at)
        for one, (asked, verdict) in allowed.items()
        if one in order
    ]


def _acquit(ids: Sequence[int], token: uuid.UUID) -> None:
    """They could be written: if this process still dies, it was not their doing."""
    db.run(
        "UPDATE mail_message SET claims = 0 WHERE id = ANY(%s::bigint[]) AND status = 'claimed' AND token = %s",
        [list(ids), token],
    )


_SKIP = """
UPDATE mail_message m SET status = 'skipped', due_at = NULL, ended_at = %(at)s, reason = t.reason,
    response = t.detail, token = NULL, lease_until = NULL
FROM unnest(%(ids)s::bigint[], %(reasons)s::text[], %(details)s::text[]) AS t(id, reason, detail)
WHERE m.id = t.id AND m.status = 'claimed' AND m.token = %(token)s
"""


def _skip(failed: Sequence[Unwritten], token: uuid.UUID, at: datetime) -> None:
    if failed:
        db.run(
            _SKIP,
            {
                "ids": [item.message_id for item in failed],
                "reasons": [item.reason.value for item in failed],
                "details": [item.detail[:300] for item in failed],
                "token": token,
                "at": at,
            },
        )


def _send_all(leaving: Sequence[Leaving], store: tuple[Any, ...], token: uuid.UUID, now: Clock) -> None:
    """All of one store, in sub-batches. `store` is its id, its key and its sealed mail connection."""
    store_id, key, sealed = store
    try:
        transport = transport_for(unseal(sealed, bound_to=f"{key}/transport") or settings.ENV.email_url)
    except (SealBroken, MisconfiguredTransport) as problem:
        _connection_down(leaving, store_id, str(problem), token, now())
        return
    size, done = FIRST_CHUNK, 0
    while done < len(leaving) and not is_leaving():
        chunk = leaving[done : done + size]
        begun = time.monotonic()
        down = _send_chunk(chunk, transport, token, now)
        done += len(chunk)
        if down is not None:
            _connection_down(leaving[done:], store_id, down.response, token, now())
            return
        size = _next_size(len(chunk), time.monotonic() - begun)
    if done < len(leaving):
        _hand_back(leaving[done:], "the worker was asked to stop", token, now())
    _connection_works(store_id)


def _next_size(sent: int, seconds: float) -> int:
    rate = sent / max(seconds, 0.001)
    return max(1, min(LARGEST_CHUNK, int(rate * CHUNK_SECONDS)))


def _send_chunk(chunk: Sequence[Leaving], transport: Transport, token: uuid.UUID, now: Clock) -> Down | None:
    """Commit `sending`, then hand over one by one; what may not go any more is judged again."""
    at = now()
    chunk = _looked_at_lately(chunk, token, at)
    cleared = _depart(chunk, token, at) if chunk else set()
    committed = time.monotonic()
    crash.point("sending")
    going = [item for item in chunk if item.asked.id in cleared]
    ended: list[ending.Ended] = []
    down: Down | None = None
    while going and down is None and not is_leaving() and time.monotonic() - committed <= STALL_SECONDS:
        item = going.pop(0)
        outcome = _hand_over(item, transport)
        ended.append((item.asked.id, outcome))
        down = outcome if isinstance(outcome, Down) else None
    crash.point("answered")
    if down is not None:
        ended += [(item.asked.id, down) for item in going]
        going = []
    # Known outcomes first, under the clock of their own departure: the database may be away by now.
    ending.surely(lambda: ending.close(ended, token=token, at=now()))
    _hand_back(going, "this process stood still or was asked to stop; handed back unsent", token, at)
    _judge_again([item.asked.id for item in chunk if item.asked.id not in cleared], token, at)
    crash.point("closed")
    return down


def _looked_at_lately(chunk: Sequence[Leaving], token: uuid.UUID, at: datetime) -> list[Leaving]:
    """Where a slow batch took too long since the shop was asked, it is asked again: the next tick does."""
    old = [item for item in chunk if last_look.is_old(item.asked, at)]
    _hand_back(old, "the shop is asked once more", token, at)
    return [item for item in chunk if not last_look.is_old(item.asked, at)]


def _depart(chunk: Sequence[Leaving], token: uuid.UUID, at: datetime) -> set[int]:
    """`sending`, committed; if it is not sure that it was, nothing leaves and all go back."""
    try:
        return departing.depart(chunk, token=token, holder=holder(), at=at)
    except (psycopg.Error, django.db.Error):
        _hand_back(chunk, "the database went away before the first byte", token, at)
        raise


def _hand_over(item: Leaving, transport: Transport) -> Outcome:
    try:
        return transport.deliver(item.written.parcel)
    except Exception as fault:
        # Ours, and after who knows how many bytes: this one is in doubt, the others go on.
        log.exception("a mail could not be handed over")
        transport.close()
        return Unknown(response=f"we failed while handing it over ({type(fault).__name__})")


def _hand_back(items: Sequence[Leaving], why: str, token: uuid.UUID, at: datetime) -> None:
    """Nothing of these has left: the next tick takes them."""
    back = [(item.asked.id, Later(response=why)) for item in items]
    ending.surely(lambda: ending.hand_back(back, pause=AT_ONCE, token=token, at=at))


def _judge_again(ids: Sequence[int], token: uuid.UUID, at: datetime) -> None:
    """Something changed between verdict and departure: back to the queue, the gate will say what."""
    if ids:
        db.run(
            "UPDATE mail_message SET status = 'planned', due_at = %s, token = NULL, lease_until = NULL, claims = 0"
            " WHERE id = ANY(%s::bigint[]) AND status = 'claimed' AND token = %s",
            [at, list(ids), token],
        )


def _connection_down(leaving: Sequence[Leaving], store_id: int, problem: str, token: uuid.UUID, at: datetime) -> None:
    """The store's mail connection does not work: its mail waits, the owner is told, others go on."""
    back = [(item.asked.id, Down(response=problem)) for item in leaving]
    with transaction.atomic():
        # The store waits, not each mail: once its connection is mended all of them may go.
        ending.hand_back(back, pause=AT_ONCE, token=token, at=at)
        db.run(
            "UPDATE stores_store SET transport_problem = %s, transport_paused_until = %s WHERE id = %s",
            [problem[:300], at + CONNECTION_PAUSE, store_id],
        )


def _connection_works(store_id: int) -> None:
    db.run(
        "UPDATE stores_store SET transport_problem = '', transport_paused_until = NULL"
        " WHERE id = %s AND transport_problem <> ''",
        [store_id],
    )
