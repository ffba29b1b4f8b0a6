from celery import shared_task

from apps.core import clock
from apps.core.due import drain
from apps.flows.engine import advance_due


@shared_task
def advance() -> int:
    return drain(lambda: advance_due(clock.now()))
