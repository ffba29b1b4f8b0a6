"""The secrets with which other apps sign: made by the owner, shown once, kept sealed."""

from __future__ import annotations

import base64
import logging
import secrets as random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q, QuerySet

from apps.core import db
from apps.core.secrets import SealBroken, seal, unseal
from apps.ingestion.models import EventSecret
from apps.stores.models import Store
from apps.stores.platforms.base import Keyring
from apps.stores.platforms.generic.signature import PREFIX

GRACE: Final = timedelta(days=7)
"""How long the earlier secret works beside a new one."""
KEPT_SECONDS: Final = 5.0
KEY_BYTES: Final = 32

log = logging.getLogger(__name__)

_LOOK: Final = """
SELECT s.id, array_agg(k.sealed ORDER BY k.created_at DESC, k.id DESC) FILTER (WHERE k.id IS NOT NULL)
  FROM stores_store s LEFT JOIN ingestion_eventsecret k
    ON k.store_id = s.id AND (k.retires_at IS NULL OR k.retires_at > clock_timestamp())
 WHERE s.key = %s GROUP BY s.id
"""


@dataclass(slots=True)
class _Known:
    ring: Keyring
    at: float


class EventRings:
    """Keyrings by store, a few seconds old at most; an unknown store is never remembered."""

    def __init__(self, seconds: float = KEPT_SECONDS) -> None:
        self._seconds = seconds
        self._known: dict[str, _Known] = {}

    def of(self, key: str) -> Keyring | None:
        known = self._known.get(key)
        if known is not None and time.monotonic() - known.at < self._seconds:
            return known.ring
        return self.reload(key)

    def reload(self, key: str) -> Keyring | None:
        ring = load(key)
        if ring is None:
            self._known.pop(key, None)
        else:
            self._known[key] = _Known(ring, time.monotonic())
        return ring

    def forget(self, key: str) -> None:
        self._known.pop(key, None)


def load(key: str) -> Keyring | None:
    """What is needed to check a signature; a store without a secret of this kind has an empty ring."""
    found = db.rows(_LOOK, [key])
    if not found:
        return None
    store_id, sealed = found[0]
    return Keyring(
        store_id=store_id, secrets=tuple(opened for token in sealed or () if (opened := _opened(token, key)))
    )


def make(store: Store, at: datetime) -> str:
    """A new secret, in words for the owner to copy; those before it work for another week."""
    value = PREFIX + base64.b64encode(random.token_bytes(KEY_BYTES)).decode()
    active(store, at).filter(Q(retires_at__isnull=True) | Q(retires_at__gt=at + GRACE)).update(retires_at=at + GRACE)
    EventSecret.objects.create(store=store, sealed=seal(value, bound_to=f"{store.key}/events"))
    return value


def revoke(store: Store, at: datetime) -> int:
    """None of them works from now on; returns how many did."""
    return active(store, at).update(retires_at=at)


def active(store: Store, at: datetime) -> QuerySet[EventSecret]:
    """The secrets that open at this moment, newest first."""
    return EventSecret.objects.of(store).filter(Q(retires_at__isnull=True) | Q(retires_at__gt=at))


def _opened(token: str, key: str) -> str:
    try:
        return unseal(token, bound_to=f"{key}/events")
    except SealBroken as broken:
        log.error("a secret of other apps cannot be read: %s", broken)  # noqa: TRY400  the trace says no more
        return ""
