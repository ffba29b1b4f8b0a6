"""One e-mail address, one key: the same person however the address was typed."""

from __future__ import annotations

import hashlib
import hmac
import re
import unicodedata
from typing import Final

import idna

# RFC 5321 section 4.5.3.1: octets, and a path of 256 holds two angle brackets.
MAX_LOCAL: Final = 64
MAX_DOMAIN: Final = 253
MAX_ADDRESS: Final = 254
# Bounds the work on text from strangers; decomposed letters shrink when they are composed.
MAX_TYPED: Final = 1000
HASH_BYTES: Final = 16
MIN_SECRET: Final = 16

# Copied addresses carry these at their ends; str.strip() knows only what Unicode calls a space.
_INVISIBLE: Final = "\ufeff\u200b\u200c\u200d\u2060"
# RFC 5322 atext; letters beyond ASCII come from RFC 6531 and are judged by `isprintable`.
_ATOM: Final = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~\u0080-\U0010ffff-]+")
# RFC 1123 host names: letters, digits and inner hyphens.
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


def email_key(text: str) -> str | None:
    """The key under which an address is compared, or None for anything but one plausible address.

    NFC, trimmed, the domain as A-labels (RFC 5891, mapped by UTS 46), lower case. Quoted
    local parts, address literals and names beside the address are refused: no shopper has
    them, and every one of them is a way to smuggle a second recipient.
    """
    before, at, after = _trimmed(text).rpartition("@")
    if not at:
        return None
    local, host = _local(before), _host(after)
    if not local or not host or len(local.encode()) + 1 + len(host) > MAX_ADDRESS:
        return None
    return f"{local}@{host}"


def address_hash(store_id: int, key: str, secret: bytes) -> bytes:
    """Recognise an address after it is erased, in this store only.

    HMAC-SHA-256 cut to 128 bits (RFC 2104 section 5). The store goes in first at a fixed
    width, so that two stores can never be compared and no address can imitate a store.
    """
    if len(secret) < MIN_SECRET:
        raise ValueError(f"expected a secret of at least {MIN_SECRET} bytes, got {len(secret)}")
    message = b"address:" + store_id.to_bytes(8, "big") + key.encode()
    return hmac.digest(secret, message, hashlib.sha256)[:HASH_BYTES]


def _trimmed(text: str) -> str:
    text = text.strip().strip(_INVISIBLE).strip()
    return text if len(text) <= MAX_TYPED else ""


def _local(text: str) -> str | None:
    """A dot-string in lower case: atoms with single dots between them."""
    local = _folded(text)
    atoms = local.split(".")
    plausible = local.isprintable() and all(_ATOM.fullmatch(atom) for atom in atoms)
    if not plausible or any(map(str.isspace, local)):
        return None
    return local if len(local.encode()) <= MAX_LOCAL else None


def _host(text: str) -> str | None:
    """The domain in A-labels, at least two of them, the last not a number (RFC 3696)."""
    domain = text.lower() if text.isascii() else _a_labels(text)
    labels = domain.split(".")
    if len(labels) < 2 or len(domain) > MAX_DOMAIN or labels[-1].isdigit():
        return None
    return domain if all(map(_LABEL.fullmatch, labels)) else None


def _a_labels(text: str) -> str:
    try:
        # Not transitional: strasse.de and straße.de are two owners since IDNA 2008.
        return idna.encode(_folded(text), uts46=True, std3_rules=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return ""


def _folded(text: str) -> str:
    """NFC, lower case, NFC again: lowering may leave a pair that composes."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())
