"""The door: `POST /webhooks/<platform>/<store_key>`, with or without the last slash.

It stands in front of Django and answers by itself: no session, no Redis, no ORM, no parsing. A delivery that its
platform vouches for is written with its exact bytes in one statement, and 200 goes out after the commit. Nothing
here ever redirects (a redirected POST is lost silently) and no bad input ends in a 5xx.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import django.db
import psycopg
from django.conf import settings

from apps.ingestion import arrivals, reading
from apps.ingestion.custom import door as custom
from apps.ingestion.refusals import Notebook
from apps.ingestion.sightings import Sightings
from apps.stores.errors import SignatureRefused
from apps.stores.platforms.base import Admitted, Keyring, Platform, Request, platforms
from apps.stores.secrets_ring import Rings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Answer = tuple[str, bytes, tuple[tuple[str, str], ...]]

ADDRESS: Final = re.compile(r"/webhooks/([a-z0-9_-]{1,20})/([A-Za-z0-9_-]{1,40})/?", re.ASCII)
RETRY_SECONDS: Final = "10"

STORED: Final[Answer] = ("200 OK", b'{"ok":true}', ())
CUT_OFF: Final[Answer] = ("400 Bad Request", b'{"error":"the body did not arrive whole"}', ())
UNWRITABLE: Final[Answer] = ("400 Bad Request", b'{"error":"the delivery cannot be kept"}', ())
UNSIGNED: Final[Answer] = ("401 Unauthorized", b'{"error":"not signed by this store"}', ())
UNKNOWN: Final[Answer] = ("404 Not Found", b'{"error":"no such store"}', ())
ONLY_POST: Final[Answer] = (
    "405 Method Not Allowed",
    b'{"error":"POST only"}',
    (("Allow", "POST"),),
)
TOO_LARGE: Final[Answer] = ("413 Content Too Large", b'{"error":"the body is too large"}', ())
COMPRESSED: Final[Answer] = (
    "415 Unsupported Media Type",
    b'{"error":"send the body uncompressed"}',
    (),
)
AWAY: Final[Answer] = (
    "503 Service Unavailable",
    b'{"error":"come back in a moment"}',
    (("Retry-After", RETRY_SECONDS),),
)

log = logging.getLogger(__name__)


class Door:
    """A WSGI application that takes deliveries in and passes everything else on."""

    def __init__(self, inside: WSGIApplication, *, limit: int | None = None) -> None:
        self._inside = inside
        self._limit = settings.ENV.max_delivery_bytes if limit is None else limit
        self.rings = Rings()
        self.notebook = Notebook()
        self.sightings = Sightings(self.notebook)
        self.events = custom.EventsDoor(self.notebook)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        address = ADDRESS.fullmatch(path)
        if address is None:
            told = custom.ADDRESS.fullmatch(path)
            return (
                self._inside(environ, start_response) if told is None else self._told(environ, start_response, told[1])
            )
        status, body, extra = self._answer(environ, address[1], address[2])
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *extra]
        start_response(status, headers)
        return [body]

    def _told(self, environ: WSGIEnvironment, start_response: StartResponse, key: str) -> Iterable[bytes]:
        """What another app has to tell."""
        status, body, headers = self.events.answer(environ, key)
        start_response(status, [("Content-Length", str(len(body))), *headers])
        return [body]

    def _answer(self, environ: WSGIEnvironment, kind: str, key: str) -> Answer:
        if environ["REQUEST_METHOD"] != "POST":
            return ONLY_POST
        if kind not in platforms:
            return UNKNOWN
        try:
            return self._receive(environ, platforms.get(kind), key)
        except psycopg.DataError:
            # Only headers can do this: the body is kept as bytes, whatever it is.
            log.warning("a delivery of store %s could not be written", key)
            return UNWRITABLE
        except (psycopg.Error, django.db.Error) as away:
            log.error("the database does not answer: %s", type(away).__name__)  # noqa: TRY400  it may be thousands
            return AWAY

    def _receive(self, environ: WSGIEnvironment, platform: Platform, key: str) -> Answer:
        ring = arrivals.steadily(lambda: self.rings.of(platform.kind, key))
        if ring is None:
            return UNKNOWN
        try:
            body = reading.body(environ, self._limit)
        except reading.CutOff:
            return CUT_OFF
        except reading.Refused as refused:
            self.notebook.refuse(ring.store_id, refused.reason)
            return COMPRESSED if refused.reason == "compressed" else TOO_LARGE
        headers = reading.headers(environ)
        # Our own clock, not the database's: a question per delivery would cost as much as keeping it.
        request = Request(headers=headers, body=body, at=datetime.now(UTC))
        found = self._admit(platform, key, ring, request)
        if found is None:
            self.notebook.refuse(ring.store_id, "signature")
            return UNSIGNED
        return self._keep(platform, key, found[0], found[1], request)

    def _admit(self, platform: Platform, key: str, ring: Keyring, request: Request) -> tuple[Keyring, Admitted] | None:
        """Who vouches for it; asks the database once more before saying no, for a secret added just now."""
        admitted = _vouched(platform, request, ring)
        if admitted is not None:
            return ring, admitted
        fresh = arrivals.steadily(lambda: self.rings.reload(platform.kind, key))
        if fresh is None or fresh == ring:
            return None
        admitted = _vouched(platform, request, fresh)
        return None if admitted is None else (fresh, admitted)

    def _keep(self, platform: Platform, key: str, ring: Keyring, admitted: Admitted, request: Request) -> Answer:
        if not admitted.store:
            return STORED
        if not arrivals.keep(ring.store_id, admitted, request.body) and arrivals.is_gone(ring.store_id):
            # The store was removed within the last seconds.
            self.rings.forget(platform.kind, key)
            return UNKNOWN
        if admitted.signature_version > ring.signature_version:
            self.rings.raise_version(platform.kind, key, admitted.signature_version)
        self.sightings.seen(ring, admitted, request)
        return STORED


def wrap(inside: WSGIApplication) -> Door:
    """Put the door in front of Django."""
    return Door(inside)


def _vouched(platform: Platform, request: Request, ring: Keyring) -> Admitted | None:
    try:
        return platform.authenticate(request, ring)
    except SignatureRefused:
        return None
    except Exception:
        # Headers come from strangers: whatever they break, they are not signed.
        log.exception("%s could not check a signature", platform.kind)
        return None
