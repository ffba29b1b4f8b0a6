"""Quoted-printable (RFC 2045 6.7) in pieces that can be joined.

Each piece starts at the first column and ends with a soft break, so pieces join by concatenation
and those that never change are encoded once. A dot never stands first on a line: no transport has
to stuff it.
"""

from __future__ import annotations

from binascii import b2a_qp
from functools import lru_cache

SOFT = b"=\r\n"


def encode(text: str) -> bytes:
    """A whole text, CRLF line ends, lines of at most 76."""
    encoded = b2a_qp(text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace"), istext=True)
    encoded = encoded.replace(b"\n", b"\r\n")
    if encoded.startswith(b"."):
        encoded = b"=2E" + SOFT + encoded[1:]
    return encoded.replace(b"\r\n.", b"\r\n=2E=\r\n") if b"\r\n." in encoded else encoded


@lru_cache(maxsize=8192)
def piece(text: str) -> bytes:
    """A text that something may follow. Cached: titles, counts and many prices return in the next
    mail.
    """
    if len(text) < 72 and text.isascii() and text.isprintable() and "=" not in text and text[:1] != ".":
        return text.encode() + SOFT
    encoded = b2a_qp(text.encode("utf-8", "replace")) if len(text) < 40 else b"\n"
    if b"\n" in encoded or b"\r" in encoded or encoded[:1] == b".":
        encoded = encode(text)
    return encoded if not encoded or encoded.endswith(b"\r\n") else encoded + SOFT


class Quoted:
    """The encoded form of a template's fixed pieces; the values of people pass through."""

    __slots__ = ("fixed",)

    def __init__(self, fixed: list[str]) -> None:
        self.fixed = {text: piece(text) for text in fixed}

    def join(self, pieces: list[str]) -> bytes:
        known = self.fixed.get
        return b"".join([known(text) or piece(text) for text in pieces])
