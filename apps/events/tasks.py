from celery import shared_task

from apps.core import clock
from apps.core.due import tick
from apps.events.announcing import announce_due


@shared_task
def announce() -> int:
    return tick("announcements", lambda: announce_due(clock.now()))
