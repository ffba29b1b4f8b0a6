from celery import shared_task

from apps.core import clock
from apps.core.due import tick
from apps.ingestion.processing import process_due


@shared_task
def process_deliveries() -> int:
    return tick("deliveries", lambda: process_due(clock.now()))
