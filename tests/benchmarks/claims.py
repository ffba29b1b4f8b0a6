"""Claiming what is due from a table, and from the same table ten times as large.

The engine's own statements on its own tables and indexes, batches of 500, each committed; ten thousand rows are due,
scattered over the table, and all others wait. Then nothing is due, and the same statements find that out. What counts
is the time on a core of both the asker and its PostgreSQL process: waiting for a core that others use is no cost of
the table.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from statistics import median

from tests.benchmarks import crowd, machine
from tests.benchmarks.stage import Stage
from tests.benchmarks.table import Line

BATCH, BATCHES, DUE = 500, 17, 10_000
TIMES = 10
SLOWER_BAR, IDLE_BAR = 2.0, 1.0
Claim = Callable[[datetime], int]


def measure(stage: Stage) -> list[Line]:
    small = 1_000_000 if stage.full else 100_000
    lines = []
    for queue, (fill, claim) in QUEUES.items():
        found = {}
        for rows in (small, small * TIMES):
            with stage.copy(f"{queue}_{rows}") as place:
                found[rows] = _size(place, rows, fill, claim)
        lines.append(_line(queue, found))
    return lines


def _size(place: Stage, rows: int, fill: str, claim: Claim) -> tuple[float, float]:
    """(milliseconds a batch, milliseconds of an idle poll) on a table of so many rows."""
    from django.db import connection

    from apps.core import clock, db

    connection.close()
    connection.settings_dict["NAME"] = place.name
    store, at = crowd.open_store(), clock.now()
    # Keys to people and carts are not looked up: only the queue's table is of interest here.
    db.run("SET session_replication_role = replica")
    due = {"rows": rows, "every": rows // DUE, "store": store.pk, "at": at, "later": at + timedelta(days=30)}
    db.run("SET synchronous_commit = off")
    db.run(fill, due)
    connection.close()
    with place.connect() as line:
        line.execute("VACUUM (ANALYZE)")
        line.execute("CHECKPOINT")
    backend = db.rows("SELECT pg_backend_pid()")[0][0]
    batches = [_timed(claim, at, backend, expected=BATCH) for _ in range(BATCHES)]
    idle = [_timed(claim, at - timedelta(days=900), backend, expected=0) for _ in range(200)]
    connection.close()
    return median(batches[2:]), median(idle[20:])


def _timed(claim: Claim, at: datetime, backend: int, *, expected: int) -> float:
    """Milliseconds on a core."""
    began = time.thread_time() + machine.on_core(backend)
    claimed = claim(at)
    spent = time.thread_time() + machine.on_core(backend) - began
    assert claimed == expected, (claimed, expected)
    return spent * 1000


def _enrollments(at: datetime) -> int:
    """Claim and move on, as taking a step that waits does."""
    from django.db import transaction

    from apps.flows import walking

    with transaction.atomic():
        runs = walking.claim(at, BATCH)
        walking.write([walking.stays(run, due_at=at + timedelta(days=1)) for run in runs], at)
    return len(runs)


def _messages(at: datetime) -> int:
    from apps.core import db
    from apps.mail import dispatch

    found = db.rows(dispatch._NEXT_STORE, {"at": at})
    if not found:
        return 0
    claimed = dispatch._claim(found[0][0], uuid.uuid4(), at, BATCH)
    return len(getattr(claimed, "fresh", claimed))


def _deliveries(at: datetime) -> int:
    from apps.ingestion import processing

    return len(processing._claim(at, BATCH))


# Due rows are strewn over the table; the others are spread over the coming month.
_WHEN = """CASE WHEN n %% %(every)s = 0 THEN %(at)s::timestamptz - n * interval '1 millisecond'
    ELSE %(at)s::timestamptz + interval '1 hour' + (n * 7919 %% 2592000) * interval '1 second' END"""

_ENROLLMENTS = f"""
INSERT INTO flows_enrollment (store_id, flow_id, version_id, customer_id, subject, occasion, status, reason, position,
    triggered_at, entered_at, due_at, attempts)
SELECT %(store)s, 1, 1, n, 'cart:' || n, 'event:' || n, 'active', '', 0, %(at)s, %(at)s, {_WHEN}, 0
FROM generate_series(1, %(rows)s::bigint) AS n
"""

_MESSAGES = f"""
INSERT INTO mail_message (uid, store_id, customer_id, origin, kind, purpose, priority, template_slug, cart_id,
    night_only, status, planned_at, wanted_at, due_at, valid_until, reason, verdict, claims, attempts, sending_epoch,
    holder, address, basis, policy_version, evidence, provider_id, response)
SELECT gen_random_uuid(), %(store)s, n, 'run:' || n, 'marketing', 'cart', 50, 'abandoned-checkout-1', n, false,
    'planned', %(at)s, %(at)s, {_WHEN}, %(later)s, '', '{{}}', 0, 0, 1, '', '', '', '', '{{}}', '', ''
FROM generate_series(1, %(rows)s::bigint) AS n
"""

# Nearly all deliveries are done: only those that arrived just now wait. Bodies are of the due ones.
_DELIVERIES = """
WITH made AS (
    INSERT INTO ingestion_delivery (store_id, topic, dedupe_key, state, received_at, due_at, attempts, reason, headers,
        size)
    SELECT %(store)s, 'order.updated', md5(n::text), CASE WHEN due THEN 'waiting' ELSE 'done' END,
        %(at)s::timestamptz - n * interval '1 millisecond',
        CASE WHEN due THEN %(at)s::timestamptz - n * interval '1 millisecond' END, 0, '', '{"a": "b"}', 6000
    FROM (SELECT n, n %% %(every)s = 0 AS due FROM generate_series(1, %(rows)s::bigint) AS n) AS g
    RETURNING id, state)
INSERT INTO ingestion_deliverybody (delivery_id, data)
SELECT id, convert_to(repeat(md5(id::text), 190), 'UTF8') FROM made WHERE state = 'waiting'
"""

QUEUES: dict[str, tuple[str, Claim]] = {
    "enrollments": (_ENROLLMENTS, _enrollments),
    "messages": (_MESSAGES, _messages),
    "deliveries": (_DELIVERIES, _deliveries),
}


def _line(queue: str, found: dict[int, tuple[float, float]]) -> Line:
    (small, (batch, idle)), (large, (large_batch, large_idle)) = found.items()
    slower, slowest_idle = large_batch / batch, max(idle, large_idle)
    return Line(
        path=f"claim {BATCH} due {queue}",
        peer=f"same table at {small:,} and {large:,} rows",
        measured=f"{slower:.2f} × the time on a core a batch; idle poll {slowest_idle:.2f} ms",
        bar=f"≤ {SLOWER_BAR:.0f} × the time; idle poll < {IDLE_BAR:.0f} ms",
        met=slower <= SLOWER_BAR and slowest_idle < IDLE_BAR,
        details=tuple(
            f"{rows:,} rows: {one:.1f} ms a batch, idle poll {poll:.3f} ms" for rows, (one, poll) in found.items()
        ),
    )
