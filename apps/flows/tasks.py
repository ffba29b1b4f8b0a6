from celery import shared_task

from apps.core import clock
from apps.core.due import tick
from apps.flows.engine import advance_due
from apps.mail.tasks import dispatch


@shared_task
def advance() -> int:
    done = tick("enrollments", lambda: advance_due(clock.now()))
    if done:
        dispatch()
    return done
