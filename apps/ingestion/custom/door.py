"""The door of other apps: `POST /events/<store_key>/`, with or without the last slash, never a redirect.

Signed by the Standard Webhooks scheme (id, timestamp, body; five minutes), checked by the code that the generic
platform has. What is taken is on disk before 202 goes out, in the queue of all deliveries; the same webhook-id again
is taken once. What is refused says why as problem+json (RFC 9457), with the field, and never with its value.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import django.db
import msgspec
import psycopg

from apps.ingestion import arrivals, reading
from apps.ingestion.custom import payloads
from apps.ingestion.custom.payloads import Wrong
from apps.ingestion.custom.ring import EventRings
from apps.ingestion.custom.translate import TOPIC
from apps.ingestion.refusals import Notebook
from apps.stores.errors import SignatureRefused
from apps.stores.platforms.base import Admitted, Keyring, Request
from apps.stores.platforms.generic import signature

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

Answer = tuple[str, bytes, tuple[tuple[str, str], ...]]

ADDRESS: Final = re.compile(r"/events/([A-Za-z0-9_-]{1,40})/?", re.ASCII)
RATE: Final = 20.0
"""Posts a second of one store, in one process; a post may hold a hundred events."""
BURST: Final = 200.0
PROBLEM: Final = "application/problem+json"

log = logging.getLogger(__name__)


class Refusal(Exception):
    """An answer other than "taken"."""

    def __init__(self, status: str, code: str, detail: str, field: str = "", **headers: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.field = status, code, detail, field
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class Buckets:
    """So many posts a second per store, with a burst: kept by this process alone."""

    def __init__(self, rate: float = RATE, burst: float = BURST) -> None:
        self._rate, self._burst = rate, burst
        self._left: dict[int, tuple[float, float]] = {}

    def take(self, store_id: int) -> bool:
        now = time.monotonic()
        left, since = self._left.get(store_id, (self._burst, now))
        left = min(self._burst, left + (now - since) * self._rate)
        self._left[store_id] = (left - 1 if left >= 1 else left, now)
        return left >= 1


class EventsDoor:
    """Answers for one address; the big door in front of Django passes it on."""

    def __init__(self, notebook: Notebook, buckets: Buckets | None = None) -> None:
        self.notebook = notebook
        self.rings = EventRings()
        self.buckets = buckets or Buckets()

    def answer(self, environ: WSGIEnvironment, key: str) -> Answer:
        try:
            return self._taken(self._receive(environ, key))
        except Refusal as refusal:
            return problem(refusal)
        except psycopg.DataError:
            log.warning("an event of store %s could not be written", key)
            return problem(Refusal("400 Bad Request", "unwritable", "this cannot be kept"))
        except (psycopg.Error, django.db.Error) as away:
            log.error("the database does not answer: %s", type(away).__name__)  # noqa: TRY400  it may be thousands
            busy = Refusal("503 Service Unavailable", "away", "come back in a moment", Retry_After="10")
            return problem(busy)

    def _taken(self, count: int) -> Answer:
        return "202 Accepted", msgspec.json.encode({"taken": count}), (("Content-Type", "application/json"),)

    def _receive(self, environ: WSGIEnvironment, key: str) -> int:
        if environ["REQUEST_METHOD"] != "POST":
            raise Refusal("405 Method Not Allowed", "only_post", "expected POST", Allow="POST")
        ring = arrivals.steadily(lambda: self.rings.of(key))
        if ring is None:
            raise Refusal("404 Not Found", "unknown_store", "there is no such store")
        # Our own clock, not the database's: a question per post would cost as much as keeping it.
        request = Request(headers=reading.headers(environ), body=self._body(environ, ring), at=datetime.now(UTC))
        admitted = self._admit(key, ring, request)
        if not self.buckets.take(ring.store_id):
            raise Refusal("429 Too Many Requests", "too_many", f"at most {RATE:g} posts a second", Retry_After="5")
        try:
            told = payloads.read(request.body, request.at)
        except Wrong as wrong:
            raise Refusal("422 Unprocessable Content", wrong.code, wrong.detail, wrong.field) from None
        self._keep(key, ring, admitted, request.body)
        return len(told)

    def _body(self, environ: WSGIEnvironment, ring: Keyring) -> bytes:
        try:
            return reading.body(environ, payloads.LARGEST)
        except reading.CutOff:
            raise Refusal("400 Bad Request", "cut_off", "the body did not arrive whole") from None
        except reading.Refused as refused:
            self.notebook.refuse(ring.store_id, refused.reason)
            if refused.reason == "compressed":
                raise Refusal("415 Unsupported Media Type", "compressed", "send the body uncompressed") from None
            limit = f"at most {payloads.LARGEST} bytes"
            raise Refusal("413 Content Too Large", "too_large", limit) from None

    def _admit(self, key: str, ring: Keyring, request: Request) -> Admitted:
        """Who vouches for it; asks the database once more before saying no, for a secret made just now."""
        found = _vouched(request, ring)
        if found is None and (fresh := arrivals.steadily(lambda: self.rings.reload(key))) is not None and fresh != ring:
            found = _vouched(request, fresh)
        if found is None:
            self.notebook.refuse(ring.store_id, "signature")
            raise Refusal("401 Unauthorized", "not_signed", "not signed by this store within five minutes")
        # Ids of other apps and of the shop's own platform are different lists.
        return replace(found, topic=TOPIC, dedupe_key=f"events:{found.dedupe_key}")

    def _keep(self, key: str, ring: Keyring, admitted: Admitted, body: bytes) -> None:
        if not arrivals.keep(ring.store_id, admitted, body) and arrivals.is_gone(ring.store_id):
            self.rings.forget(key)
            raise Refusal("404 Not Found", "unknown_store", "there is no such store")


def _vouched(request: Request, ring: Keyring) -> Admitted | None:
    try:
        return signature.authenticate(request, ring)
    except SignatureRefused:
        return None
    except Exception:
        # Headers come from strangers: whatever they break, they are not signed.
        log.exception("a signature of another app could not be checked")
        return None


def problem(refusal: Refusal) -> Answer:
    """RFC 9457; `field` is the place in the body, where one is to blame."""
    said: Mapping[str, object] = {
        "type": f"urn:mandje:problem:{refusal.code}",
        "title": refusal.status.partition(" ")[2],
        "status": int(refusal.status[:3]),
        "detail": refusal.detail,
        **({"field": refusal.field} if refusal.field else {}),
    }
    return refusal.status, msgspec.json.encode(said), (("Content-Type", PROBLEM), *refusal.headers.items())
