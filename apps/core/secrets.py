"""Secrets at rest, and hashes that only this installation can make.

Sealed values are Fernet tokens of a key ring, newest first. The plaintext inside carries what it is bound to
(a store's key and a field), so that swapping two ciphertexts in the database is noticed: Fernet itself has no
associated data.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

from apps.core.addresses import address_hash


class SealBroken(Exception):
    """The value was sealed for something else, or with a key that is gone from FIELD_KEYS."""


@lru_cache(maxsize=8)
def _ring(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def seal(plain: str, *, bound_to: str) -> str:
    """Encrypt for one place; '' stays ''."""
    if not plain:
        return ""
    inside = msgspec.json.encode([bound_to, plain])
    return _ring(tuple(settings.ENV.field_keys)).encrypt(inside).decode("ascii")


def unseal(token: str, *, bound_to: str) -> str:
    """Decrypt what was sealed for this place. Raises SealBroken."""
    if not token:
        return ""
    try:
        place, plain = msgspec.json.decode(_ring(tuple(settings.ENV.field_keys)).decrypt(token.encode("ascii")))
    except InvalidToken:
        raise SealBroken(f"{bound_to}: no key in FIELD_KEYS opens it") from None
    if place != bound_to:
        raise SealBroken(f"{bound_to}: this value was sealed for another place")
    return str(plain)


def hash_of(store_id: int, email_key: str) -> bytes:
    """The keyed hash under which a suppression survives erasure."""
    return address_hash(store_id, email_key, settings.ENV.address_key.encode("utf-8"))
