from celery import shared_task

from apps.core import clock
from apps.core.due import tick
from apps.flows.engine import advance_due


@shared_task
def advance() -> int:
    return tick("enrollments", lambda: advance_due(clock.now()))
