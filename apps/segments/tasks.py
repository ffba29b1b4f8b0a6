from celery import shared_task

from apps.core import clock
from apps.core.due import tick
from apps.segments.keeping import keep_due


@shared_task
def keep_segments() -> int:
    return tick("segments", lambda: keep_due(clock.now()))
