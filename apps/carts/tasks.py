from celery import shared_task

from apps.carts.abandonment import abandon_due
from apps.core import clock
from apps.core.due import tick
from apps.events.tasks import announce


@shared_task
def abandon_carts() -> int:
    done = tick("baskets", lambda: abandon_due(clock.now()))
    if done:
        announce()
    return done
