from celery import shared_task

from apps.core import clock
from apps.core.due import drain
from apps.events.announcing import announce_due


@shared_task
def announce() -> int:
    return drain(lambda: announce_due(clock.now()))
