"""No more mail to an address."""

from __future__ import annotations

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
