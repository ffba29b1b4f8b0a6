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

from django.conf import settings
from django.db import transaction

from apps.core import clock, db
from apps.core.reasons import Reason
from apps.core.secrets import SealBroken, unseal
from apps.mail import crash, departing, ending, gate, verdicts, writing
from apps.mail.departing import Leaving
from apps.mail.gate import Allowed, Asked, Verdict
from apps.mail.liveness import holder
from apps.mail.transport import Down, Later, MisconfiguredTransport, Outcome, Transport, transport_for
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
CONNECTION_PAUSE = timedelta(seconds=30)

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
    lease_until = clock_timestamp() + interval '120 seconds'
FROM (
    SELECT m.id FROM mail_message m WHERE m.store_id = %(store)s AND m.status IN ('planned', 'claimed')
      AND m.due_at <= %(at)s AND (m.status = 'planned' OR m.lease_until < clock_timestamp())
    ORDER BY m.due_at DESC, m.id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) AS due WHERE t.id = due.id
RETURNING t.id, t.claims
"""


def dispatch_due(now: Clock, limit: int = BATCH) -> int:
    """One batch of the store that waited longest; returns how many messages it claimed."""
    at = now()
    if abs(clock.skew()) > clock.MAX_SKEW:
        log.error("this machine's clock differs more than 5 s from the database's: nothing is sent")
        return 0
    found = db.rows(_NEXT_STORE, {"at": at})
    if not found:
        return 0
    store_id, key, sealed = found[0]
    token = uuid.uuid4()
    ids = _claim(store_id, token, at, limit)
    crash.point("claimed")
    leaving = _prepare(ids, token, at)
    if leaving:
        _send_all(leaving, store_id, key, sealed, token, now)
    return len(ids)


def _claim(store_id: int, token: uuid.UUID, at: datetime, limit: int) -> list[int]:
    """Freshest first: after an outage the newest baskets matter, the oldest go stale and say so."""
    params = {"store": store_id, "at": at, "lease": at + timedelta(seconds=120), "token": token, "limit": limit}
    claimed = db.rows(_CLAIM, params)
    struck = [row[0] for row in claimed if row[1] > STRIKES]
    _skip([Unwritten(message_id=one, reason=Reason.CRASHED_THREE_TIMES, detail="") for one in struck], token, at)
    return [row[0] for row in claimed if row[1] <= STRIKES]


def _prepare(ids: Sequence[int], token: uuid.UUID, at: datetime) -> list[Leaving]:
    """Verdicts for all, letters for those that may go."""
    judged = gate.judge_all(ids, at)
    allowed = {one: pair for one, pair in judged.items() if isinstance(pair[1], Allowed)}
    written, failed = writing.write(list(allowed), at)
    with transaction.atomic():
        verdicts.write(judged.values(), token=token, at=at)
        writing.freeze(written, at)
        _skip(failed, token, at)
    crash.point("rendered")
    order = {item.parcel.message_id: item for item in written}
    return [_leaving(order[one], allowed[one]) for one in allowed if one in order]


def _leaving(written: writing.Written, pair: tuple[Asked, Verdict]) -> Leaving:
    asked, verdict = pair
    assert isinstance(verdict, Allowed)
    return Leaving(written=written, asked=asked, allowed=verdict)


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


def _send_all(
    leaving: Sequence[Leaving], store_id: int, key: str, sealed: str, token: uuid.UUID, now: Clock
) -> None:
    try:
        transport = transport_for(unseal(sealed, bound_to=f"{key}/transport") or settings.ENV.email_url)
    except (SealBroken, MisconfiguredTransport) as problem:
        _connection_down(leaving, store_id, str(problem), token, now())
        return
    size, done = FIRST_CHUNK, 0
    while done < len(leaving):
        chunk = leaving[done : done + size]
        begun = time.monotonic()
        down = _send_chunk(chunk, transport, token, now)
        done += len(chunk)
        if down is not None:
            _connection_down(leaving[done:], store_id, down.response, token, now())
            return
        size = _next_size(len(chunk), time.monotonic() - begun)
    _connection_works(store_id)


def _next_size(sent: int, seconds: float) -> int:
    rate = sent / max(seconds, 0.001)
    return max(1, min(LARGEST_CHUNK, int(rate * CHUNK_SECONDS)))


def _send_chunk(chunk: Sequence[Leaving], transport: Transport, token: uuid.UUID, now: Clock) -> Down | None:
    """Commit `sending`, then hand over one by one; what may not go any more is judged again."""
    at = now()
    cleared = departing.depart(chunk, token=token, holder=holder(), at=at)
    committed = time.monotonic()
    crash.point("sending")
    ended: list[ending.Ended] = []
    down: Down | None = None
    for item in chunk:
        if item.asked.id not in cleared:
            continue
        outcome = down or _hand_over(item, transport, committed)
        ended.append((item.asked.id, outcome))
        if isinstance(outcome, Down):
            down = outcome
    crash.point("answered")
    _judge_again([item.asked.id for item in chunk if item.asked.id not in cleared], token, at)
    ending.close(ended, token=token, at=now())
    crash.point("closed")
    return down


def _hand_over(item: Leaving, transport: Transport, committed: float) -> Outcome:
    if time.monotonic() - committed > STALL_SECONDS:
        return Later(response="this process stood still; handed back unsent")
    return transport.deliver(item.written.parcel)


def _judge_again(ids: Sequence[int], token: uuid.UUID, at: datetime) -> None:
    """Something changed between verdict and departure: back to the queue, the gate will say what."""
    if ids:
        db.run(
            "UPDATE mail_message SET status = 'planned', due_at = %s, token = NULL, lease_until = NULL, claims = 0"
            " WHERE id = ANY(%s::bigint[]) AND status = 'claimed' AND token = %s",
            [at, list(ids), token],
        )


def _connection_down(
    leaving: Sequence[Leaving], store_id: int, problem: str, token: uuid.UUID, at: datetime
) -> None:
    """The store's mail connection does not work: its mail waits, the owner is told, others go on."""
    back = [(item.asked.id, Down(response=problem)) for item in leaving]
    with transaction.atomic():
        ending.hand_back(back, pause=CONNECTION_PAUSE, token=token, at=at)
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
