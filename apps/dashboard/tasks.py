import logging

from celery import shared_task
from kombu.exceptions import OperationalError

from apps.core import clock
from apps.core.due import tick
from apps.dashboard.health import beat
from apps.dashboard.sender_domains import look_up_due
from apps.dashboard.simulating import run_due

log = logging.getLogger(__name__)


@shared_task
def heartbeat() -> None:
    beat(clock.now())


@shared_task
def look_up_domains() -> int:
    return look_up_due(clock.now())


@shared_task
def simulate() -> int:
    return tick("simulations", lambda: run_due(clock.now()))


def hurry_domains() -> None:
    """Have a worker look at the domains that are due now; where no broker answers, the next tick does."""
    _hurry("look-up-domains")


def hurry_simulations() -> None:
    """Have a worker begin with what was just asked for."""
    _hurry("simulate")


def _hurry(queue: str) -> None:
    # Named, not called as a task: in a thread of the web no app is current.
    from config.celery import BEAT, app  # noqa: PLC0415 -- it finds its tasks here

    try:
        app.send_task(BEAT[queue][0], expires=BEAT[queue][1])
    except (OperationalError, OSError) as problem:
        log.warning("no worker could be told of %s: %s", queue, type(problem).__name__)
