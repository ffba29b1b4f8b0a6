"""The engine under test from within: `python -m tests.faults.yard`, one JSON line in, one out.

It opens shops, and starts workers and beats as forks of itself: real processes, without paying for the import of
everything each time that one is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import secrets
import signal
import sys
from datetime import timedelta
from typing import Any, Never

import django

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Migrate, say so, then do what every line asks."""
    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from config.celery import app

    call_command("migrate", interactive=False, verbosity=0)
    app.loader.import_default_modules()
    _say({"ready": True})
    for line in sys.stdin:
        wanted = json.loads(line)
        # A fork takes no connection along, and the database may have been restarted since the last line.
        connection.close()
        _bury()
        _say(_start(**wanted) if "words" in wanted else _open(wanted))


def _start(*, words: list[str], log: str, environment: dict[str, str]) -> dict[str, Any]:
    """A fork that becomes `celery WORDS`."""
    pid = os.fork()
    if not pid:
        _become(words, log, environment)
    return {"pid": pid}


def _become(words: list[str], log: str, environment: dict[str, str]) -> Never:
    os.setsid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for old, new in ((nothing, 0), (out, 1), (out, 2)):
        os.dup2(old, new)
    os.environ.update(environment)
    sys.argv = ["celery", *words]
    from celery.__main__ import main as celery

    code = 1
    try:
        celery()
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        os._exit(code)


def _bury() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _open(wanted: dict[str, Any]) -> dict[str, Any]:
    """A shop without quiet hours, caps or control group, whose baskets are left after a second."""
    from apps.core import clock
    from apps.flows import definition, presets, publishing
    from apps.stores import secrets_ring
    from apps.stores.models import Notice, Store

    store = Store.objects.create(
        platform="woocommerce",
        name="De Theepot",
        url="https://theepot.example",
        from_email="hallo@theepot.example",
        postal_address="Straat 1, Leiden",
        abandon_after=timedelta(seconds=1),
        rules={"quiet": "off", "sunday": "on", "caps": "off", "merge_within": "off", "run_every": "off"},
    )
    Notice.objects.create(store=store, kind="opt_in", text="Ja, mail mij")
    secret = secrets.token_urlsafe(24)
    secrets_ring.add_side_by_side(store, [secret])
    plain = presets.preset("abandoned-checkout").plain()
    steps = [{"wait": wanted["wait"]}, {"send_email": "abandoned-checkout-1"}]
    plan = definition.read({**plain, "steps": steps})
    presets.install_missing_templates(store, plan)
    flow = publishing.save_draft(store.pk, plan)
    now = clock.now()
    publishing.publish(flow, now)
    publishing.go_live(flow, now - timedelta(hours=1))
    return {"id": store.pk, "key": store.key, "secret": secret}


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
