"""The webhook secrets of a store, and the keyring with which the door checks signatures."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q, QuerySet

from apps.core import db
from apps.core.secrets import SealBroken, unseal
from apps.stores.models import Store, StoreSecret
from apps.stores.platforms.base import Keyring

GRACE: Final = timedelta(days=7)
"""How long an older secret still opens after a new one came: deliveries under way keep their signature."""
KEPT_SECONDS: Final = 5.0

log = logging.getLogger(__name__)

# One statement, newest secret first; a store without secrets still has its row.
_LOOK: Final = """
SELECT s.id, s.platform, s.shop_domain, s.signature_version,
       array_agg(k.sealed ORDER BY k.created_at DESC, k.id DESC) FILTER (WHERE k.id IS NOT NULL)
  FROM stores_store s
  LEFT JOIN stores_storesecret k
    ON k.store_id = s.id AND (k.retires_at IS NULL OR k.retires_at > clock_timestamp())
 WHERE s.key = %s AND s.platform = %s
 GROUP BY s.id
"""

_RAISE: Final = """
UPDATE stores_store SET signature_version = greatest(signature_version, %s::smallint)
 WHERE key = %s AND platform = %s
"""


@dataclass(slots=True)
class _Known:
    ring: Keyring
    at: float


class Rings:
    """Keyrings by store, a few seconds old at most. Unknown stores are never kept, so a new one works at once."""

    def __init__(self, seconds: float = KEPT_SECONDS) -> None:
        self._seconds = seconds
        self._known: dict[tuple[str, str], _Known] = {}

    def of(self, platform: str, key: str) -> Keyring | None:
        """The keyring of this store; None when there is no such store on this platform."""
        known = self._known.get((platform, key))
        if known is not None and time.monotonic() - known.at < self._seconds:
            return known.ring
        return self.reload(platform, key)

    def reload(self, platform: str, key: str) -> Keyring | None:
        """The keyring as the database has it this moment."""
        ring = load(platform, key)
        if ring is None:
            self._known.pop((platform, key), None)
        else:
            self._known[platform, key] = _Known(ring, time.monotonic())
        return ring

    def raise_version(self, platform: str, key: str, version: int) -> None:
        """The companion has signed with a newer version: older ones are refused from here on.

        Written before the delivery is answered, once in a store's life: a keyring that is read
        anew must not lead back.
        """
        db.run(_RAISE, [version, key, platform])
        if known := self._known.get((platform, key)):
            known.ring = replace(known.ring, signature_version=max(version, known.ring.signature_version))

    def forget(self, platform: str, key: str) -> None:
        self._known.pop((platform, key), None)


def load(platform: str, key: str) -> Keyring | None:
    """One query: what is needed to check a signature."""
    found = db.rows(_LOOK, [key, platform])
    if not found:
        return None
    store_id, _, shop_domain, version, sealed = found[0]
    return Keyring(
        store_id=store_id,
        secrets=tuple(opened for token in sealed or () if (opened := _opened(token, key))),
        shop_domain=shop_domain,
        signature_version=version,
    )


def add(store: Store, value: str, at: datetime) -> StoreSecret:
    """A new secret beside the others; those go after a week. Adding the newest again changes nothing."""
    newest = active(store, at).first()
    if newest is not None and newest.value == value:
        return newest
    retiring = StoreSecret.objects.of(store).filter(Q(retires_at__isnull=True) | Q(retires_at__gt=at + GRACE))
    retiring.update(retires_at=at + GRACE)
    secret = StoreSecret.make(store, value)
    secret.save()
    return secret


def add_side_by_side(store: Store, values: list[str]) -> None:
    """Several secrets that all stay: a shop may sign its webhooks with different ones. The first is the newest."""
    for value in reversed(values):
        StoreSecret.make(store, value).save()


def newest(store: Store, at: datetime) -> str:
    """The secret a shop signs with now, '' if it has none."""
    secret = active(store, at).first()
    return secret.value if secret else ""


def active(store: Store, at: datetime) -> QuerySet[StoreSecret]:
    """The secrets that open at this moment, newest first."""
    return StoreSecret.objects.of(store).filter(Q(retires_at__isnull=True) | Q(retires_at__gt=at))


def _opened(token: str, key: str) -> str:
    try:
        return unseal(token, bound_to=f"{key}/webhook")
    except SealBroken as broken:
        # The other secrets may still open; doctor reports the broken one.
        log.error("a webhook secret cannot be read: %s", broken)  # noqa: TRY400  the trace says no more
        return ""
