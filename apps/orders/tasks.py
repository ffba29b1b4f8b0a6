from celery import shared_task

from apps.core import clock
from apps.core.due import tick
from apps.orders.measuring import measure_due


@shared_task
def measure_products() -> int:
    return tick("measuring", lambda: measure_due(clock.now()))
