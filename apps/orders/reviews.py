"""Reviews into rows, a batch at a time; and the ratings that may be shown: real ones only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from apps.core import db
from apps.core.addresses import email_key
from apps.core.stamps import stamp
from apps.events import kinds
from apps.events.log import Happened, append
from apps.stores.snapshots import ReviewSeen

LONGEST = 5_000
NEWS = timedelta(days=30)
"""A review written longer ago is history to us: kept, and nobody is told."""


class ReviewNews(msgspec.Struct, frozen=True, kw_only=True):
    """One review on its way in."""

    store_id: int
    arrived_at: datetime
    seen: ReviewSeen


_COLUMNS = {
    "store_id": "bigint", "external_id": "text", "product": "text", "email_key": "text", "rating": "smallint",
    "text": "text", "author": "text", "verified": "boolean", "approved": "boolean", "written_at": "timestamptz",
    "modified_stamp": "text",
}  # fmt: skip
# Whoever reviews is linked when known as a customer; a review alone makes nobody one.
_UPSERT = f"""
INSERT INTO orders_review AS r ({", ".join(_COLUMNS)}, customer_id)
SELECT {", ".join(f"t.{name}" for name in _COLUMNS)}, cu.id
FROM unnest({", ".join(f"%({name})s::{kind}[]" for name, kind in _COLUMNS.items())}) AS t({", ".join(_COLUMNS)})
LEFT JOIN customers_customer cu ON cu.store_id = t.store_id AND cu.email_key = t.email_key
ON CONFLICT (store_id, external_id) DO UPDATE SET
    {", ".join(f"{name} = excluded.{name}" for name in list(_COLUMNS)[2:])}, customer_id = excluded.customer_id
WHERE excluded.modified_stamp > r.modified_stamp COLLATE "C"
RETURNING store_id, external_id, customer_id, product, rating, written_at, xmax = 0
"""


def record(news: Sequence[ReviewNews]) -> None:
    """Keep the newest state of each review, in the caller's transaction; tell of those that are new to us."""
    newest: dict[tuple[int, str], dict[str, Any]] = {}
    for item in news:
        row = _row(item)
        place = (item.store_id, item.seen.external_id)
        if place not in newest or row["modified_stamp"] > newest[place]["modified_stamp"]:
            newest[place] = row
    rows = [newest[place] for place in sorted(newest)]
    if rows:
        at = max(item.arrived_at for item in news)
        kept = db.rows(_UPSERT, {name: [row[name] for row in rows] for name in _COLUMNS})
        append([_given(row, at) for row in kept if row[-1]], at)


def _given(row: tuple[Any, ...], at: datetime) -> Happened:
    store_id, external_id, customer_id, product, rating, written_at, _new = row
    moment = min(written_at or at, at)
    return Happened(
        store_id=store_id,
        customer_id=customer_id,
        subject=f"product:{product}",
        kind=kinds.REVIEW_GIVEN,
        occurred_at=moment,
        source_key=f"review:{external_id}",
        data={"product": product, "rating": rating, "own": False},
        announced=customer_id is not None and at - moment < NEWS,
    )


def _row(item: ReviewNews) -> dict[str, Any]:
    seen = item.seen
    return {
        "store_id": item.store_id,
        "external_id": seen.external_id[:40],
        "product": seen.product[:40],
        "email_key": email_key(seen.person.email) if seen.person.email else None,
        "rating": seen.rating if seen.rating is not None and 1 <= seen.rating <= 5 else None,
        "text": seen.text[:LONGEST],
        "author": seen.author[:200],
        "verified": seen.verified,
        "approved": seen.approved,
        "written_at": seen.written_at,
        "modified_stamp": stamp(seen.at or item.arrived_at, seen.tie),
    }


class Rating(msgspec.Struct, frozen=True, kw_only=True):
    """What buyers think of a product, on five stars."""

    average: Decimal
    count: int


_RATINGS = """
SELECT p.external_id, coalesce(r.average, p.rating), coalesce(r.count, p.rating_count)
FROM catalog_product p
LEFT JOIN (
    SELECT product, round(avg(rating), 2) AS average, count(*)::int AS count FROM orders_review
    WHERE store_id = %(store)s AND product = ANY(%(products)s::text[]) AND approved AND rating IS NOT NULL
    GROUP BY product
) AS r ON r.product = p.external_id AND r.count >= coalesce(p.rating_count, 0)
WHERE p.store_id = %(store)s AND p.external_id = ANY(%(products)s::text[])
  AND coalesce(r.count, p.rating_count, 0) > 0 AND coalesce(r.average, p.rating) > 0
"""


def ratings(store_id: int, products: Collection[str]) -> dict[str, Rating]:
    """Ratings of these products (external ids) as buyers gave them; a product without reviews is not in it.

    The reviews we know are averaged when they are at least as many as the shop itself counts; else the shop's
    own figures stand, for we may know only the newest.
    """
    found = db.rows(_RATINGS, {"store": store_id, "products": sorted(set(products))})
    return {row[0]: Rating(average=row[1], count=row[2]) for row in found}
