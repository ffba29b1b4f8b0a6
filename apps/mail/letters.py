"""A letter: frozen once, written on the wire by hand.

Django's and the standard library's MIME take 1.2 to 1.9 ms a mail (performance.md 6); this takes
hundredths, because the HTML arrives already quoted. A test parses every letter back with `email`
and finds it equal, without a defect. Decision 23: SMTP gets the bytes, other transports the
attributes.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

import msgspec

from apps.mail.addresses import address, unstructured
from apps.mail.names import UNSEEN
from apps.mail.quoted import encode

NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")
OWN = frozenset(("from", "to", "reply-to", "subject", "mime-version", "content-type", "cc", "bcc"))
PART = b'Content-Type: text/%s; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
TEXT_PART, HTML_PART = PART % b"plain", PART % b"html"


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """One mail to one person. `sender` and `reply_to` are mailboxes as `addresses.mailbox` makes
    them.
    """

    sender: str
    to: str
    subject: str
    text: str
    html: str
    reply_to: str = ""
    headers: dict[str, str] = {}
    quoted_html: bytes = b""

    @property
    def needs_smtputf8(self) -> bool:
        """Only a recipient whose own name is beyond ASCII asks for it."""
        return not (self.to.isascii() and self.sender.isascii() and self.reply_to.isascii())

    def as_bytes(self) -> bytes:
        """The message as SMTP carries it: CRLF, body lines of at most 76, no leading dots."""
        boundary = self._boundary()
        head = [f"From: {_one_line(self.sender)}", f"To: {address(self.to)}"]
        if self.reply_to:
            head.append(f"Reply-To: {_one_line(self.reply_to)}")
        head.append(f"Subject: {unstructured(self.subject)}")
        head += [_header(name, value) for name, value in self.headers.items() if name.lower() not in OWN]
        head.append("MIME-Version: 1.0")
        head.append(f'Content-Type: multipart/alternative; boundary="{boundary}"')
        line = b"\r\n--" + boundary.encode()
        return b"".join(
            (
                "\r\n".join(head).encode("utf-8", "replace"),
                b"\r\n", line, b"\r\n", TEXT_PART, encode(self.text),
                line, b"\r\n", HTML_PART, self.quoted_html or encode(self.html),
                line, b"--\r\n",
            )
        )  # fmt: skip

    def _boundary(self) -> str:
        # "=_" cannot stand in quoted-printable, so no body can hold it; derived, so every attempt
        # is byte-equal.
        seed = self.headers.get("Message-ID") or self.to
        return "=_" + hashlib.blake2b(seed.encode("utf-8", "replace"), digest_size=12).hexdigest()


FOLD = re.compile(r"\r\n ")


@lru_cache(maxsize=2048)
def _one_line(value: str) -> str:
    """A structured value with nothing in it that could end its header; our own folds stay."""
    return "\r\n ".join(UNSEEN.sub(" ", piece).strip() for piece in FOLD.split(value))


def _header(name: str, value: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError("expected a header name of letters, digits and dashes")
    plain = value.strip() if value.isprintable() else UNSEEN.sub(" ", value).strip()
    if not plain.isascii():
        plain = unstructured(plain)
    if name == "List-Unsubscribe":
        plain = plain.replace(">, <", ">,\r\n <")
    return f"{name}: {plain}"
