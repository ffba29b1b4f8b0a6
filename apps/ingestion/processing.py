"""From deliveries to nouns.

A batch is claimed under a short lease (committed, so that a delivery which kills the process is noticed), then
translated and recorded in one transaction with its stores locked. One bad delivery never holds up another: what
cannot be read is quarantined with its reason; a batch the database refuses is halved until the culprit stands
alone.
"""

from __future__ import annotations

import logging
import traceback
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
from django.db import transaction

from apps.core import db
from apps.ingestion.custom import translate as custom
from apps.ingestion.recording import News, record
from apps.stores.errors import Ignored, Unreadable
from apps.stores.platforms.base import Envelope, ShopFacts, platforms
from apps.stores.shopfacts import facts_of
from apps.stores.snapshots import Snapshot

log = logging.getLogger(__name__)

BATCH = 500
LEASE = timedelta(seconds=30)
"""A batch takes a second; a worker killed in the middle of one must not keep its orders for long."""
STRIKES = 3
LOCK_CLASS = 4710
"""First half of the advisory lock that makes recording serial per store."""


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery in hand."""

    id: int
    store_id: int
    platform: str
    topic: str
    body: bytes
    received_at: datetime
    triggered_at: datetime | None
    headers: dict[str, str]
    attempts: int
    test: bool


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a delivery, and the snapshots it gave."""

    delivery: Claimed
    state: str
    reason: str = ""
    news: tuple[News, ...] = ()
    spoiled: tuple[str, ...] = ()
    """Reasons of single events set apart from a good batch."""


# What another worker records at this moment is left to it: taken, it would only have to be put back.
_CLAIM = f"""
WITH due AS (
    SELECT id FROM ingestion_delivery WHERE state = 'waiting' AND due_at <= %(at)s AND store_id <> ALL(ARRAY(
        SELECT l.objid::bigint FROM pg_locks l JOIN pg_database d ON d.oid = l.database
        WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.classid = {LOCK_CLASS} AND l.granted
          AND l.pid <> pg_backend_pid()))
    ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
), mine AS (
    UPDATE ingestion_delivery d SET attempts = d.attempts + 1, due_at = %(until)s FROM due WHERE d.id = due.id
    RETURNING d.id, d.store_id, d.topic, d.received_at, d.triggered_at, d.headers, d.attempts
)
SELECT m.id, m.store_id, s.platform, m.topic, b.data, m.received_at, m.triggered_at, m.headers::text, m.attempts
FROM mine m JOIN stores_store s ON s.id = m.store_id LEFT JOIN ingestion_deliverybody b ON b.delivery_id = m.id
ORDER BY m.received_at, m.id
"""


def process_due(at: datetime, limit: int = BATCH) -> int:
    """Process one batch; returns how many deliveries it claimed."""
    claimed = _claim(at, limit)
    struck = [item for item in claimed if item.attempts > STRIKES]
    _finish([Outcome(delivery=item, state="quarantined", reason="crashed_three_times") for item in struck])
    suspects = [item for item in claimed if 1 < item.attempts <= STRIKES]
    # A strike counts while its delivery is in hand by itself: one that kills us takes no other down with it.
    _count(suspects, -1)
    _process([item for item in claimed if item.attempts == 1], at)
    for item in suspects:
        _count([item], 1)
        _process([item], at)
    return len(claimed)


def _count(items: Sequence[Claimed], by: int) -> None:
    if items:
        db.run(
            "UPDATE ingestion_delivery SET attempts = attempts + %s::smallint WHERE id = ANY(%s::bigint[])",
            [by, [item.id for item in items]],
        )


def _claim(at: datetime, limit: int) -> list[Claimed]:
    found = db.rows(_CLAIM, {"at": at, "limit": limit, "until": at + LEASE})
    return [_claimed(row) for row in found]


def _claimed(row: tuple) -> Claimed:  # type: ignore[type-arg]
    headers = msgspec.json.decode(row[7])
    return Claimed(
        id=row[0],
        store_id=row[1],
        platform=row[2],
        topic=row[3],
        body=bytes(row[4] or b""),
        received_at=row[5],
        triggered_at=row[6],
        headers=headers,
        attempts=row[8],
        test=headers.get("x-shopify-test", "").lower() == "true",
    )


def _process(claimed: Sequence[Claimed], at: datetime) -> None:
    if not claimed:
        return
    facts = facts_of(sorted({item.store_id for item in claimed}))
    busy = _busy(facts)
    _put_back([item.id for item in claimed if item.store_id in busy], at)
    free = [translate(item, facts[item.store_id]) for item in claimed if item.store_id not in busy]
    if free:
        _record(free, at)


def _busy(stores: Iterable[int]) -> set[int]:
    """Stores somebody else records: asked before the work of translating, and for certain in `_lock` after it."""
    found = db.rows(
        "SELECT s FROM unnest(%s::bigint[]) AS s WHERE NOT pg_try_advisory_xact_lock(%s, s::int)",
        [sorted(stores), LOCK_CLASS],
    )
    return {row[0] for row in found}


