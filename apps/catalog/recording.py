"""Products into rows, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from apps.core import db
from apps.core.stamps import stamp
from apps.stores.snapshots import ProductSeen


class ProductNews(msgspec.Struct, frozen=True, kw_only=True):
    """One product on its way in."""

    store_id: int
    arrived_at: datetime
    seen: ProductSeen


_UPSERT = """
INSERT INTO catalog_product AS p (store_id, external_id, parent, title, short_name, url, image, price, currency,
    in_stock, status, data, modified_stamp, gone_at)
SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[],
    %s::text[], %s::numeric[], %s::text[], %s::boolean[], %s::text[], %s::jsonb[], %s::text[], %s::timestamptz[])
ON CONFLICT (store_id, external_id) DO UPDATE SET parent = excluded.parent, title = excluded.title,
    url = excluded.url, image = excluded.image, price = excluded.price, currency = excluded.currency,
    in_stock = excluded.in_stock, status = excluded.status, data = excluded.data,
    modified_stamp = excluded.modified_stamp, gone_at = excluded.gone_at
WHERE excluded.modified_stamp > p.modified_stamp COLLATE "C"
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


def record(news: Sequence[ProductNews], thrown: Mapping[Place, datetime]) -> None:
    """Keep the newest state of each product and variant; what was thrown away after that stays gone."""
    newest: dict[tuple[int, str], tuple[str, ProductSeen]] = {}
    for item in news:
        mark = stamp(item.seen.at or item.arrived_at, item.seen.tie)
        for product in _with_variants(item.seen):
            place = (item.store_id, product.external_id)
            if place not in newest or mark > newest[place][0]:
                newest[place] = (mark, product)
    _write([(place[0], mark, product) for place, (mark, product) in sorted(newest.items())], thrown)


def _with_variants(product: ProductSeen) -> Iterator[ProductSeen]:
    yield product
    yield from product.variants


def _gone_at(thrown: Mapping[Place, datetime], place: Place, mark: str) -> datetime | None:
    moment = thrown.get(place)
    return moment if moment is not None and mark < _last_of(moment) else None


def _write(rows: Sequence[tuple[int, str, ProductSeen]], thrown: Mapping[Place, datetime]) -> None:
    if not rows:
        return
    products = [row[2] for row in rows]
    db.run(
        _UPSERT,
        [
            [row[0] for row in rows],
            [product.external_id for product in products],
            [product.parent for product in products],
            [product.title[:300] for product in products],
            ["" for _ in products],
            [product.url[:2000] for product in products],
            [product.image[:2000] for product in products],
            [product.price for product in products],
            [product.currency for product in products],
            [product.in_stock for product in products],
            [product.status[:20] for product in products],
            [msgspec.json.encode(_more(product)).decode() for product in products],
            [row[1] for row in rows],
            [_gone_at(thrown, (row[0], row[2].external_id), row[1]) for row in rows],
        ],
    )


def _more(product: ProductSeen) -> dict[str, object]:
    """What only recommendations and reviews will ask for."""
    return {
        "handle": product.handle,
        "regular_price": str(product.regular_price) if product.regular_price is not None else None,
        "stock": str(product.stock) if product.stock is not None else None,
        "categories": list(product.categories),
        "tags": list(product.tags),
        "rating": str(product.rating) if product.rating is not None else None,
        "rating_count": product.rating_count,
        "related": list(product.related),
    }
