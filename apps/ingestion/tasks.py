from celery import shared_task

from apps.core import clock
from apps.core.due import tick
from apps.events.tasks import announce
from apps.ingestion.processing import process_due


@shared_task
def process_deliveries() -> int:
    done = tick("deliveries", lambda: process_due(clock.now()))
    if done:
        announce()
    return done
