"""A living shop: visitors, baskets, orders and refunds, signed and pushed through the real door."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import CommandError, no_translations

from apps.core import clock
from apps.dashboard.demo.mailbox import Mailbox
from apps.dashboard.demo.parts import Place
from apps.dashboard.demo.preparing import prepare
from apps.dashboard.demo.sender import Sender
from apps.dashboard.demo.street import Street
from apps.ingestion.posting import Postman
from apps.stores.adding import webhook_url
from apps.stores.commanding import StoreCommand, store_of
from apps.stores.models import Store
from apps.stores.platforms.base import platforms
from apps.stores.secrets_ring import newest

MOST_PER_MINUTE: Final = 600.0


class Command(StoreCommand):
    help = "Plays a shop for the demo; stops at Ctrl-C."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--forever", action="store_true", help="go on until stopped")
        parser.add_argument("--visitors-per-minute", type=float, default=12.0)
        parser.add_argument("--speed", type=float, default=1.0, help="2: everybody twice as fast")
        parser.add_argument("--seed", type=int, help="the same visitors every time")
        parser.add_argument("--store", help="the shop to play; else the demo shop")
        parser.add_argument("--to", help="its webhook address, when that is elsewhere")

    @no_translations
    def handle(self, *args: Any, forever: bool, **options: Any) -> None:
        speed, per_minute = options["speed"], options["visitors_per_minute"]
        if not 0 < speed <= 100 or not 0 < per_minute <= MOST_PER_MINUTE:
            raise CommandError(f"--speed: more than 0, at most 100; --visitors-per-minute: at most {MOST_PER_MINUTE:g}")
        stop = _stopped_by_signal()
        store = store_of(options["store"]) if options["store"] else _demo_store()
        sender = _sender(store, options["to"] or webhook_url(store), stop)
        sender.wait_for_the_door()
        street = Street(
            place=Place(url=store.url, assets=settings.ENV.public_url),
            send=sender.send,
            mailbox=Mailbox(store, _origin(options["to"] or settings.ENV.public_url)),
            stop=stop,
            per_minute=per_minute,
            speed=speed,
            seed=options["seed"],
        )
        street.walk(forever=forever)
        self.stdout.write(", ".join(f"{count} answered {status}" for status, count in sorted(sender.answers.items())))


def _sender(store: Store, url: str, stop: threading.Event) -> Sender:
    if store.platform != "woocommerce":
        raise CommandError(f"expected a woocommerce store; {store.name} is on {store.platform}")
    return Sender(
        postman=Postman(url),
        platform=platforms.get(store.platform),
        secret=newest(store, clock.now()),
        source=store.url,
        stop=stop,
    )


def _demo_store() -> Store:
    """The demo shop, made when it is not there: so the first page need not wait for it."""
    return prepare(clock.now())


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _stopped_by_signal() -> threading.Event:
    stop = threading.Event()
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
    return stop
