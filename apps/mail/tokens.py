"""Signed links: who may unsubscribe, which link was clicked, which basket to bring back.

A token is base64url of (purpose, store, message, slot or address hash) and a 128-bit MAC over
exactly those bytes: bound to its purpose and its store, readable without a database, worthless when
altered. It holds no address. Keys are a ring, newest first: new links use the first, old links keep
working while their key is in the ring. Tokens do not expire by themselves: a way out must work for
ever; how long a basket is kept is the basket's own matter.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Callable, Sequence
from functools import lru_cache

import msgspec

Ring = Sequence[bytes | str]

CLICK, RESTORE, UNSUBSCRIBE, ANSWER, REVIEW, CONFIRM = 1, 2, 3, 4, 5, 6
NO_SLOT = 65_535
"""A link to the page itself, with nothing chosen beforehand."""
SLOTTED = struct.Struct(">BIQH")
PERSONAL = struct.Struct(">BIQ16s")
MAC = 16
SLOTTED_LENGTH, PERSONAL_LENGTH = 42, 60


class Link(msgspec.Struct, frozen=True):
    """A message and a slot: of its target, of an answer, or of a bought line."""

    store: int
    message: int
    slot: int


class Leave(msgspec.Struct, frozen=True):
    """A wish to be left alone: `address` is the keyed hash stored with suppressions."""

    store: int
    message: int
    address: bytes


@lru_cache(maxsize=64)
def _keyed(key: bytes | str) -> hashlib.blake2b:
    secret = key.encode() if isinstance(key, str) else key
    if len(secret) < 16:
        raise ValueError("a link key has at least 16 bytes")
    return hashlib.blake2b(key=hashlib.sha512(secret).digest(), digest_size=MAC, person=b"mandje link")


def _mac(key: bytes | str, payload: bytes) -> bytes:
    keyed = _keyed(key).copy()
    keyed.update(payload)
    return keyed.digest()


def _written(payload: bytes, ring: Ring) -> str:
    return base64.urlsafe_b64encode(payload + _mac(ring[0], payload)).rstrip(b"=").decode("ascii")


def click(store: int, message: int, slot: int, *, ring: Ring) -> str:
    return _written(SLOTTED.pack(CLICK, store, message, slot), ring)


def restore(store: int, message: int, slot: int, *, ring: Ring) -> str:
    return _written(SLOTTED.pack(RESTORE, store, message, slot), ring)


def answer(store: int, message: int, slot: int, *, ring: Ring) -> str:
    """`slot` is the answer's place in its survey (`feedback.asking`), or NO_SLOT."""
    return _written(SLOTTED.pack(ANSWER, store, message, slot), ring)


def review(store: int, message: int, position: int, *, ring: Ring) -> str:
    """Our own form about the line of this place in the message's order."""
    return _written(SLOTTED.pack(REVIEW, store, message, position), ring)


def confirm(store: int, message: int, *, ring: Ring) -> str:
    """The double opt-in of whoever got this message."""
    return _written(SLOTTED.pack(CONFIRM, store, message, NO_SLOT), ring)


def unsubscribe(store: int, message: int, address: bytes, *, ring: Ring) -> str:
    """`address` is a 16-byte hash; `hashed` makes one."""
    if len(address) != 16:
        raise ValueError("an address hash has 16 bytes")
    return _written(PERSONAL.pack(UNSUBSCRIBE, store, message, address), ring)


def hashed(store: int, email_key: str, *, key: bytes | str) -> bytes:
    """The keyed hash of a normalised address, different in every store."""
    return _mac(key, b"address" + struct.pack(">I", store) + email_key.encode())


def read_click(token: str, *, ring: Ring) -> Link | None:
    return _link(token, CLICK, ring)


def read_restore(token: str, *, ring: Ring) -> Link | None:
    return _link(token, RESTORE, ring)


def read_answer(token: str, *, ring: Ring) -> Link | None:
    return _link(token, ANSWER, ring)


def read_review(token: str, *, ring: Ring) -> Link | None:
    return _link(token, REVIEW, ring)


def read_confirm(token: str, *, ring: Ring) -> Link | None:
    return _link(token, CONFIRM, ring)


def read_unsubscribe(token: str, *, ring: Ring) -> Leave | None:
    payload = _read(token, PERSONAL_LENGTH, ring)
    if payload is None:
        return None
    purpose, store, message, address = PERSONAL.unpack(payload)
    return Leave(store, message, address) if purpose == UNSUBSCRIBE else None


def _link(token: str, wanted: int, ring: Ring) -> Link | None:
    payload = _read(token, SLOTTED_LENGTH, ring)
    if payload is None:
        return None
    purpose, store, message, slot = SLOTTED.unpack(payload)
    return Link(store, message, slot) if purpose == wanted else None


def _read(token: str, length: int, ring: Ring) -> bytes | None:
    """The payload when one key of the ring made its MAC. One spelling per token: no padding, no
    loose bits.
    """
    if len(token) != length or not token.isascii():
        return None
    try:
        raw = base64.b64decode(token + "=" * (-length % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii") != token:
        return None
    payload, mac = raw[:-MAC], raw[-MAC:]
    for key in ring:
        if hmac.compare_digest(mac, _mac(key, payload)):
            return payload
    return None


def addresses(
    base: str, store: int, message: int, *, ring: Ring, restore_target: str = ""
) -> Callable[[int, str], str]:
    """For `rendering.render`: the tracked address of each slot, the basket's own link under its own
    purpose.
    """
    root = base.rstrip("/") + "/r/"

    def tracked(slot: int, target: str) -> str:
        make = restore if target == restore_target else click
        return root + make(store, message, slot, ring=ring)

    return tracked
