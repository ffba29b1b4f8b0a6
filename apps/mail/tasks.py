from celery import shared_task

from apps.core import clock
from apps.core.due import drain
from apps.mail.dispatch import dispatch_due
from apps.mail.reconciling import reconcile


@shared_task
def dispatch() -> int:
    return drain(lambda: dispatch_due(clock.now))


@shared_task
def reconcile_doubts() -> int:
    return reconcile(clock.now())
