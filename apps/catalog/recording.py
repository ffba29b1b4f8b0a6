"""Products into rows, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from apps.core import db
from apps.core.stamps import stamp
from apps.events import kinds
from apps.events.log import Happened
from apps.stores.snapshots import ProductSeen


class ProductNews(msgspec.Struct, frozen=True, kw_only=True):
    """One product on its way in."""

    store_id: int
    arrived_at: datetime
    seen: ProductSeen


_COLUMNS = {
    "store_id": "bigint", "external_id": "text", "parent": "text", "title": "text", "handle": "text", "url": "text",
    "image": "text", "price": "numeric", "regular_price": "numeric", "currency": "text", "in_stock": "boolean",
    "stock": "numeric", "status": "text", "categories": "jsonb", "tags": "jsonb", "brand": "text", "related": "jsonb",
    "rating": "numeric", "rating_count": "int", "price_changed_at": "timestamptz", "modified_stamp": "text",
    "gone_at": "timestamptz",
}  # fmt: skip
_OWNERS = "short_name, excluded, how_to, how_to_url, review_url, gap_count, sold"
"""What the platform never says: empty at first, and left alone for ever."""

# A price that changes leaves the old one behind with its moment: a mail may then show the new one to whoever saw
# the old. A price in another currency is another price.
_CHANGED = "(p.price IS DISTINCT FROM excluded.price OR p.currency <> excluded.currency)"
_SPECIAL = {
    "rating": "coalesce(excluded.rating, p.rating)",
    "rating_count": "coalesce(excluded.rating_count, p.rating_count)",
    "price_changed_at": f"CASE WHEN {_CHANGED} THEN excluded.price_changed_at ELSE p.price_changed_at END",
}
_UPSERT = f"""
INSERT INTO catalog_product AS p ({", ".join(_COLUMNS)}, first_seen_at, {_OWNERS})
SELECT {", ".join(f"t.{name}" for name in _COLUMNS)}, t.price_changed_at, '', false, '', '', '', 0, 0
FROM unnest({", ".join(f"%({name})s::{kind}[]" for name, kind in _COLUMNS.items())})
    AS t({", ".join(_COLUMNS)})
ON CONFLICT (store_id, external_id) DO UPDATE SET
    {", ".join(f"{name} = {_SPECIAL.get(name, f'excluded.{name}')}" for name in list(_COLUMNS)[2:])},
    price_before = CASE WHEN NOT {_CHANGED} THEN p.price_before WHEN p.currency = excluded.currency THEN p.price END
WHERE excluded.modified_stamp > p.modified_stamp COLLATE "C"
"""

# Sold out as far as we knew, and to be had by newer news. What was never known is no return.
_BACK = """
SELECT p.store_id, p.external_id FROM catalog_product p
JOIN unnest(%s::bigint[], %s::text[], %s::text[]) AS t(store_id, external_id, mark) USING (store_id, external_id)
WHERE p.in_stock IS FALSE AND t.mark > p.modified_stamp COLLATE "C"
"""

_HIDE = """
UPDATE catalog_product p SET gone_at = t.at
FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::text[]) AS t(store_id, external_id, at, mark)
WHERE (p.store_id, p.external_id) = (t.store_id, t.external_id) AND p.modified_stamp < t.mark COLLATE "C"
"""

Place = tuple[int, str]
"""(store, the platform's product id)"""


def hide(thrown: Mapping[Place, datetime]) -> None:
    """Mark products as removed that were not changed since."""
    places = sorted(thrown)
    db.run(
        _HIDE,
        [
            [place[0] for place in places],
            [place[1] for place in places],
            [thrown[place] for place in places],
            [_last_of(thrown[place]) for place in places],
        ],
    )


def _last_of(moment: datetime) -> str:
    """Greater than every stamp of this moment, smaller than any of a later one."""
    return stamp(moment, (99, "~"))


def record(news: Sequence[ProductNews], thrown: Mapping[Place, datetime]) -> list[Happened]:
    """Keep the newest state of each product and variant; what was thrown away after that stays gone.

    Returns what is in stock again, for the diary.
    """
    newest: dict[Place, _Newest] = {}
    for item in news:
        at = item.seen.at or item.arrived_at
        mark = stamp(at, item.seen.tie)
        for product in _with_variants(item.seen):
            place = (item.store_id, product.external_id)
            if place not in newest or mark > newest[place].mark:
                newest[place] = _Newest(mark=mark, at=at, seen=product)
    if not newest:
        return []
    again = _back({place: last for place, last in newest.items() if last.seen.in_stock})
    db.run(_UPSERT, _params(sorted(newest.items()), thrown))
    return [_told(place, newest[place]) for place in again]


def _back(offered: Mapping[Place, _Newest]) -> list[Place]:
    """Which of these were sold out until this news."""
    places = sorted(offered)
    if not places:
        return []
    marks = [offered[place].mark for place in places]
    columns = [[store for store, _ in places], [name for _, name in places], marks]
    return [(store, name) for store, name in db.rows(_BACK, columns)]


def _told(place: Place, last: _Newest) -> Happened:
    return Happened(
        store_id=place[0],
        customer_id=None,
        subject=f"product:{place[1]}",
        kind=kinds.PRODUCT_BACK,
        occurred_at=last.at,
        source_key=f"{place[1]}:{last.mark}",
        data={"product": place[1], "parent": last.seen.parent},
    )


class _Newest(msgspec.Struct, frozen=True, kw_only=True, order=False):
    """The last word on one product in a batch."""

    mark: str
    at: datetime
    seen: ProductSeen


def _with_variants(product: ProductSeen) -> Iterator[ProductSeen]:
    yield product
    yield from product.variants


def _gone_at(thrown: Mapping[Place, datetime], place: Place, mark: str) -> datetime | None:
    moment = thrown.get(place)
    return moment if moment is not None and mark < _last_of(moment) else None


def _params(found: Sequence[tuple[Place, _Newest]], thrown: Mapping[Place, datetime]) -> dict[str, list[Any]]:
    rows = [_row(place, last, thrown) for place, last in found]
    return {name: [row[name] for row in rows] for name in _COLUMNS}


def _row(place: Place, last: _Newest, thrown: Mapping[Place, datetime]) -> dict[str, Any]:
    """One product's columns, cut to what they hold: shops send titles of ten thousand letters."""
    seen = last.seen
    return {
        "store_id": place[0],
        "external_id": seen.external_id,
        "parent": seen.parent,
        "title": seen.title[:300],
        "handle": seen.handle[:255],
        "url": seen.url[:2000],
        "image": seen.image[:2000],
        "price": seen.price,
        "regular_price": seen.regular_price,
        "currency": seen.currency,
        "in_stock": seen.in_stock,
        "stock": seen.stock if seen.stock is not None and abs(seen.stock) < 10**9 else None,
        "status": seen.status[:20],
        "categories": _words(seen.categories),
        "tags": _words(seen.tags),
        "brand": seen.brand[:120],
        "related": _words(seen.related),
        "rating": seen.rating if seen.rating is not None and 0 <= seen.rating <= 5 else None,
        "rating_count": min(max(seen.rating_count, 0), 10**9) if seen.rating_count is not None else None,
        "price_changed_at": last.at,
        "modified_stamp": last.mark,
        "gone_at": _gone_at(thrown, place, last.mark),
    }


def _words(words: Sequence[str]) -> str:
    return msgspec.json.encode([word[:200] for word in words[:200]]).decode()
