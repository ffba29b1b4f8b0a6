"""No more mail to an address."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from apps.core import db
from apps.events import kinds
from apps.events.log import Happened, append

_WHO = """
SELECT id FROM customers_customer WHERE store_id = %s AND address_hash = %s ORDER BY id FOR NO KEY UPDATE
"""

_SUPPRESS = """
INSERT INTO consent_suppression AS s (store_id, address_hash, scope, reason, at, origin)
VALUES (%(store)s, %(hash)s, %(scope)s, %(reason)s, %(at)s, %(origin)s)
ON CONFLICT (store_id, address_hash) DO UPDATE SET
    scope = CASE WHEN s.lifted_at IS NULL AND s.scope = 'everything' THEN 'everything' ELSE excluded.scope END,
    reason = excluded.reason, at = excluded.at, origin = excluded.origin, lifted_at = NULL
WHERE s.lifted_at IS NOT NULL OR (s.scope = 'marketing' AND excluded.scope = 'everything')
RETURNING id
"""


def suppress(*, store_id: int, address_hash: bytes, scope: str, reason: str, at: datetime, origin: str = "") -> bool:
    """Suppress an address, in the caller's transaction; True when that is news.

    Locks the person first, as the sender does, so that no mail can slip between.
    """
    people = [row[0] for row in db.rows(_WHO, [store_id, address_hash])]
    values = {"store": store_id, "hash": address_hash, "scope": scope, "reason": reason, "at": at, "origin": origin}
    new = db.rows(_SUPPRESS, values)
    if not new:
        return False
    for customer_id in people or [None]:
        append([_told(values, customer_id, new[0][0])], at)
    return True


_PEOPLE = """
SELECT p.id, p.address_hash FROM customers_customer p
WHERE p.id = ANY(%s::bigint[]) AND p.address_hash IS NOT NULL ORDER BY p.id FOR NO KEY UPDATE
"""

_SUPPRESS_ALL = """
INSERT INTO consent_suppression AS s (store_id, address_hash, scope, reason, at, origin)
SELECT DISTINCT ON (p.store_id, p.address_hash) p.store_id, p.address_hash, 'marketing', %(reason)s, %(at)s, t.origin
FROM unnest(%(people)s::bigint[], %(origins)s::text[]) AS t(id, origin) JOIN customers_customer p ON p.id = t.id
WHERE p.address_hash IS NOT NULL ORDER BY p.store_id, p.address_hash
ON CONFLICT (store_id, address_hash) DO UPDATE SET scope = 'marketing', reason = excluded.reason, at = excluded.at,
    origin = excluded.origin, lifted_at = NULL
WHERE s.lifted_at IS NOT NULL
RETURNING id, store_id, address_hash
"""


def suppress_marketing(origins: Mapping[int, str], *, reason: str, at: datetime) -> int:
    """No more marketing for these people, each with where it came from; returns for how many that is news.

    In the caller's transaction, and locked like `suppress`.
    """
    found = db.rows(_PEOPLE, [sorted(origins)]) if origins else []
    values = {"reason": reason, "at": at, "people": [row[0] for row in found]}
    new = db.rows(_SUPPRESS_ALL, {**values, "origins": [origins[row[0]] for row in found]}) if found else []
    of = {bytes(address_hash): customer for customer, address_hash in found}
    append(
        [
            _told({**values, "store": store, "scope": "marketing"}, of[bytes(address_hash)], row)
            for row, store, address_hash in new
        ],
        at,
    )
    return len(new)


def _told(values: dict[str, Any], customer_id: int | None, row: int) -> Happened:
    at, reason = values["at"], values["reason"]
    return Happened(
        store_id=values["store"],
        customer_id=customer_id,
        subject=f"suppression:{row}",
        kind=kinds.CUSTOMER_UNSUBSCRIBED if reason == "unsubscribed" else kinds.CUSTOMER_SUPPRESSED,
        occurred_at=at,
        source_key=f"{row}:{at:%Y%m%dT%H%M%S.%f}",
        data={"suppression": row, "scope": values["scope"], "reason": reason},
    )


def lift(*, store_id: int, address_hash: bytes, at: datetime) -> bool:
    """The owner takes a suppression back by hand; only marketing ones, never a complaint or a dead address."""
    return bool(
        db.run(
            "UPDATE consent_suppression SET lifted_at = %s"
            " WHERE store_id = %s AND address_hash = %s AND scope = 'marketing' AND lifted_at IS NULL",
            [at, store_id, address_hash],
        )
    )
