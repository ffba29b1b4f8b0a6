"""Replays that an owner asked for: one after the other, with a bar, the result kept for a month."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

import msgspec
from django.db import connection, transaction

from apps.core import db, retention
from apps.core.problems import DefinitionRefused
from apps.dashboard.models import Simulation
from apps.flows.models import Flow
from apps.flows.simulating import trying
from apps.flows.simulating.report import Simulated

log = logging.getLogger(__name__)

LEASE: Final = timedelta(minutes=15)
MOST_ATTEMPTS: Final = 2
MOST_DAYS: Final = 365

_CLAIM = """
UPDATE dashboard_simulation SET status = 'running', attempts = attempts + 1, percent = 0,
    lease_until = clock_timestamp() + %s
WHERE id = (
    SELECT id FROM dashboard_simulation WHERE attempts < %s
        AND (status = 'waiting' OR status = 'running' AND lease_until < clock_timestamp())
    ORDER BY asked_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
) RETURNING id
"""

# Whoever died over it twice will not be tried a third time.
_GIVE_UP = """
UPDATE dashboard_simulation SET status = 'failed', trouble = 'interrupted', ended_at = clock_timestamp()
WHERE status = 'running' AND attempts >= %s AND lease_until < clock_timestamp()
"""


def ask(flow: Flow, kind: str, days: int, user: int | None, at: datetime) -> Simulation:
    """Put a replay in the queue; the same question that still waits is not asked twice."""
    waiting = Simulation.objects.of(flow.store_id).filter(flow=flow, kind=kind, days=days, status="waiting").first()
    return waiting or Simulation.objects.create(
        store_id=flow.store_id, flow=flow, kind=kind, days=days, user_id=user, asked_at=at
    )


def run_due(at: datetime) -> int:
    """Do the replay that waited longest; returns how many were done."""
    db.run(_GIVE_UP, [MOST_ATTEMPTS])
    claimed = db.rows(_CLAIM, [LEASE, MOST_ATTEMPTS])
    for (number,) in claimed:
        _run(Simulation.objects.select_related("flow").get(pk=number), at)
    return len(claimed)


def _run(asked: Simulation, at: datetime) -> None:
    began = at - timedelta(days=asked.days)
    how = trying.conflicts if asked.kind == Simulation.Kind.CONFLICTS else trying.replay
    try:
        with _telling(asked.pk) as progress:
            found = how(asked.flow, began, at, progress)
    except DefinitionRefused as refused:
        asked.status, asked.trouble = Simulation.Status.FAILED, " ".join(map(str, refused.problems))[:500]
    except Exception as problem:
        log.exception("simulation %s failed", asked.pk)
        asked.status, asked.trouble = Simulation.Status.FAILED, type(problem).__name__
    else:
        asked.status, asked.percent, asked.found = (
            Simulation.Status.DONE,
            100,
            msgspec.to_builtins(found, str_keys=True),
        )
    asked.ended_at, asked.lease_until = at, None
    asked.save(update_fields=["status", "percent", "found", "trouble", "ended_at", "lease_until"])


@contextmanager
def _telling(number: int) -> Iterator[Callable[[float], None]]:
    """How far it is, told on a line of its own: the replay's own transaction writes nothing."""
    line = connection.copy()
    told = -1

    def progress(share: float) -> None:
        nonlocal told
        percent = min(int(share * 100), 99)
        if percent > told:
            told = percent
            with line.cursor() as cursor:
                cursor.execute("UPDATE dashboard_simulation SET percent = %s WHERE id = %s", [percent, number])

    try:
        yield progress
    finally:
        line.close()


def found_of(asked: Simulation) -> Simulated | None:
    """What it found; None while it has not."""
    return msgspec.convert(asked.found, Simulated, strict=False) if asked.status == Simulation.Status.DONE else None


@retention.rule("simulations", keep="30 days")
def _simulations(before: datetime, limit: int) -> int:
    with transaction.atomic():
        return db.run(
            "DELETE FROM dashboard_simulation WHERE id IN"
            " (SELECT id FROM dashboard_simulation WHERE asked_at < %s ORDER BY id LIMIT %s)",
            [before, limit],
        )
