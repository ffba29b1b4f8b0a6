"""What keeps an offer from somebody: asked of all at once, in SQL.

**Farming**: whoever leaves baskets to get codes. Either three codes in a year given to one person, or two codes
that were used within an hour of being made after a basket that was left within ten minutes of being begun.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec

from apps.core import db

FARMED_CODES: Final = 3
FARMED_BASKETS: Final = 2
QUICK_BASKET: Final = timedelta(minutes=10)
QUICK_USE: Final = timedelta(hours=1)
YEAR: Final = timedelta(days=365)
BEFORE_A_CODE: Final = timedelta(days=7)
"""A basket this long before a code is the one it answered (three mails in three days, and a night)."""

FARMS = f"""
    (SELECT count(*) FROM offers_code f WHERE f.customer_id = w.customer_id AND f.given_at > %(at)s - %(year)s
        AND f.status IN ('issued', 'redeemed', 'expired', 'withdrawn') AND f.issued_at IS NOT NULL) >= {FARMED_CODES}
    OR (SELECT count(*) FROM offers_code f WHERE f.customer_id = w.customer_id AND f.given_at > %(at)s - %(year)s
        AND f.status = 'redeemed' AND f.redeemed_at <= f.issued_at + %(quick_use)s AND EXISTS (
            SELECT 1 FROM carts_cart c WHERE c.customer_id = f.customer_id AND c.abandoned_at IS NOT NULL
              AND c.last_activity_at <= c.started_at + %(quick_basket)s
              AND c.last_activity_at BETWEEN f.given_at - %(before)s AND f.given_at)) >= {FARMED_BASKETS}
"""
"""Over the alias `w` with a `customer_id`."""

_PEOPLE = f"""
SELECT w.customer_id, cu.erased_at IS NOT NULL,
    (SELECT max(g.given_at) FROM offers_code g WHERE g.customer_id = w.customer_id
        AND g.status <> 'refused' AND (g.status <> 'withdrawn' OR g.issued_at IS NOT NULL)
        AND g.given_at > %(since)s),
    EXISTS (SELECT 1 FROM orders_order o WHERE o.customer_id = w.customer_id AND o.silences)
        OR EXISTS (SELECT 1 FROM orders_order o WHERE o.store_id = cu.store_id AND o.email_key = cu.email_key
            AND o.silences),
    {FARMS}
FROM unnest(%(customers)s::bigint[]) AS w(customer_id)
JOIN customers_customer cu ON cu.id = w.customer_id AND cu.store_id = %(store)s
"""

_SPENT = """
SELECT coalesce(sum(CASE WHEN c.status = 'redeemed' THEN CASE WHEN c.discount_currency = f.currency
            THEN c.discount ELSE c.expected END
        WHEN c.status IN ('wanted', 'issuing', 'issued') THEN c.expected ELSE 0 END)
        FILTER (WHERE c.given_at AT TIME ZONE s.time_zone >= date_trunc('month', %(at)s AT TIME ZONE s.time_zone)), 0),
    count(*) FILTER (WHERE c.status <> 'refused')
FROM offers_offer f JOIN stores_store s ON s.id = f.store_id JOIN offers_code c ON c.offer_id = f.id
WHERE f.id = %(offer)s
"""

_USUAL = """
SELECT avg(o.total) FROM orders_order o WHERE o.store_id = %(store)s AND o.counts AND o.currency = %(currency)s
    AND o.placed_at > %(at)s::timestamptz - interval '90 days'
"""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What speaks against giving this person anything."""

    erased: bool
    given_at: datetime | None
    """When the last code was given, within the shop's pause."""
    ordered: bool
    farms: bool


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What an offer has cost this month, and how many codes there are of it."""

    amount: Decimal
    codes: int


def params(at: datetime) -> dict[str, object]:
    """What `FARMS` asks for."""
    return {
        "at": at, "year": YEAR, "quick_use": QUICK_USE, "quick_basket": QUICK_BASKET, "before": BEFORE_A_CODE,
    }  # fmt: skip


def standings(store_id: int, customers: Sequence[int], *, every: timedelta | None, at: datetime) -> dict[int, Standing]:
    """Of each of these people; whoever is not of this shop is not in it."""
    asked = {"store": store_id, "customers": sorted(set(customers)), "since": at - every if every else at}
    return {
        row[0]: Standing(erased=row[1], given_at=row[2] if every else None, ordered=row[3], farms=row[4])
        for row in db.rows(_PEOPLE, {**params(at), **asked})
    }


def spent(offer_id: int, at: datetime) -> Spent:
    """This calendar month, where the shop is: what was used at its real price, what is still open at its expected."""
    found = db.rows(_SPENT, {"offer": offer_id, "at": at})[0]
    return Spent(amount=found[0], codes=found[1])


def usual_order(store_id: int, currency: str, at: datetime) -> Decimal:
    """The shop's average order of ninety days, 0 when there was none."""
    return db.rows(_USUAL, {"store": store_id, "currency": currency, "at": at})[0][0] or Decimal(0)
