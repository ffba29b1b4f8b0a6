"""Advancing people who are due to the rows of their mails, beside the same work one by one with Django's ORM.

Everybody left a basket and is at the first mail of the shipped reminder: exits, conditions and the hold are judged
anew, the step's trace and the mail are written, and the run moves on. The peer does the same to the same rows as a
careful programmer would with a queryset and a transaction per person. Both commit to disk. One worker; the time counts
on the clock and on a core (of the asker and its PostgreSQL process together), and the better of the rounds is given
beside the median, since others use this machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

from tests.benchmarks import crowd, machine
from tests.benchmarks.stage import Stage
from tests.benchmarks.table import Line

if TYPE_CHECKING:
    from apps.flows.models import Enrollment, Flow

BAR, TIMES_BAR, TICK_BAR = 30_000, 20, 5.0
FLOWS = 1000
ONE_BY_ONE = 400
Spent = tuple[float, float]
"""Seconds on the clock, and on a core."""


def measure(stage: Stage) -> list[Line]:
    from apps.core import clock, db

    people, rounds = (50_000, 5) if stage.full else (10_000, 3)
    at = clock.now()
    store = crowd.open_store()
    crowd.switch_on(store, at)
    backend = db.rows("SELECT pg_backend_pid()")[0][0]
    ours, theirs = [], []
    for number in range(rounds):
        _fill(store.pk, people + ONE_BY_ONE, at, mark=number)
        _settle(stage)
        theirs.append(_timed(lambda: _one_by_one(at, ONE_BY_ONE), backend, ONE_BY_ONE))
        ours.append(_timed(lambda: _advance(at, people), backend, people))
        _empty()
    return [_line(ours, theirs, people), _idle(store.pk, at, backend, stage)]


def _timed(act: Callable[[], None], backend: int, count: int) -> Spent:
    """Per step."""
    began, core = time.perf_counter(), time.thread_time() + machine.on_core(backend)
    act()
    spent = time.thread_time() + machine.on_core(backend) - core
    return (time.perf_counter() - began) / count, spent / count


_CUSTOMERS = """
INSERT INTO customers_customer (store_id, email, email_key, address_hash, first_name, last_name, locale, country,
    name_stamp, locale_stamp, country_stamp, orders_count)
SELECT %(store)s, 'ada' || %(mark)s || n || '@x.test', 'ada' || %(mark)s || n || '@x.test',
    decode(md5(%(mark)s || '/' || n), 'hex'), 'Ada', '', 'nl', 'NL', '', '', '', 0
FROM generate_series(1, %(count)s) AS n
"""
_CARTS = """
INSERT INTO carts_cart (store_id, customer_id, status, started_at, last_activity_at, abandoned_at, reached_checkout,
    content_stamp, person_stamp, email_key, locale, currency, total, amounts, lines, recovery_url, unmailable)
SELECT p.store_id, p.id, 'abandoned', %(at)s::timestamptz - interval '4 hours',
    %(at)s::timestamptz - interval '3 hours', %(at)s::timestamptz - interval '2 hours', true, '', '', p.email_key, 'nl',
    'EUR', 40, '{}', '[{"product": "7", "title": "Kettle", "quantity": "1", "total": "40.00"}]', '', ''
FROM customers_customer p WHERE p.store_id = %(store)s
"""
_RUNS = """
INSERT INTO flows_enrollment (store_id, flow_id, version_id, customer_id, cart_id, subject, occasion, status, reason,
    position, triggered_at, entered_at, due_at, attempts)
SELECT c.store_id, f.id, f.version_id, c.customer_id, c.id, '', 'event:' || c.id, 'active', '', 0,
    %(at)s::timestamptz - interval '1 hour', %(at)s, %(at)s::timestamptz - c.id %% 1000 * interval '1 millisecond', 0
