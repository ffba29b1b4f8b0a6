"""How the tests ask a pretended WooCommerce shop, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from apps.stores.platforms.base import ShopFacts, platforms
from apps.stores.platforms.calling import Noun, Page
from apps.stores.platforms.woocommerce import fetching
from apps.stores.snapshots import OrderSeen, Snapshot
from tests.shops.woocommerce import WooCommerceShop

FACTS = ShopFacts(currency="EUR", language="nl", country="NL", url="https://shop.example")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
woocommerce = platforms.get("woocommerce")


def page(shop: WooCommerceShop, what: Noun, *, since: datetime | None = None, cursor: str = "") -> Page:
    return woocommerce.fetch(shop.access(), FACTS, what, since=since, cursor=cursor)


def walk(shop: WooCommerceShop, what: Noun, *, since: datetime | None = None, how: str = "fetch") -> Iterator[Page]:
    cursor = ""
    for _ in range(60):
        told: Page = getattr(woocommerce, how)(shop.access(), FACTS, what, since=since, cursor=cursor)
        yield told
        cursor = told.cursor
        if not cursor:
            return
    raise AssertionError("the pages never end")


def ids(seen: list[Snapshot], kind: type = OrderSeen) -> list[str]:
    return [one.external_id for one in seen if isinstance(one, kind)]  # type: ignore[attr-defined]


def all_of(pages: Iterator[Page], kind: type = OrderSeen) -> list[str]:
    return [number for told in pages for number in ids(list(told.seen), kind)]


def small(monkeypatch: pytest.MonkeyPatch, size: int = 4) -> None:
    for noun in fetching.SIZES:
        monkeypatch.setitem(fetching.SIZES, noun, size)
