from celery import shared_task

from apps.core import clock
from apps.core.due import tick
from apps.events.tasks import announce
from apps.ingestion.processing import process_due
from apps.ingestion.running import run_due

CALLERS = 3
"""Shops asked side by side in one process: one that answers slowly holds one of these."""


@shared_task
def process_deliveries() -> int:
    done = tick("deliveries", lambda: process_due(clock.now()))
    if done:
        announce()
    return done


@shared_task
def run_errands() -> int:
    done = tick("errands", lambda: run_due(clock.now), at_once=CALLERS)
    if done:
        announce()
    return done