FROM carts_cart c JOIN flows_flow f ON f.store_id = c.store_id WHERE c.store_id = %(store)s
"""


def _fill(store: int, count: int, at: datetime, *, mark: int) -> None:
    from django.db import transaction

    from apps.core import db

    given = {"store": store, "count": count, "at": at, "mark": f"{mark}x"}
    with transaction.atomic():
        db.run("SET LOCAL synchronous_commit = off")
        for statement in (_CUSTOMERS, _CARTS, _RUNS):
            db.run(statement, {name: given[name] for name in given if f"%({name})s" in statement})


def _settle(stage: Stage) -> None:
    """What filling left behind is no cost of advancing. No checkpoint: the first write to a page after one copies the
    whole page, which a running engine pays once in five minutes and a round of seconds would pay for every row.
    """
    with stage.connect() as line:
        line.execute("VACUUM (ANALYZE)")


def _empty() -> None:
    from apps.core import db

    tables = "flows_steprun, flows_enrollment, mail_message, carts_cart, customers_customer"
    db.run(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")


def _advance(at: datetime, people: int) -> None:
    from apps.flows.engine import advance_due

    done = 0
    while taken := advance_due(at):
        done += taken
    assert done == people, (done, people)


def _one_by_one(at: datetime, count: int) -> None:
    """Find one, lock it, ask what must be asked, write three rows, commit."""
    from django.db import transaction

    from apps.flows.models import Enrollment

    for _ in range(count):
        with transaction.atomic():
            run = (
                Enrollment.objects.filter(status="active", due_at__lte=at)
                .order_by("due_at", "id")
                .select_for_update(skip_locked=True)
                .first()
            )
            assert run is not None
            _take_one(run, at)


def _take_one(run: Enrollment, at: datetime) -> None:
    from apps.flows.models import StepRun
    from apps.mail.models import Message

    steps = run.version.definition["steps"]
    assert run.cart is not None
    if _is_over(run):
        return
    due = run.triggered_at + timedelta(hours=1)
    Message.objects.create(
        store=run.store, customer=run.customer, origin=f"run:{run.pk}/step:1", purpose="cart", priority=10,
        template_slug=steps[1]["send_email"], cart=run.cart, since=run.cart.started_at, night_only=True,
        planned_at=at, wanted_at=due, due_at=due, valid_until=due + timedelta(hours=24),
        sending_epoch=run.store.sending_epoch,
    )  # fmt: skip
    StepRun.objects.create(enrollment=run, position=1, kind="send_email", outcome="planned", at=at)
    run.position, run.due_at = 2, due + timedelta(hours=23)
    run.save(update_fields=["position", "due_at"])


def _is_over(run: Enrollment) -> bool:
    """The same exits and conditions: an order, another basket, a suppression, a no, the shop."""
    from apps.carts.models import Cart
    from apps.consent.models import Permission, Suppression
    from apps.orders.models import Order

    orders = Order.objects.filter(silences=True, placed_at__gte=run.cart.started_at)  # type: ignore[union-attr]
    return (
        run.store.status != "active"
        or orders.filter(customer=run.customer).exists()
        or orders.filter(store=run.store, email_key=run.customer.email_key).exists()
        or Suppression.objects.filter(
            store=run.store, address_hash=run.customer.address_hash, lifted_at__isnull=True
        ).exists()
        or Permission.objects.filter(customer=run.customer, state="denied").exists()
        or Cart.objects.filter(customer=run.customer, status="active").exists()
        or Cart.objects.filter(customer=run.customer, status="abandoned", started_at__gt=run.triggered_at).exists()
    )


def _idle(store: int, at: datetime, backend: int, stage: Stage) -> Line:
    """A tick that finds nothing due, with a thousand flows on and people waiting in each."""
    from apps.core import db
    from apps.flows.engine import advance_due
    from apps.flows.models import Flow

    flow: Flow = Flow.objects.get(store_id=store)
    Flow.objects.bulk_create(
        Flow(store_id=store, slug=f"flow-{n}", name=f"Flow {n}", live=True, live_since=at, version=flow.version,
             draft=flow.draft)
        for n in range(FLOWS - 1)
    )  # fmt: skip
    _fill(store, 100, at + timedelta(days=1), mark=99)
    _settle(stage)
    spent = [_timed(lambda: _nothing(advance_due, at), backend, 1) for _ in range(100)]
    wall, core = median(one[0] for one in spent[10:]) * 1000, median(one[1] for one in spent[10:]) * 1000
    inside = db.rows("SELECT count(*) FROM flows_enrollment")[0][0]
    return Line(
        path=f"an idle tick with {FLOWS:,} flows on",
        peer="–",
        measured=f"{wall:.2f} ms",
        bar=f"< {TICK_BAR:.0f} ms",
        met=wall < TICK_BAR,
        details=(f"{core:.2f} ms on a core; {inside:,} people wait inside",),
    )


def _nothing(advance_due: Callable[[datetime], int], at: datetime) -> None:
    assert advance_due(at - timedelta(days=400)) == 0


def _line(ours: list[Spent], theirs: list[Spent], people: int) -> Line:
    wall, core = median(one[0] for one in ours), median(one[1] for one in ours)
    peer_wall, peer_core = median(one[0] for one in theirs), median(one[1] for one in theirs)
    best = min(one[1] for one in ours)
    rate, times = 1 / core, peer_core / core
    return Line(
        path="due steps → message rows",
        peer="the same, one by one with Django's ORM",
        measured=f"{rate:,.0f} steps/s of a core, {times:.1f} × the peer",
        bar=f"≥ {BAR:,} steps/s on an idle core, ≥ {TIMES_BAR} × the peer",
        met=rate >= BAR and times >= TIMES_BAR,
        details=(
            f"{people:,} people a round, {len(ours)} rounds; the best {1 / best:,.0f} steps/s of a core",
            f"on the clock, with others on the machine: {1 / wall:,.0f} steps/s, {peer_wall / wall:.1f} × the peer",
            f"a step costs {core * 1e6:.1f} µs of a core, the peer's {peer_core * 1e6:.0f} µs",
        ),
    )
