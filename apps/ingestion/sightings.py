"""What a delivery tells of its shop besides its content: that it lives, its version, that it has a companion."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from apps.core import db
from apps.ingestion.refusals import Notebook
from apps.stores.platforms.base import Admitted, Keyring, Request

EVERY_SECONDS: Final = 60.0
VERSION_LENGTH: Final = 40

_SEEN: Final = """
UPDATE stores_store
   SET last_delivery_at = greatest(last_delivery_at, now()),
       shop_version = coalesce(nullif(%s::text, ''), shop_version),
       signature_version = greatest(signature_version, %s::smallint),
       companion_seen_at = CASE WHEN %s::boolean THEN now() ELSE companion_seen_at END
 WHERE id = %s
"""


@dataclass(frozen=True, slots=True)
class _Sight:
    """What was last written of one store, and when."""

    version: str
    signature: int
    companion: bool
    at: float

    def adds_to(self, older: _Sight) -> bool:
        """Whether this says anything the older one did not."""
        return (
            (bool(self.version) and self.version != older.version)
            or self.signature > older.signature
            or (self.companion and not older.companion)
            or self.at - older.at >= EVERY_SECONDS
        )


class Sightings:
    """Writes the store's row when something is new, else at most once a minute; never within a request."""

    def __init__(self, notebook: Notebook) -> None:
        self._notebook = notebook
        self._lock = threading.Lock()
        self._last: dict[int, _Sight] = {}

    def seen(self, ring: Keyring, admitted: Admitted, request: Request) -> None:
        """A delivery of this store was kept."""
        now = _Sight(
            version=admitted.version[:VERSION_LENGTH],
            signature=admitted.signature_version,
            companion="x-rcv-timestamp" in request.headers,
            at=time.monotonic(),
        )
        older = self._last.get(ring.store_id)
        if older is not None and not now.adds_to(older):
            return
        with self._lock:
            merged = now if older is None else _merged(older, now)
            self._last[ring.store_id] = merged
        self._notebook.note(("seen", ring.store_id), partial(_write, ring.store_id, merged))


def _merged(older: _Sight, now: _Sight) -> _Sight:
    # The companion's own deliveries name WordPress, not WooCommerce: no version there forgets none.
    # Past the minute it is asked anew whether the companion still speaks.
    fresh = now.at - older.at >= EVERY_SECONDS
    return replace(
        now,
        version=now.version or older.version,
        signature=max(now.signature, older.signature),
        companion=now.companion or (older.companion and not fresh),
    )


def _write(store_id: int, sight: _Sight) -> None:
    db.run(_SEEN, (sight.version, sight.signature, sight.companion, store_id))
