"""What else somebody may like: bought together, by the same people, the shop's own choice, then what sells.

Only what can be had and may be shown: in stock, published, not excluded; and nothing this person has already.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal

import msgspec

from apps.core import db


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One question: what goes with these products (external ids, variants too) for this person?"""

    key: int
    """The asker's own number, under which the answer comes back."""
    products: tuple[str, ...]
    customer_id: int | None = None


class Suggestion(msgspec.Struct, frozen=True, kw_only=True):
    """One product that fits, as a mail shows it. `rating` only where buyers gave one."""

    product: str
    title: str
    short_name: str
    url: str
    image: str
    price: Decimal | None
    currency: str
    rating: Decimal | None
    rating_count: int
    why: str
    """`order`, `person`, `related` or `category`."""


_SUGGEST = """
WITH asked AS (
    SELECT DISTINCT a.key, a.customer, coalesce(nullif(p.parent, ''), a.product) AS product
    FROM unnest(%(keys)s::int[], %(customers)s::bigint[], %(products)s::text[]) AS a(key, customer, product)
    LEFT JOIN catalog_product p ON p.store_id = %(store)s AND p.external_id = a.product
), people AS (
    SELECT DISTINCT customer FROM asked WHERE customer IS NOT NULL
), owned AS (
    SELECT DISTINCT o.customer_id AS customer,
        coalesce(nullif(p.parent, ''), nullif(v.parent, ''), l.product) AS product
    FROM people w JOIN orders_order o ON o.customer_id = w.customer AND o.store_id = %(store)s AND o.silences
        AND o.stage NOT IN ('cancelled', 'refunded')
    JOIN orders_orderline l ON l.order_id = o.id
    LEFT JOIN catalog_product p ON p.store_id = o.store_id AND p.external_id = l.product AND l.product <> ''
    LEFT JOIN catalog_product v ON v.store_id = o.store_id AND v.external_id = l.variant AND l.product = ''
), offered AS (
    SELECT a.key, a.customer, c.other AS product, CASE c.kind WHEN 'order' THEN 1 ELSE 2 END AS tier,
        c.kind AS why, c.confidence AS weight
    FROM asked a JOIN catalog_pairing c ON c.store_id = %(store)s AND c.product = a.product
  UNION ALL
    SELECT a.key, a.customer, r.product, 3, 'related', -r.place::numeric
    FROM asked a JOIN catalog_product q ON q.store_id = %(store)s AND q.external_id = a.product
    CROSS JOIN LATERAL jsonb_array_elements_text(q.related) WITH ORDINALITY AS r(product, place)
  UNION ALL
    SELECT a.key, a.customer, b.external_id, 4, 'category', b.sold
    FROM asked a JOIN catalog_product q ON q.store_id = %(store)s AND q.external_id = a.product
    CROSS JOIN LATERAL (
        SELECT x.external_id, x.sold FROM catalog_product x
        WHERE x.store_id = %(store)s AND x.parent = '' AND x.sold > 0
          AND x.categories ?| ARRAY(SELECT jsonb_array_elements_text(q.categories))
        ORDER BY x.sold DESC, x.external_id LIMIT 50
    ) AS b
), best AS (
    SELECT DISTINCT ON (f.key, f.product) f.* FROM offered f
    WHERE NOT EXISTS (SELECT 1 FROM asked a WHERE a.key = f.key AND a.product = f.product)
      AND NOT EXISTS (SELECT 1 FROM owned w WHERE w.customer = f.customer AND w.product = f.product)
    ORDER BY f.key, f.product, f.tier, f.weight DESC
), placed AS (
    SELECT b.key, b.why, p.*, row_number() OVER (PARTITION BY b.key ORDER BY b.tier, b.weight DESC, p.external_id)
        AS place
    FROM best b JOIN catalog_product p ON p.store_id = %(store)s AND p.external_id = b.product
    WHERE p.parent = '' AND p.gone_at IS NULL AND NOT p.excluded AND p.in_stock IS NOT FALSE AND p.url <> ''
      AND p.title <> '' AND lower(p.status) IN ('', 'publish', 'published', 'active')
)
SELECT key, external_id, title, short_name, url, image, price, currency,
    CASE WHEN rating_count > 0 AND rating > 0 THEN rating END, coalesce(rating_count, 0), why
FROM placed WHERE place <= %(most)s ORDER BY key, place
"""


def suggest_all(store_id: int, wanted: Sequence[Wanted], most: int) -> dict[int, list[Suggestion]]:
    """At most so many suggestions for each question, the best first, all in one statement."""
    asked = [(one.key, one.customer_id, product) for one in wanted for product in one.products]
    answers: dict[int, list[Suggestion]] = {one.key: [] for one in wanted}
    if not asked:
        return answers
    found = db.rows(
        _SUGGEST,
        {
            "store": store_id,
            "keys": [row[0] for row in asked],
            "customers": [row[1] for row in asked],
            "products": [row[2] for row in asked],
            "most": most,
        },
    )
    for row in found:
        answers[row[0]].append(_suggestion(row))
    return answers


def suggest(store_id: int, products: Collection[str], *, owned_by: int | None, most: int) -> list[Suggestion]:
    """What goes with these products, leaving out what this customer has."""
    return suggest_all(store_id, [Wanted(key=0, products=tuple(products), customer_id=owned_by)], most)[0]


def _suggestion(row: tuple) -> Suggestion:  # type: ignore[type-arg]
    return Suggestion(
        product=row[1],
        title=row[2],
        short_name=row[3],
        url=row[4],
        image=row[5],
        price=row[6],
        currency=row[7],
        rating=row[8],
        rating_count=row[9],
        why=row[10],
    )
