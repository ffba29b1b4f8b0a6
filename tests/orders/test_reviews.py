"""What buyers wrote: kept once, counted only when approved, forgotten with its writer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.shopkeeping import ADA, Shop

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def writes(shop: Shop, number: str = "31", at: datetime = NOON, **said: Any) -> None:
    """A review as the shop tells of it."""
    from django.db import transaction

    from apps.ingestion.recording import News, record
    from apps.stores.snapshots import Person, ReviewSeen

    values: dict[str, Any] = {
        "product": "13", "rating": 5, "person": Person(email=ADA.email), "author": "Ada", "text": "Mooie pot",
        "verified": True, "written_at": at,
    }  # fmt: skip
    seen = ReviewSeen(external_id=number, at=at, **(values | said))
    with transaction.atomic():
        record([News(store_id=shop.store.pk, arrived_at=at, seen=seen)], at)


def review(shop: Shop) -> Any:
    from apps.orders.models import Review

    return Review.objects.of(shop.store).get()


def test_a_review_knows_its_writer_and_its_newest_words(shop: Shop) -> None:
    shop.places_order(ADA)
    writes(shop)
    writes(shop, at=NOON + HOUR, text="Toch een barst", rating=2)
    writes(shop, at=NOON, text="Mooie pot")

    found = review(shop)

    assert (found.customer, found.rating, found.text) == (shop.customer(ADA), 2, "Toch een barst")


def test_writing_a_review_makes_nobody_a_customer(shop: Shop) -> None:
    from apps.customers.models import Customer

    writes(shop)

    assert (review(shop).customer, Customer.objects.of(shop.store).count()) == (None, 0)
    assert review(shop).email_key == ADA.email


def test_only_approved_reviews_count(shop: Shop) -> None:
    from apps.catalog.models import Product
    from apps.orders.reviews import ratings

    Product.objects.create(store=shop.store, external_id="13")
    writes(shop, "1", rating=5)
    writes(shop, "2", rating=4)
    writes(shop, "3", rating=1, approved=False)
    writes(shop, "4", rating=None)

    found = ratings(shop.store.pk, ["13", "14"])

    assert list(found) == ["13"]
    assert (found["13"].average, found["13"].count) == (Decimal("4.5"), 2)


def test_the_shops_own_count_stands_where_we_know_only_a_few(shop: Shop) -> None:
    from apps.catalog.models import Product
    from apps.orders.reviews import ratings

    Product.objects.create(store=shop.store, external_id="13", rating=Decimal("3.9"), rating_count=120)
    Product.objects.create(store=shop.store, external_id="14", rating=Decimal("0.0"), rating_count=0)
    writes(shop, rating=5)

    found = ratings(shop.store.pk, ["13", "14"])

    assert list(found) == ["13"]
    assert (found["13"].average, found["13"].count) == (Decimal("3.9"), 120)


def test_a_forgotten_writer_leaves_only_the_stars(shop: Shop) -> None:
    from apps.core.following import Erasing, erase_everything

    writes(shop)

    erase_everything(Erasing(store_id=shop.store.pk, at=NOON, addresses=(ADA.email,)))

    left = review(shop)
    assert (left.email_key, left.author, left.text, left.rating) == (None, "", "", 5)


def test_late_news_of_a_forgotten_writer_names_nobody(shop: Shop) -> None:
    from apps.customers import erasure

    shop.places_order(ADA)
    erasure.erase_now(shop.store.pk, shop.customer(ADA).pk, at=NOON)

    writes(shop, at=NOON + HOUR)

    left = review(shop)
    assert (left.email_key, left.customer, left.author, left.text) == (None, None, "", "")
