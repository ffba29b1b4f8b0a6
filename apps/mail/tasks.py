from celery import shared_task

from apps.core import clock
from apps.core.due import tick
from apps.mail.alerting import alert_due
from apps.mail.dispatch import dispatch_due
from apps.mail.reconciling import reconcile

SENDERS = 4
"""Stores served side by side in one process: one that answers slowly holds one of these."""


@shared_task
def dispatch() -> int:
    tick("low scores", lambda: alert_due(clock.now()))
    return tick("messages", lambda: dispatch_due(clock.now), at_once=SENDERS)


@shared_task
def reconcile_doubts() -> int:
    return reconcile(clock.now())
