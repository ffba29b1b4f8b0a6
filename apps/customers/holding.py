"""Holds: while a return or complaint is open, an order is late or a score was low, nobody is sold anything.

They open and close by what happens, whatever the order in which the news comes; the owner lifts them by hand. One
that nobody closes ends by itself, for not every shop says that a return was settled. The gate asks for those that
stand (`mail.asking.STANDING`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

import msgspec
from django.db.models import Q

from apps.core import db
from apps.customers.models import Customer, Hold
from apps.events import kinds
from apps.events.listeners import Told, listens

LASTS: Final = {
    Hold.Kind.RETURN: timedelta(days=90),
    Hold.Kind.DELAY: timedelta(days=60),
    Hold.Kind.SCORE: timedelta(days=30),
}
"""How long a hold stands when nobody closes it; a complaint stands until somebody does."""

OPENS: Final = {
    kinds.RETURN_OPENED: Hold.Kind.RETURN,
    kinds.SCORE_LOW: Hold.Kind.SCORE,
    "custom:return.opened": Hold.Kind.RETURN,
    "custom:complaint.opened": Hold.Kind.COMPLAINT,
    "custom:delivery.delayed": Hold.Kind.DELAY,
}
"""Events, by kind or as `custom:<name>`, and the hold they begin."""

CLOSES: Final = {
    kinds.RETURN_CLOSED: Hold.Kind.RETURN,
    kinds.ORDER_REFUNDED: Hold.Kind.RETURN,
    kinds.ORDER_FULFILLED: Hold.Kind.DELAY,
    kinds.ORDER_DELIVERED: Hold.Kind.DELAY,
    kinds.ORDER_CANCELLED: Hold.Kind.DELAY,
    "custom:return.closed": Hold.Kind.RETURN,
    "custom:complaint.closed": Hold.Kind.COMPLAINT,
    "custom:delivery.delivered": Hold.Kind.DELAY,
}

# Whoever hears of the end first leaves a row that is over, so that a late beginning opens nothing.
_LEAVES_A_ROW: Final = frozenset(
    {kinds.RETURN_CLOSED, "custom:return.closed", "custom:complaint.closed", "custom:delivery.delivered"}
)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A hold that begins or ends. `subject` '' is about the person, `order:<id>` about that order alone."""

    store_id: int
    customer_id: int
    kind: str
    subject: str
    at: datetime
    leaves_row: bool = False


_OPEN = """
INSERT INTO customers_hold AS h (store_id, customer_id, kind, subject, began_at, ends_at)
SELECT t.store_id, t.customer_id, t.kind, t.subject, t.began_at, t.ends_at
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[])
    AS t(store_id, customer_id, kind, subject, began_at, ends_at)
ON CONFLICT (store_id, customer_id, kind, subject) DO UPDATE
    SET began_at = excluded.began_at, ends_at = excluded.ends_at
WHERE h.ends_at < excluded.began_at
"""

_CLOSE = """
UPDATE customers_hold h SET ends_at = t.at
FROM (
    SELECT c.store_id, c.customer_id, c.kind, c.subject, max(c.at) AS at
    FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[])
        AS c(store_id, customer_id, kind, subject, at)
    GROUP BY 1, 2, 3, 4
) AS t
WHERE h.store_id = t.store_id AND h.customer_id = t.customer_id AND h.kind = t.kind AND h.began_at <= t.at
    AND (h.ends_at IS NULL OR h.ends_at > t.at) AND (t.subject = '' OR h.subject IN ('', t.subject))
"""

_KEEP_END = """
INSERT INTO customers_hold (store_id, customer_id, kind, subject, began_at, ends_at)
SELECT t.store_id, t.customer_id, t.kind, t.subject, t.at, t.at
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[])
    AS t(store_id, customer_id, kind, subject, at)
ON CONFLICT DO NOTHING
"""


def listen() -> None:
    """Hear whatever begins or ends a hold."""
    plain = {kind for kind in (*OPENS, *CLOSES) if not kind.startswith("custom:")}
    listens(*sorted(plain), kinds.CUSTOM)(on_happened)


def on_happened(events: Sequence[Told], _at: datetime) -> None:
    """Open and close in the order in which it happened; whatever stands side by side in one statement."""
    told = [(event, word) for event in events if event.customer_id is not None and (word := _word(event))]
    for opens, group in groupby(told, key=lambda one: one[1] in OPENS):
        families = OPENS if opens else CLOSES
        changes = [_change(event, families[word], word) for event, word in group]
        (open_holds if opens else close_holds)(changes)


def _word(event: Told) -> str:
    """The event's name in the tables above, '' if it is in neither."""
    word = f"custom:{event.data.get('name')}" if event.kind == kinds.CUSTOM else event.kind
    return word if word in OPENS or word in CLOSES else ""


def _change(event: Told, kind: Hold.Kind, word: str) -> Change:
    assert event.customer_id is not None
    return Change(
        store_id=event.store_id,
        customer_id=event.customer_id,
        kind=kind.value,
        subject=event.subject if event.subject.startswith("order:") else "",
        at=event.occurred_at,
        leaves_row=word in _LEAVES_A_ROW,
    )


def open_holds(changes: Sequence[Change]) -> None:
    """Begin these; one that stands goes on, one that ended later than this beginning stays ended."""
    # Told twice in one batch: the first beginning counts.
    first = {(one.store_id, one.customer_id, one.kind, one.subject): one for one in reversed(changes)}
    if first:
        rows = list(first.values())
        db.run(_OPEN, [*_columns(rows), [_ends(row) for row in rows]])


def _ends(change: Change) -> datetime | None:
    lasts = LASTS.get(Hold.Kind(change.kind))
    return None if lasts is None else change.at + lasts


def close_holds(changes: Sequence[Change]) -> None:
    """End these at their moments; what began later stays."""
    if changes:
        db.run(_CLOSE, _columns(changes))
    kept = [change for change in changes if change.leaves_row]
    if kept:
        db.run(_KEEP_END, _columns(kept))


def _columns(changes: Iterable[Change]) -> list[list[object]]:
    rows = list(changes)
    return [[getattr(row, name) for row in rows] for name in ("store_id", "customer_id", "kind", "subject", "at")]


def standing(customer: Customer, at: datetime) -> list[Hold]:
    """What keeps promotions from this person at this moment, the oldest first."""
    began = Hold.objects.of(customer.store_id).filter(customer=customer, began_at__lte=at)
    return list(began.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=at)).order_by("began_at", "pk"))


def lift(hold: Hold, at: datetime) -> None:
    """The owner ends it now."""
    Hold.objects.of(hold.store_id).filter(pk=hold.pk).update(ends_at=max(at, hold.began_at))
