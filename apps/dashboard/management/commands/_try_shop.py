"""Two shops to misuse: one whose mail waits six seconds, and its neighbour whose mail goes at once."""

from __future__ import annotations

import http.client
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import CommandError
from django.db import transaction

from apps.core import clock
from apps.dashboard.demo import payloads
from apps.dashboard.demo.catalogue import PRODUCTS
from apps.dashboard.demo.payloads import Place
from apps.dashboard.demo.people import Person
from apps.dashboard.demo.preparing import SETTINGS
from apps.flows import definition, presets, publishing
from apps.ingestion.posting import NobodyAnswers, Postman
from apps.mail import library
from apps.mail.models import Message
from apps.stores.adding import add, draft, webhook_url
from apps.stores.models import Store
from apps.stores.platforms.base import platforms
from apps.stores.secrets_ring import newest

T = TypeVar("T")

SHOP: Final = "Probeerwinkel"
NEIGHBOUR: Final = "Buurwinkel"
WAITS: Final = {SHOP: "6s", NEIGHBOUR: "1s"}
FLOW: Final = "abandoned-checkout"
PATIENCE: Final = 90.0
LINES: Final = ((PRODUCTS[0], 1), (PRODUCTS[1], 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the door said."""

    status: int
    body: str

    def __str__(self) -> str:
        return f"{self.status} {self.body}".strip()


@dataclass(frozen=True, slots=True)
class TryShop:
    """A shop's own server, which can be told to misbehave."""

    store: Store

    @property
    def path(self) -> str:
        return urlsplit(webhook_url(self.store)).path

    def sign(self, topic: str, body: bytes, *, secret: str = "") -> dict[str, str]:
        """The headers WooCommerce would send with this body."""
        key = secret or newest(self.store, clock.now())
        return platforms.get("woocommerce").sign(topic, body, key, datetime.now(UTC), {})

    def post(self, topic: str, body: bytes, *, secret: str = "", path: str = "") -> Answer:
        """Sign a body and post it."""
        return say("POST", path or self.path, self.sign(topic, body, secret=secret), body)

    def basket(self, who: Person) -> bytes:
        """Somebody known and willing leaves two things behind at the checkout."""
        at = datetime.now(UTC)
        yes = payloads.Yes(granted=True, at=at)
        told = payloads.basket(self._place(), secrets.token_hex(16), who, LINES, yes=yes, at=at)
        return payloads.batch(self._place(), "cart.updated", told, at)

    def order(self, who: Person) -> bytes:
        """The same person buys."""
        at, number = datetime.now(UTC), secrets.randbelow(10**9)
        told = payloads.order(self._place(), number, who, LINES, status="processing", created=at, changed=at, paid=at)
        return payloads.encoded(told)

    def mail_to(self, who: Person) -> Message | None:
        """The mail to this person, once it has left."""
        left = Message.objects.of(self.store).filter(status="accepted")
        return left.filter(customer__email_key=who.email).first()

    def _place(self) -> Place:
        return Place(url=self.store.url, assets=settings.ENV.public_url)


def somebody(name: str = "Ada") -> Person:
    """A person nobody has seen before; the address leads nowhere."""
    return Person(first_name=name, last_name="Proef", email=f"{secrets.token_hex(6)}@probeer.example")


def shop(name: str) -> TryShop:
    """The shop of this name, made on first use."""
    known = Store.objects.filter(name=name, is_demo=True).first()
    return TryShop(known or _made(name))


def _made(name: str) -> Store:
    # Compiling takes seconds, so before the transaction: afterwards it is remembered.
    source = library.compiled(f"{FLOW}-1", "nl")
    at = clock.now()
    with transaction.atomic():
        given = {**SETTINGS, "name": name, "url": "https://proef.example", "abandon_after": "1s"}
        pairs = [f"{key}={value}" for key, value in given.items()]
        store = add(draft("woocommerce", pairs, [secrets.token_urlsafe(24)]), at, demo=True)
        library._install(store, f"{FLOW}-1", "nl", source)  # noqa: SLF001 -- one mail of the preset is enough
        steps = [{"wait": WAITS[name]}, {"send_email": f"{FLOW}-1"}]
        plan = definition.read({**presets.preset(FLOW).plain(), "steps": steps})
        flow = publishing.save_draft(store.pk, plan)
        publishing.publish(flow, at)
        publishing.go_live(flow, at)
    return store


def say(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> Answer:
    """One request to this engine, and its answer in short."""
    try:
        with Postman(settings.ENV.public_url) as line:
            status, _, said = line.ask(method, path, headers, body)
    except NobodyAnswers:
        raise CommandError(f"nobody answers at {settings.ENV.public_url}: is `make run` running?") from None
    text = said.decode("utf-8", "replace").strip()
    return Answer(status=status, body=text if text.startswith("{") else "")


def announce(path: str, headers: dict[str, str]) -> Answer:
    """A request that only says what would come: its body is never sent."""
    site = urlsplit(settings.ENV.public_url)
    line = http.client.HTTPConnection(site.hostname or "", site.port, timeout=30)
    line.putrequest("POST", path)
    for name, value in headers.items():
        line.putheader(name, value)
    line.endheaders()
    answer = line.getresponse()
    said = Answer(status=answer.status, body=answer.read().decode().strip())
    line.close()
    return said


def until(ask: Callable[[], T | None]) -> T:
    """Asks until there is something to say; the engine does the work meanwhile."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = ask()
        if found:
            return found
        time.sleep(0.1)
    raise CommandError("nothing happened in a minute and a half: is `make run` running?")


def shown(value: Any) -> str:
    """A value on one line."""
    return json.dumps(value, ensure_ascii=False)
