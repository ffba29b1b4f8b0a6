"""Products as the shop tells of them, and what the owner adds that no news touches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.shopkeeping import Shop

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def tells(shop: Shop, at: datetime, **facts: Any) -> Any:
    """The shop speaks of its teapot."""
    from apps.catalog import recording
    from apps.catalog.models import Product
    from apps.stores.snapshots import ProductSeen

    values: dict[str, Any] = {"external_id": "7", "title": "Theepot", "price": Decimal("24.95"), "currency": "EUR"}
    seen = ProductSeen(at=at, **(values | facts))
    recording.record([recording.ProductNews(store_id=shop.store.pk, arrived_at=at, seen=seen)], {})
    return Product.objects.of(shop.store).get(external_id="7")


def test_what_mails_ask_of_a_product_stands_in_columns(shop: Shop) -> None:
    pot = tells(
        shop, NOON, handle="theepot", regular_price=Decimal("29.95"), in_stock=True, stock=Decimal(3),
        categories=("Thee", "Potten"), tags=("steengoed",), rating=Decimal("4.5"), rating_count=12, related=("8", "9"),
    )  # fmt: skip

    assert (pot.handle, pot.regular_price, pot.stock) == ("theepot", Decimal("29.95"), Decimal(3))
    assert (pot.categories, pot.tags, pot.related) == (["Thee", "Potten"], ["steengoed"], ["8", "9"])
    assert (pot.rating, pot.rating_count) == (Decimal("4.5"), 12)


def test_the_owners_words_survive_the_shops_news(shop: Shop) -> None:
    pot = tells(shop, NOON)
    pot.short_name, pot.excluded, pot.how_to, pot.life_days_min, pot.life_days_max = (
        "Pot",
        True,
        "Spoel hem om.",
        90,
        180,
    )
    pot.save()

    pot = tells(shop, NOON + HOUR, title="Theepot, nu in blauw")

    assert (pot.title, pot.short_name, pot.excluded, pot.how_to) == (
        "Theepot, nu in blauw",
        "Pot",
        True,
        "Spoel hem om.",
    )
    assert pot.life == (timedelta(days=90), timedelta(days=180))


def test_a_price_that_changes_leaves_the_old_one_behind(shop: Shop) -> None:
    tells(shop, NOON)
    pot = tells(shop, NOON + HOUR, price=Decimal("19.95"))
    assert (pot.price, pot.price_before, pot.price_changed_at) == (Decimal("19.95"), Decimal("24.95"), NOON + HOUR)

    same = tells(shop, NOON + 2 * HOUR, price=Decimal("19.95"), title="Pot")
    assert (same.price_before, same.price_changed_at) == (Decimal("24.95"), NOON + HOUR)

    dollars = tells(shop, NOON + 3 * HOUR, price=Decimal("19.95"), currency="USD")
    assert (dollars.price_before, dollars.price_changed_at) == (None, NOON + 3 * HOUR)


def test_late_news_changes_nothing(shop: Shop) -> None:
    tells(shop, NOON + HOUR, price=Decimal("19.95"))

    pot = tells(shop, NOON, price=Decimal("24.95"))

    assert (pot.price, pot.price_before) == (Decimal("19.95"), None)


def test_news_without_stars_takes_none_away(shop: Shop) -> None:
    tells(shop, NOON, rating=Decimal(4), rating_count=3)

    assert tells(shop, NOON + HOUR).rating_count == 3


@pytest.mark.parametrize("strange", [{"rating": Decimal("1e9")}, {"rating_count": 10**12}, {"stock": Decimal("1e30")}])
def test_strange_numbers_spoil_no_batch(shop: Shop, strange: dict[str, Any]) -> None:
    assert tells(shop, NOON, **strange).title == "Theepot"


def test_a_measured_life_counts_from_twenty_repeats(shop: Shop) -> None:
    pot = tells(shop, NOON)
    pot.gap_days, pot.gap_count = Decimal(30), 19
    assert pot.life is None

    pot.gap_count = 20

    assert pot.life == (timedelta(days=30), None)
