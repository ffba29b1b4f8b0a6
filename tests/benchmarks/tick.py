"""A tick with nothing to do, in an engine with a thousand flows that are on.

Announce, sweep and advance, as beat rings them; every queue has rows, and none is due.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from statistics import median

from tests.benchmarks import crowd, flows_on, machine
from tests.benchmarks.stage import Stage
from tests.benchmarks.table import Line

FLOWS, PER_SHOP, WAITING = 1_000, 10, 100_000
TICKS, BAR = 200, 5.0
TRIGGERS = ("no_order_for", "birthday", "order_paid", "cart_abandoned", "replenish")

_WAIT = """
INSERT INTO flows_enrollment (store_id, flow_id, version_id, customer_id, subject, occasion, status, reason, position,
    triggered_at, entered_at, due_at, attempts)
SELECT f.store_id, f.id, f.version_id, n, '', 'event:' || n, 'active', '', 0, %(at)s, %(at)s,
    %(at)s::timestamptz + interval '1 day', 0
FROM (SELECT n, row_number() OVER () %% %(flows)s AS place FROM generate_series(1, %(waiting)s::bigint) AS n) AS g
JOIN (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place FROM flows_flow) AS f USING (place)
"""


def measure(stage: Stage) -> list[Line]:
    from apps.core import clock, db

    at = clock.now()
    for shop in range(FLOWS // PER_SHOP):
        store = crowd.open_store(f"Shop{shop}")
        for number in range(PER_SHOP):
            flows_on.switched_on(store, f"flow-{number}", TRIGGERS[number % len(TRIGGERS)], at)
    # Keys to people are not looked up: only the queues are of interest here.
    db.run("SET session_replication_role = replica")
    db.run(_WAIT, {"at": at, "flows": FLOWS, "waiting": WAITING})
    db.run("SET session_replication_role = origin")
    db.run("UPDATE flows_sweep SET due_at = %s", [at + timedelta(days=1)])
    with stage.connect() as line:
        line.execute("VACUUM (ANALYZE)")
    backend = db.rows("SELECT pg_backend_pid()")[0][0]
    ticks = [_tick(at, backend) for _ in range(TICKS)][20:]
    return [_line(ticks)]


def _tick(at: datetime, backend: int) -> tuple[float, float]:
    """Milliseconds by the clock, and on a core."""
    from apps.events.announcing import announce_due
    from apps.flows.engine import advance_due
    from apps.flows.sweeping import sweep_due

    began, watch = time.thread_time() + machine.on_core(backend), time.monotonic()
    did = announce_due(at) + sweep_due(at) + advance_due(at)
    lasted, spent = time.monotonic() - watch, time.thread_time() + machine.on_core(backend) - began
    assert did == 0, did
    return lasted * 1000, spent * 1000


def _line(ticks: list[tuple[float, float]]) -> Line:
    lasted, spent = (median(one[place] for one in ticks) for place in range(2))
    return Line(
        path=f"idle tick with {FLOWS:,} live flows: announce, sweep, advance",
        peer="–",
        measured=f"{spent:.2f} ms on a core",
        bar=f"< {BAR:.0f} ms on a core",
        met=spent < BAR,
        details=(
            f"{lasted:.2f} ms by the clock, which counts whoever else was at work on the machine",
            f"{WAITING:,} runs wait, and {FLOWS * 3 // len(TRIGGERS):,} of the flows go by dates",
        ),
    )
