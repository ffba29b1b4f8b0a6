"""Enrolling whose day came: one statement for all of a shop, beside one person after the other.

A shop of a million customers; a hundred thousand of them ordered for the last time on the same day three months ago.
The statement is the engine's own, with filter, exits, re-entry, the lot of the control group and the diary. The peer
does what a loop over the ORM does: get_or_create a lot and a run per person, in one transaction.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

from tests.benchmarks import crowd, flows_on, machine
from tests.benchmarks.stage import Stage
from tests.benchmarks.table import Line

if TYPE_CHECKING:
    from apps.flows.models import Flow

ENROLLED, ONE_BY_ONE, BAR = 100_000, 500, 20.0
ROUNDS = 3

_PEOPLE = """
INSERT INTO customers_customer (store_id, email, email_key, address_hash, orders_count, first_name, last_name, locale,
    country, name_stamp, locale_stamp, country_stamp, last_order_at, first_order_at)
SELECT %(store)s, 'ada' || n || '@shopper.test', 'ada' || n || '@shopper.test', decode(md5(n::text), 'hex'), 2, '', '',
    '', '', '', '', '', m.at, m.at - interval '40 days'
FROM generate_series(1, %(people)s::bigint) AS n
CROSS JOIN LATERAL (SELECT %(silent)s::timestamptz
    + CASE WHEN n <= %(enrolled)s THEN interval '0' ELSE (5 + n %% 80) * interval '1 day' END AS at) AS m
"""
_ORDERS = """
INSERT INTO orders_order (store_id, external_id, number, customer_id, email_key, stage, status, placed_at, paid_at,
    currency, total, refunded, amounts, codes, click, landing, payment_method, pay_url, test, silences, counts,
    modified_stamp)
SELECT p.store_id, p.id::text, '', p.id, p.email_key, 'paid', '', p.last_order_at, p.last_order_at, 'EUR', 40, 0, '{}',
    '[]', '', '', '', '', false, true, true, ''
FROM customers_customer p WHERE p.store_id = %(store)s
"""


def measure(stage: Stage) -> list[Line]:
    from apps.core import clock, db

    people = 1_000_000 if stage.full else 200_000
    store, at = crowd.open_store(holdout=10), clock.now()
    silent = at.replace(hour=12, minute=0) - timedelta(days=120)
    told = {"store": store.pk, "people": people, "enrolled": ENROLLED, "silent": silent}
    db.run("SET synchronous_commit = off")
    db.run(_PEOPLE, told)
    db.run(_ORDERS, told)
    with stage.connect() as line:
        line.execute("VACUUM (ANALYZE)")
    flow = flows_on.switched_on(store, "silent", "no_order_for", at)
    rounds = [_round(flow, silent) for _ in range(ROUNDS)]
    return [_line(people, rounds)]


def _round(flow: Flow, silent: datetime) -> tuple[float, float, float]:
    """Seconds on a core, seconds by the clock, and seconds per person one by one; all of it taken back."""
    from django.db import transaction

    from apps.core import db

    backend = db.rows("SELECT pg_backend_pid()")[0][0]
    with transaction.atomic():
        spent, lasted = _swept(flow, silent, backend)
        transaction.set_rollback(True)
    with transaction.atomic():
        alone = _one_by_one(flow, silent, backend)
        transaction.set_rollback(True)
    return spent, lasted, alone


def _swept(flow: Flow, silent: datetime, backend: int) -> tuple[float, float]:
    from apps.flows import admitting, sweeping

    day = silent + timedelta(days=91)
    live = admitting.as_if_live(flow.pk, day)
    assert live is not None
    stretch = sweeping.Stretch(
        since=day - timedelta(days=3), until=day + timedelta(days=3), live_since=day, zone="Europe/Amsterdam"
    )
    began, watch = time.thread_time() + machine.on_core(backend), time.monotonic()
    tally = sweeping.sweep(live, stretch, stretch.until)
    lasted = time.monotonic() - watch
    spent = time.thread_time() + machine.on_core(backend) - began
    assert sum(tally.values()) == ENROLLED, tally
    return spent, lasted


def _one_by_one(flow: Flow, silent: datetime, backend: int) -> float:
    import secrets
    from decimal import Decimal

    from apps.customers.models import Customer
    from apps.flows.models import Draw, Enrollment

    whose = list(Customer.objects.of(flow.store_id).filter(last_order_at=silent).order_by("id")[:ONE_BY_ONE])
    began = time.thread_time() + machine.on_core(backend)
    for person in whose:
        ticket = Decimal(secrets.randbelow(1_000_000)) / 10_000
        lot, _ = Draw.objects.get_or_create(
            flow=flow, customer=person, defaults={"ticket": ticket, "held_out": ticket < 10}
        )
        Enrollment.objects.get_or_create(
            flow=flow, customer=person, subject="", occasion="silent",
            defaults={
                "store_id": flow.store_id, "version_id": flow.version_id, "triggered_at": silent, "entered_at": silent,
                "status": "held_out" if lot.held_out else "active", "due_at": None if lot.held_out else silent,
            },
        )  # fmt: skip
    return (time.thread_time() + machine.on_core(backend) - began) / len(whose)


def _line(people: int, rounds: list[tuple[float, float, float]]) -> Line:
    spent, lasted, alone = (median(one[place] for one in rounds) for place in range(3))
    faster = alone * ENROLLED / spent
    return Line(
        path=f"enrol {ENROLLED:,} people by a date, of {people:,} customers",
        peer=f"get_or_create of lot and run, {ONE_BY_ONE:,} people one by one",
        measured=f"one statement: {lasted:.1f} s, {spent:.1f} s on a core; {faster:.0f} × less than one by one",
        bar=f"one statement, ≥ {BAR:.0f} × less time on a core",
        met=faster >= BAR,
        details=(
            f"{ENROLLED / lasted:,.0f} people/s by the clock, {spent / ENROLLED * 1e6:.1f} µs on a core each",
            f"one by one: {alone * 1e6:.0f} µs on a core each",
        ),
    )
