"""A mail server that takes mail, and the mail as its receiver reads it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from config.ground import processes
from tests.shopkeeping import parsed

LARGEST = 102_000
"""Gmail hides what comes after it."""


class _Reader(HTMLParser):
    """What an HTML part shows: its pictures, its links and its words."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "img" and given.get("src"):
            self.pictures.append(str(given["src"]))
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        self._silent += tag in ("style", "title", "head")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("style", "title", "head")

    def handle_data(self, data: str) -> None:
        if not self._silent and data.strip():
            self.words.append(" ".join(data.split()))


@dataclass(frozen=True)
class Received:
    """One mail, with the envelope it came in."""

    sender: str
    to: str
    wire: bytes
    parsed: EmailMessage = field(repr=False)

    @property
    def subject(self) -> str:
        return str(self.parsed["Subject"])

    def part(self, kind: str) -> str:
        body = self.parsed.get_body((kind,))
        assert body is not None, f"no {kind} part"
        return str(body.get_content())

    @property
    def text(self) -> str:
        """Its text part, every kind of space a space."""
        return re.sub(r"[^\S\n]", " ", self.part("plain").replace("\r\n", "\n"))

    @property
    def shown(self) -> str:
        """The words of its HTML part, every kind of space a space."""
        return re.sub(r"\s", " ", " ".join(self._read.words))

    @property
    def pictures(self) -> list[str]:
        return self._read.pictures

    @property
    def links(self) -> list[str]:
        return self._read.links

    @property
    def restore(self) -> str:
        """The path of its one big button: the longest-lived of its links, first in the text."""
        found = re.search(r"https?://[^/\s]+(/r/\S+)", self.part("plain"))
        assert found, "no restore link"
        return found[1]

    @property
    def leave(self) -> str:
        """The path of the mail program's own button."""
        found = re.search(r"<https?://[^/>]+(/u/[^>]+)>", str(self.parsed["List-Unsubscribe"]))
        assert found, "no unsubscribe link"
        return found[1]

    @property
    def _read(self) -> _Reader:
        reader = _Reader()
        reader.feed(self.part("html"))
        return reader


class Receiver:
    """Takes every mail, or answers as it is told to."""

    def __init__(self, *, login: tuple[str, str] | None = None) -> None:
        self.mails: list[Received] = []
        self.login = login
        self.port = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def to(self, address: str) -> list[Received]:
        return [mail for mail in list(self.mails) if mail.to.lower() == address.lower()]

    def everybody(self) -> list[str]:
        return sorted(mail.to for mail in list(self.mails))

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        wire = bytes(envelope.content)
        for to in envelope.rcpt_tos:
            self.mails.append(Received(envelope.mail_from, to, wire, parsed(wire)))
        return "250 2.0.0 taken"

    def authenticate(self, server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        given = (data.login.decode(), data.password.decode())
        return AuthResult(success=self.login is None or given == self.login, handled=False)


@contextmanager
def listening(receiver: Receiver) -> Iterator[Receiver]:
    """The receiver behind a port of its own."""
    more: dict[str, Any] = {}
    if receiver.login:
        more = {"authenticator": receiver.authenticate, "auth_required": True, "auth_require_tls": False}
    controller = Controller(receiver, hostname="127.0.0.1", port=processes.free_port(), **more)
    controller.start()
    try:
        receiver.port = controller.port
        yield receiver
    finally:
        controller.stop()


def is_well_made(mail: Received) -> None:
    """What every mail of ours keeps to, whatever it is about."""
    assert len(mail.wire) < LARGEST
    assert mail.parsed.defects == []
    assert [part.get_content_type() for part in mail.parsed.iter_parts()] == ["text/plain", "text/html"]
    assert mail.parsed.get_all("To") == [mail.to]
    for words in (mail.text, mail.shown, mail.subject):
        assert html.unescape(words) == words, "an entity was left standing"
        # A token may hold any letters.
        words = re.sub(r"https?://\S+", "", words)  # noqa: PLW2901
        for nonsense in ("{{", "{%", "[[", "None", "nil", "NaN", "Decimal", "undefined"):
            assert nonsense not in words, nonsense
    assert all(src.startswith(("https://", "http://")) for src in mail.pictures)
