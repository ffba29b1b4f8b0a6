"""E-mail addresses and display names as they may stand in a header (RFC 5322, 2047, 5891, 6532)."""

from __future__ import annotations

import base64
import re
from functools import lru_cache

import idna

from apps.mail.names import clean

ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
DOT_ATOM = re.compile(rf"{ATOM}(?:\.{ATOM})*")
# Letters beyond ASCII are allowed in a local part, but then the message needs SMTPUTF8.
WIDE_LOCAL = re.compile(r"[^\x00-\x20\x7f-\xa0\"(),:;<>@\[\\\]\u2028-\u202e\u2066-\u2069]+")
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
WORD_BYTES = 45
"""Sixty base64 signs; with its frame an encoded word stays within the 75 of RFC 2047."""


class AddressRefused(ValueError):
    """Not one address. The message never repeats it: it ends up in logs."""


@lru_cache(maxsize=4096)
def a_label(domain: str) -> str:
    """A domain as DNS knows it: `bücher.example` is `xn--bcher-kva.example`."""
    host = domain.rstrip(".").lower()
    try:
        name = host if host.isascii() else idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise AddressRefused("expected a domain name after the @") from error
    labels = name.split(".")
    if len(labels) < 2 or len(name) > 253 or not all(LABEL.fullmatch(label) for label in labels):
        raise AddressRefused("expected a domain name after the @")
    return name


def address(text: str) -> str:
    """Exactly one bare address, its domain as A-label."""
    local, at, domain = text.strip().rpartition("@")
    if not at or len(local.encode("utf-8", "replace")) > 64:
        raise AddressRefused("expected one address such as name@shop.example")
    if not DOT_ATOM.fullmatch(local) and (local.isascii() or not WIDE_LOCAL.fullmatch(local) or ".." in local):
        raise AddressRefused("expected one address such as name@shop.example")
    return f"{local}@{a_label(domain)}"


@lru_cache(maxsize=2048)
def mailbox(name: str, email: str) -> str:
    """`"Shop" <post@shop.example>`; a display name never holds an @, so it cannot pose as an
    address.
    """
    shown = clean(name.replace("@", " "), 70)
    if not shown:
        return address(email)
    if shown.isascii() and "=?" not in shown:
        escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{address(email)}>'
    # One encoded word only: readers disagree about the space between two in a display name.
    shown = shown.encode("utf-8", "replace")[:WORD_BYTES].decode("utf-8", "ignore").rstrip()
    return f"{encoded_words(shown)} <{address(email)}>"


@lru_cache(maxsize=4096)
def unstructured(text: str) -> str:
    """A subject: as it is when short and ASCII, else in encoded words."""
    shown = clean(text, 400)
    return shown if shown.isascii() and len(shown) <= 66 and "=?" not in shown else encoded_words(shown)


def encoded_words(text: str) -> str:
    """RFC 2047, base64, folded; never cut inside a character."""
    words, held = [], b""
    for character in text:
        encoded = character.encode("utf-8", "replace")
        if len(held) + len(encoded) > WORD_BYTES:
            words.append(held)
            held = b""
        held += encoded
    words.append(held)
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(word).decode()}?=" for word in words)
