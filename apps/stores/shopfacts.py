"""What translation needs to know of stores, loaded once per batch."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from apps.core import db
from apps.stores.platforms.base import ShopFacts


def facts_of(store_ids: Sequence[int]) -> dict[int, ShopFacts]:
    """The facts of these stores, by id."""
    found = db.rows(
        "SELECT id, currency, language, country, url, shop_domain, order_statuses::text, rules::text"
        " FROM stores_store WHERE id = ANY(%s::bigint[])",
        [list(store_ids)],
    )
    return {row[0]: _facts(row) for row in found}


def _facts(row: tuple) -> ShopFacts:  # type: ignore[type-arg]
    rules = msgspec.json.decode(row[7])
    return ShopFacts(
        currency=row[1],
        language=row[2],
        country=row[3],
        url=row[4],
        shop_domain=row[5],
        order_statuses=msgspec.json.decode(row[6]),
        consent_meta=rules.get("consent_meta") or {},
    )
