from celery import shared_task

from apps.core import clock
from apps.core.due import tick
from apps.flows import campaigns, notices
from apps.flows.engine import advance_due
from apps.flows.sweeping import sweep_due
from apps.mail.tasks import dispatch


@shared_task
def advance() -> int:
    done = tick("enrollments", lambda: advance_due(clock.now()))
    tick("notices", lambda: notices.mail_due(clock.now()))
    done += tick("campaigns", lambda: campaigns.plan_due(clock.now()))
    if done:
        dispatch()
    return done


@shared_task
def sweep() -> int:
    """Whose day came; the engine takes their first steps with its own tick."""
    return tick("sweeps", lambda: sweep_due(clock.now()))
