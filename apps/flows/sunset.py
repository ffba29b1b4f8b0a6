"""Leaving people in peace who showed no sign of life for long, and taking that back when they do.

An ordinary suppression of marketing, so that everything that respects those respects this one. It alone is taken back
by itself: by an order, a click, an answer or a yes of that person, or when its days are over. What a person asked for
is never taken back by us.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from apps.consent.suppressing import suppress_marketing
from apps.core import db, retention
from apps.events import kinds
from apps.events.listeners import Told, listens

REASON: Final = "sunset"
FOR_GOOD: Final = "sunset"
UNTIL: Final = "sunset until "
SIGNS_OF_LIFE: Final = (kinds.ORDER_PLACED, kinds.MAIL_CLICKED, kinds.SURVEY_ANSWERED, kinds.CONSENT_CHANGED)

_LIFT = """
UPDATE consent_suppression x SET lifted_at = %(at)s
FROM customers_customer p, unnest(%(people)s::bigint[], %(moments)s::timestamptz[]) AS t(customer_id, moment)
WHERE p.id = t.customer_id AND x.store_id = p.store_id AND x.address_hash = p.address_hash
    AND x.reason = 'sunset' AND x.scope = 'marketing' AND x.lifted_at IS NULL AND x.at <= t.moment
"""

_OVER = """
UPDATE consent_suppression x SET lifted_at = %(at)s WHERE x.id IN (
    SELECT id FROM consent_suppression WHERE reason = 'sunset' AND lifted_at IS NULL
        AND starts_with(origin, 'sunset until ') AND substr(origin, 14)::timestamptz <= %(at)s
    ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
"""


def leave_in_peace(days: Mapping[int, int | None], at: datetime) -> int:
    """Suppress marketing to these people (for so many days at most); returns for how many that is news."""
    origins = {
        customer: FOR_GOOD if length is None else f"{UNTIL}{at + timedelta(days=length):%Y-%m-%dT%H:%M:%S%z}"
        for customer, length in days.items()
    }
    return suppress_marketing(origins, reason=REASON, at=at)


def listen() -> None:
    """Hear whoever turns out to be there."""
    listens(*SIGNS_OF_LIFE)(on_life)


def on_life(events: Sequence[Told], at: datetime) -> None:
    seen = {
        event.customer_id: event.occurred_at for event in events if event.customer_id is not None and _is_a_sign(event)
    }
    if seen:
        db.run(_LIFT, {"at": at, "people": list(seen), "moments": list(seen.values())})


def _is_a_sign(event: Told) -> bool:
    """A no is a word too, but not one that asks for mail."""
    return event.kind != kinds.CONSENT_CHANGED or event.data.get("state") == "granted"


@retention.rule("sunset suppressions whose days are over", keep="0")
def lift_over(before: datetime, limit: int) -> int:
    """Take back those whose days are over."""
    return db.run(_OVER, {"at": before, "limit": limit})
