"""Products that mails speak of, loaded for a whole batch: what goes with what was bought, favourites, news.

Only what can be had and may be shown is suggested: in stock, published, not kept out of mails by the owner.
Ratings are those that buyers gave, or none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec

from apps.catalog.models import COUNTS_FROM
from apps.core import db
from apps.mail.wares import SHOWN, Ware
from apps.orders import reviews, together
from apps.orders.together import Wanted

FEW: Final = Decimal(5)
"""So many left or fewer are worth a word; more is no scarcity."""
SETTLING: Final = timedelta(days=7)
"""What arrives in the first days of a shop's connection is its whole range, not its news."""
_POOL: Final = 3 * SHOWN


class Good(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the catalogue. `buyable`: it can be had and may be shown; `listed`: it also has a page of its own."""

    product: str
    """External id; `parent` is that of its product where this is a variant."""
    parent: str
    title: str
    short_name: str
    url: str
    image: str
    price: Decimal | None
    currency: str
    stock: Decimal | None
    buyable: bool
    listed: bool
    how_to: str
    how_to_url: str
    life_days: int | None

    @property
    def few(self) -> Decimal | None:
        """How many are left, where the shop says so and they are few."""
        return few(self.stock)


def few(stock: Decimal | None) -> Decimal | None:
    """True scarcity only: a number the shop itself gave."""
    return stock if stock is not None and 0 < stock <= FEW else None


_BUYABLE = """p.gone_at IS NULL AND NOT p.excluded AND p.in_stock IS NOT FALSE
    AND lower(p.status) IN ('', 'publish', 'published', 'active')"""
_CAN_BE_HAD = f"{_BUYABLE} AND p.url <> '' AND p.title <> ''"
_GOOD = f"""p.external_id, p.parent, p.title, p.short_name, p.url, p.image, p.price, p.currency, p.stock,
    ({_BUYABLE}), ({_CAN_BE_HAD}), p.how_to, p.how_to_url, CASE WHEN p.life_days_min IS NOT NULL THEN p.life_days_min
        WHEN p.gap_count >= {COUNTS_FROM} THEN round(p.gap_days)::int END"""


def goods(store_ids: Iterable[int], products: Iterable[str]) -> dict[tuple[int, str], Good]:
    """Rows of the catalogue by (store, external id)."""
    ids = sorted({product for product in products if product})
    if not ids:
        return {}
    found = db.rows(
        f"SELECT p.store_id, {_GOOD} FROM catalog_product p"
        " WHERE p.store_id = ANY(%s::bigint[]) AND p.external_id = ANY(%s::text[])",
        [sorted(set(store_ids)), ids],
    )
    return {(row[0], row[1]): _good(row[1:]) for row in found}


def _good(row: tuple) -> Good:  # type: ignore[type-arg]
    return Good(
        product=row[0],
        parent=row[1],
        title=row[2],
        short_name=row[3],
        url=row[4],
        image=row[5],
        price=row[6],
        currency=row[7],
        stock=row[8],
        buyable=row[9],
        listed=row[10],
        how_to=row[11],
        how_to_url=row[12],
        life_days=row[13],
    )


def ware(good: Good, ratings: Mapping[str, reviews.Rating]) -> Ware:
    """A row of the catalogue as a mail shows it."""
    rating = ratings.get(good.parent or good.product)
    return Ware(
        title=good.title,
        short_name=good.short_name,
        url=good.url,
        image=good.image,
        price=good.price,
        currency=good.currency,
        rating=rating.average if rating else None,
        rating_count=rating.count if rating else 0,
        left=good.few,
        how_to=good.how_to,
        how_to_url=good.how_to_url,
        life_days=good.life_days,
    )


def fitting(store_id: int, wanted: Sequence[Wanted]) -> dict[int, list[str]]:
    """What goes with these products, by the asker's key: external ids, the best first."""
    found = together.suggest_all(store_id, wanted, SHOWN)
    return {key: [one.product for one in suggestions] for key, suggestions in found.items()}


_BEST = f"""
SELECT p.external_id FROM catalog_product p
WHERE p.store_id = %s AND p.parent = '' AND p.sold > 0 AND {_CAN_BE_HAD}
ORDER BY p.sold DESC, p.external_id LIMIT {_POOL}
"""


def bestsellers(store_id: int) -> list[str]:
    """What this shop sells most in a year."""
    return [row[0] for row in db.rows(_BEST, [store_id])]


_NEWEST = f"""
SELECT p.external_id, p.first_seen_at FROM catalog_product p JOIN stores_store s ON s.id = p.store_id
WHERE p.store_id = %s AND p.parent = '' AND p.first_seen_at > s.created_at + %s::interval AND {_CAN_BE_HAD}
ORDER BY p.first_seen_at DESC, p.external_id LIMIT {_POOL}
"""


def newest(store_id: int) -> list[tuple[str, datetime]]:
    """What came into this shop lately, the newest first, with its moment."""
    return [(row[0], row[1]) for row in db.rows(_NEWEST, [store_id, SETTLING])]


_OWNED = f"""
SELECT customer_id, product FROM (
    SELECT o.customer_id, coalesce(nullif(v.parent, ''), l.product) AS product,
        row_number() OVER (PARTITION BY o.customer_id ORDER BY count(DISTINCT o.id) DESC, max(o.placed_at) DESC,
            coalesce(nullif(v.parent, ''), l.product)) AS place
    FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id AND l.product <> ''
    LEFT JOIN catalog_product v ON v.store_id = o.store_id AND v.external_id = l.product
    WHERE o.customer_id = ANY(%s::bigint[]) AND o.silences AND o.stage NOT IN ('cancelled', 'refunded')
    GROUP BY 1, 2
) AS t WHERE place <= {5 * SHOWN} ORDER BY customer_id, place
"""


def owned(customer_ids: Iterable[int]) -> dict[int, list[str]]:
    """What these people bought, most often first: external ids of products."""
    found: dict[int, list[str]] = {}
    for customer, product in db.rows(_OWNED, [sorted(set(customer_ids))]):
        found.setdefault(customer, []).append(product)
    return found


def last_orders(customer_ids: Iterable[int]) -> dict[int, datetime]:
    """When these people last ordered."""
    rows = db.rows(
        "SELECT id, last_order_at FROM customers_customer WHERE id = ANY(%s::bigint[]) AND last_order_at IS NOT NULL",
        [sorted(set(customer_ids))],
    )
    return {row[0]: row[1] for row in rows}


def variants(store_ids: Iterable[int], products: Iterable[str]) -> dict[tuple[int, str], str]:
    """The only variant of a product, by (store, product): what a shop that sells variants puts in a basket."""
    found = db.rows(
        "SELECT store_id, parent, min(external_id) FROM catalog_product WHERE store_id = ANY(%s::bigint[])"
        " AND parent = ANY(%s::text[]) AND gone_at IS NULL GROUP BY 1, 2 HAVING count(*) = 1",
        [sorted(set(store_ids)), sorted(set(products))],
    )
    return {(row[0], row[1]): row[2] for row in found}