def translate(item: Claimed, shop: ShopFacts) -> Outcome:
    """What one delivery says. Never raises: whatever goes wrong is the outcome's reason."""
    envelope = Envelope(
        topic=item.topic,
        body=item.body,
        received_at=item.received_at,
        triggered_at=item.triggered_at,
        headers=item.headers,
    )
    if item.test:
        return Outcome(delivery=item, state="ignored", reason="test delivery")
    try:
        seen, spoiled = _parts(item.platform, envelope, shop)
    except Ignored as why:
        return Outcome(delivery=item, state="ignored", reason=str(why))
    except Unreadable as why:
        return Outcome(delivery=item, state="quarantined", reason=str(why))
    except Exception:
        return Outcome(delivery=item, state="quarantined", reason=f"untranslatable: {traceback.format_exc()[-1500:]}")
    news = tuple(News(store_id=item.store_id, arrived_at=item.received_at, seen=one) for one in seen)
    reasons = tuple(str(why) for why in spoiled)
    if reasons and not news:
        return Outcome(delivery=item, state="quarantined", reason="; ".join(reasons))
    return Outcome(delivery=item, state="done", news=news, spoiled=reasons)


def _parts(platform: str, envelope: Envelope, shop: ShopFacts) -> tuple[list[Snapshot], list[Unreadable]]:
    """What other apps told is read alike, whatever the shop runs on."""
    if envelope.topic == custom.TOPIC:
        return list(custom.translate(envelope)), []
    return platforms.get(platform).translate_parts(envelope, shop)


def _record(outcomes: Sequence[Outcome], at: datetime) -> None:
    """Record and stamp together; on refusal, halve."""
    try:
        with transaction.atomic():
            free, busy = _lock(outcomes)
            record([news for outcome in free for news in outcome.news], at)
            _finish(free)
            _put_back([outcome.delivery.id for outcome in busy], at)
    except Exception as problem:
        _refused(outcomes, at, problem)


def _refused(outcomes: Sequence[Outcome], at: datetime, problem: Exception) -> None:
    if len(outcomes) > 1:
        log.warning("a batch of %s deliveries was refused (%s); halving", len(outcomes), type(problem).__name__)
        middle = len(outcomes) // 2
        _record(outcomes[:middle], at)
        _record(outcomes[middle:], at)
        return
    log.error("a delivery could not be recorded", exc_info=problem)
    item = outcomes[0].delivery
    if item.attempts >= STRIKES:
        reason = f"unrecordable: {type(problem).__name__}: {problem}"[:1500]
        _finish([Outcome(delivery=item, state="quarantined", reason=reason)])
        return
    db.run(
        "UPDATE ingestion_delivery SET due_at = %s, reason = %s WHERE id = %s AND state = 'waiting'",
        [at + timedelta(seconds=5 * 4**item.attempts), f"{type(problem).__name__}"[:200], item.id],
    )


def _lock(outcomes: Sequence[Outcome]) -> tuple[list[Outcome], list[Outcome]]:
    """Lock each store for this transaction; deliveries of stores somebody else records wait a moment."""
    stores = sorted({outcome.delivery.store_id for outcome in outcomes})
    found = db.rows(
        "SELECT s, pg_try_advisory_xact_lock(%s, s::int) FROM unnest(%s::bigint[]) AS s ORDER BY s",
        [LOCK_CLASS, stores],
    )
    mine = {row[0] for row in found if row[1]}
    free = [outcome for outcome in outcomes if outcome.delivery.store_id in mine]
    return free, [outcome for outcome in outcomes if outcome.delivery.store_id not in mine]


def _put_back(ids: Sequence[int], at: datetime) -> None:
    if ids:
        db.run(
            "UPDATE ingestion_delivery SET due_at = %s, attempts = attempts - 1"
            " WHERE id = ANY(%s::bigint[]) AND state = 'waiting'",
            [at + timedelta(milliseconds=200), list(ids)],
        )


_FINISH = """
UPDATE ingestion_delivery d SET state = t.state, reason = t.reason, due_at = NULL
FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS t(id, state, reason) WHERE d.id = t.id AND d.state = 'waiting'
"""


def _finish(outcomes: Sequence[Outcome]) -> None:
    if not outcomes:
        return
    db.run(
        _FINISH,
        [
            [outcome.delivery.id for outcome in outcomes],
            [outcome.state for outcome in outcomes],
            [outcome.reason.replace("\x00", "") for outcome in outcomes],
        ],
    )
    spoiled: dict[int, list[str]] = defaultdict(list)
    for outcome in outcomes:
        spoiled[outcome.delivery.id] += outcome.spoiled
    rows = [(delivery, reason) for delivery, reasons in spoiled.items() for reason in reasons]
    if rows:
        db.run(
            "INSERT INTO ingestion_quarantine (delivery_id, reason) SELECT * FROM unnest(%s::bigint[], %s::text[])",
            [[row[0] for row in rows], [row[1] for row in rows]],
        )


def process_again(ids: Sequence[int], at: datetime) -> int:
    """Put these deliveries back in the queue; recording is monotonic, so doing it twice changes nothing."""
    with transaction.atomic():
        again = db.rows(
            "UPDATE ingestion_delivery SET state = 'waiting', due_at = %s, attempts = 0, reason = ''"
            " WHERE id = ANY(%s::bigint[]) AND state <> 'waiting'"
            " AND EXISTS (SELECT 1 FROM ingestion_deliverybody b WHERE b.delivery_id = id) RETURNING id",
            [at, list(ids)],
        )
        # What was set apart of a batch will be set apart again.
        db.run("DELETE FROM ingestion_quarantine WHERE delivery_id = ANY(%s::bigint[])", [[row[0] for row in again]])
    return len(again)
