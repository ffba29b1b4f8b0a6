from datetime import datetime, timedelta

from celery import shared_task

from apps.core import clock
from apps.core.due import tick
from apps.offers import ending, redeeming
from apps.offers.issuing import issue_due


@shared_task
def issue_offers() -> int:
    return tick("codes", lambda: issue_due(clock.now()))


@shared_task
def end_offers() -> int:
    return tick("ending codes", lambda: end_due(clock.now()))


def end_due(at: datetime) -> int:
    """Everything that comes of a date: told of, expired, deleted in the shop, given back."""
    return (
        ending.tell_ending(at)
        + ending.expire_due(at)
        + ending.withdraw_due(at)
        + redeeming.settle_undone(at - timedelta(days=90), at)
    )
