"""One worker process sending what is due, as its threads do in production: `python -m tests.benchmarks.sender`.

It sends a first few mails, as a worker that has been up for a while has long done; says "ready", waits for a word,
empties the queues with as many threads as a worker has, and says "done".
"""

from __future__ import annotations

import sys
import threading

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

from apps.core import clock  # noqa: E402
from apps.core.due import drain  # noqa: E402
from apps.flows.engine import advance_due  # noqa: E402
from apps.mail.dispatch import dispatch_due  # noqa: E402
from apps.mail.liveness import holder  # noqa: E402

WARM = 20
"""How many mails are sent before the clock runs."""


def work() -> None:
    """Take steps and send, until neither has anything to do."""
    while drain(lambda: advance_due(clock.now())) + drain(lambda: dispatch_due(clock.now)):
        pass
    connection.close()


def main() -> None:
    holder()
    advance_due(clock.now(), limit=WARM)
    dispatch_due(clock.now, limit=WARM)
    print("ready", flush=True)
    sys.stdin.readline()
    threads = [threading.Thread(target=work) for _ in range(settings.ENV.worker_threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print("done", flush=True)
    sys.stdin.readline()


if __name__ == "__main__":
    main()
