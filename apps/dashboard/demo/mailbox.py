"""The visitors' mailbox: what the engine kept in its outbox for them, read as a mail program would."""

from __future__ import annotations

import base64
import binascii
import email
import email.policy
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import parse_qs, urlsplit

import django.db
import msgspec
from django.db import connection

from apps.ingestion.posting import NobodyAnswers, Postman
from apps.mail.models import OutboxMail
from apps.stores.models import Store

_LINK: Final = re.compile(r"https?://[^\s<>\"]+/r/[\w-]+")
_LEAVE: Final = re.compile(r"<(https?://[^>]+)>")
# Anything that calls itself a robot is not counted as a click.
BROWSER: Final = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Accept": "text/html",
}
MOST_LINKS: Final = 3


@dataclass(frozen=True, slots=True)
class Mail:
    """What a reader can press: the links in the order they stand there, and the way out."""

    links: tuple[str, ...]
    leave: str


class Mailbox:
    """Reads the outbox of one store, and opens links at the engine's own address."""

    def __init__(self, store: Store, origin: str) -> None:
        self._store = store
        self._origin = origin

    def newest(self, address: str, since: datetime) -> Mail | None:
        """The last mail to this address after `since`; None while there is none or no database."""
        try:
            kept = OutboxMail.objects.of(self._store).filter(message__address__iexact=address, at__gt=since)
            found = kept.order_by("-at").first()
        except django.db.Error:
            connection.close()
            return None
        return None if found is None else read(bytes(found.data))

    def follow(self, mail: Mail) -> str:
        """Press the mail's button; our reference as the shop's link carries it, '' if it leads nowhere."""
        for link in mail.links[:MOST_LINKS]:
            status, headers, _ = self._open("GET", link)
            if status in (301, 302, 303, 307) and (found := reference(headers.get("location", ""))):
                return found
        return ""

    def unsubscribe(self, mail: Mail) -> None:
        """One click, as mail programs do it (RFC 8058)."""
        if mail.leave:
            self._open("POST", mail.leave, b"List-Unsubscribe=One-Click")

    def _open(self, method: str, link: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
        form = {"Content-Type": "application/x-www-form-urlencoded"} if body else {}
        parts = urlsplit(link)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        try:
            with Postman(self._origin) as postman:
                return postman.ask(method, path, BROWSER | form | {"Host": parts.netloc}, body)
        except NobodyAnswers:
            return 0, {}, b""


def read(data: bytes) -> Mail:
    """The links of a mail as it went out."""
    message = email.message_from_bytes(data, policy=email.policy.default)
    part = message.get_body(("plain",))
    text = part.get_content() if part is not None else ""
    leave = _LEAVE.findall(str(message.get("List-Unsubscribe", "")))
    return Mail(tuple(dict.fromkeys(_LINK.findall(text))), leave[0] if leave else "")


def reference(location: str) -> str:
    """The message's reference within the companion's restore link."""
    token = parse_qs(urlsplit(location).query).get("rcv", [""])[0].partition(".")[0]
    try:
        claims = msgspec.json.decode(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except (msgspec.DecodeError, binascii.Error, ValueError):
        return ""
    return str(claims.get("r", "")) if isinstance(claims, dict) else ""
