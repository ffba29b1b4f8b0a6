"""The keys of a shop, opened for a call, and what became of the call."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec
from django.conf import settings

from apps.core import db
from apps.core.secrets import SealBroken, seal, unseal
from apps.stores.errors import AccessRefused, ShopTrouble, ShopUnreachable
from apps.stores.platforms.calling import Access, Report, Token
from apps.stores.troubles import Trouble

LEASE_SECONDS: Final = 20
WAIT_SECONDS: Final = 15.0
LONGEST_PAUSE: Final = timedelta(minutes=15)

_OPEN = """
SELECT s.id, s.key, s.url, s.shop_domain, c.credentials_sealed
FROM stores_store s JOIN stores_connection c ON c.store_id = s.id
WHERE s.id = %s AND c.credentials_sealed <> ''
"""


def access_of(store_id: int) -> Access:
    """What it takes to call this shop. Raises AccessRefused when we have no keys, or none that open."""
    found = db.rows(_OPEN, [store_id])
    if not found:
        raise AccessRefused(Trouble.NO_KEYS)
    _, key, url, shop_domain, sealed = found[0]
    try:
        plain = unseal(sealed, bound_to=f"{key}/credentials")
    except SealBroken:
        # Sealed with a key that is gone from FIELD_KEYS: to the owner it is as if there were none.
        raise AccessRefused(Trouble.NO_KEYS) from None
    return Access(
        store_id=store_id,
        url=url,
        shop_domain=shop_domain,
        credentials=msgspec.json.decode(plain, type=dict[str, str]),
        loopback=settings.ENV.allow_loopback_shops,
        tokens=StoredToken(store_id=store_id, key=key),
    )


_KEEP = """
INSERT INTO stores_connection AS c (store_id, way, credentials_sealed, token_sealed, trouble, trouble_values, failures,
    report)
VALUES (%s, %s, %s, '', '', '{}', 0, '{}')
ON CONFLICT (store_id) DO UPDATE SET way = excluded.way, credentials_sealed = excluded.credentials_sealed,
    token_sealed = '', token_expires_at = NULL, token_lease_until = NULL, trouble = '', trouble_values = '{}',
    trouble_since = NULL, failures = 0, paused_until = NULL
"""


def keep_credentials(store_id: int, key: str, way: str, credentials: Mapping[str, str]) -> None:
    """These keys from now on; a lent token and the troubles of the old ones go."""
    plain = msgspec.json.encode(dict(credentials)).decode()
    db.run(_KEEP, [store_id, way, seal(plain, bound_to=f"{key}/credentials")])


def forget_credentials(store_id: int) -> None:
    """The shop is disconnected: nothing is left to call it with."""
    db.run(
        "UPDATE stores_connection SET credentials_sealed = '', token_sealed = '', token_expires_at = NULL,"
        " token_lease_until = NULL WHERE store_id = %s",
        [store_id],
    )


_TROUBLED = """
UPDATE stores_connection SET trouble = %(trouble)s::text, trouble_values = %(values)s::jsonb,
    failures = failures + 1,
    trouble_since = CASE WHEN trouble = %(trouble)s::text THEN trouble_since ELSE %(at)s::timestamptz END,
    paused_until = %(at)s::timestamptz + least(%(pause)s::interval * (failures + 1), %(longest)s::interval)
WHERE store_id = %(store)s
"""


def note_trouble(store_id: int, trouble: ShopTrouble, at: datetime) -> None:
    """Remember what is wrong, for the owner and for the pause before we ask again."""
    db.run(
        _TROUBLED,
        {
            "trouble": trouble.trouble.value,
            "values": msgspec.json.encode(trouble.values).decode(),
            "pause": trouble.retry_after or timedelta(minutes=5),
            "longest": LONGEST_PAUSE,
            "at": at,
            "store": store_id,
        },
    )


def note_answer(store_id: int, at: datetime) -> None:
    """The shop answered: whatever was wrong with the connection is over."""
    db.run(
        "UPDATE stores_connection SET answered_at = %s, trouble = '', trouble_values = '{}', trouble_since = NULL,"
        " failures = 0, paused_until = NULL WHERE store_id = %s",
        [at, store_id],
    )


def note_report(store_id: int, report: Report, at: datetime) -> None:
    """Keep what installing or auditing found."""
    db.run(
        "UPDATE stores_connection SET report = %s::jsonb, audited_at = %s,"
        " connected_at = coalesce(connected_at, %s) WHERE store_id = %s",
        [msgspec.json.encode(report).decode(), at, at, store_id],
    )


_LEASE = """
UPDATE stores_connection SET token_lease_until = clock_timestamp() + make_interval(secs => %s)
WHERE store_id = %s AND (token_lease_until IS NULL OR token_lease_until < clock_timestamp())
RETURNING token_sealed
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredToken:
    """A lent key in its row, sealed. Renewed by one process at a time, without holding a transaction open."""

    store_id: int
    key: str

    def current(self) -> Token | None:
        found = db.rows("SELECT token_sealed FROM stores_connection WHERE store_id = %s", [self.store_id])
        return self._opened(found[0][0]) if found and found[0][0] else None

    def renew(self, make: Callable[[], Token], *, instead_of: Token | None) -> Token:
        stop = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < stop:
            leased = db.rows(_LEASE, [LEASE_SECONDS, self.store_id])
            if leased:
                return self._renewed(make, instead_of, leased[0][0])
            time.sleep(0.1)
            token = self.current()
            if token is not None and (instead_of is None or token.value != instead_of.value):
                return token
        raise ShopUnreachable(Trouble.TIMED_OUT, retry_after=timedelta(minutes=1), seconds=f"{WAIT_SECONDS:g}")

    def _renewed(self, make: Callable[[], Token], instead_of: Token | None, sealed: str) -> Token:
        try:
            kept = self._opened(sealed) if sealed else None
            if kept is not None and (instead_of is None or kept.value != instead_of.value):
                # Somebody else was faster between our look and our lease.
                return kept
            token = make()
            db.run(
                "UPDATE stores_connection SET token_sealed = %s, token_expires_at = %s WHERE store_id = %s",
                [self._sealed(token), token.expires_at, self.store_id],
            )
            return token
        finally:
            db.run("UPDATE stores_connection SET token_lease_until = NULL WHERE store_id = %s", [self.store_id])

    def _sealed(self, token: Token) -> str:
        return seal(msgspec.json.encode(token).decode(), bound_to=f"{self.key}/token")

    def _opened(self, sealed: str) -> Token:
        return msgspec.json.decode(unseal(sealed, bound_to=f"{self.key}/token"), type=Token)
