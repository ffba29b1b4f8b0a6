from celery import shared_task

from apps.core import clock, retention


@shared_task
def retain() -> int:
    return sum(retention.retain(clock.now()).values())
