from celery import shared_task

from apps.core import clock
from apps.dashboard.health import beat


@shared_task
def heartbeat() -> None:
    beat(clock.now())
