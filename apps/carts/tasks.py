from celery import shared_task

from apps.carts.abandonment import abandon_due
from apps.core import clock
from apps.core.due import tick


@shared_task
def abandon_carts() -> int:
    return tick("baskets", lambda: abandon_due(clock.now()))
