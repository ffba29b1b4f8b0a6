"""What the orders say of products, held against counting by hand."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise, permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as examples
from hypothesis import strategies as st

from tests.shopkeeping import Shop

AT = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)
Bought = tuple[int, int, tuple[str, ...]]
"""(person, days ago, products)"""


def sells(shop: Shop, bought: list[Bought]) -> dict[int, int]:
    """Orders as they stand in the books; returns the customers by their number in the story."""
    from apps.customers.models import Customer
    from apps.orders.models import Order, OrderLine

    people = {number: Customer.objects.create(store=shop.store).pk for number in {one[0] for one in bought}}
    for place, (person, days, products) in enumerate(bought):
        order = Order.objects.create(
            store=shop.store, external_id=str(place), customer_id=people[person], stage="paid", currency="EUR",
            total=Decimal(10), placed_at=AT - days * DAY, counts=True, silences=True,
        )  # fmt: skip
        OrderLine.objects.bulk_create(
            OrderLine(
                order=order, position=position, product=product, title=product, quantity=Decimal(1),
                unit_price=Decimal(5), total=Decimal(5),
            )
            for position, product in enumerate(products)
        )  # fmt: skip
    return people


def stocks(shop: Shop, *products: str, **facts: Any) -> None:
    from apps.catalog.models import Product

    for product in products:
        values = {"title": f"Thing {product}", "url": f"https://shop.example/{product}", "in_stock": True}
        Product.objects.create(store=shop.store, external_id=product, **(values | facts))


def measured(shop: Shop) -> dict[tuple[str, str, str], int]:
    from apps.catalog.models import Pairing
    from apps.orders.measuring import measure

    measure(shop.store.pk, AT)
    return {(p.kind, p.product, p.other): p.support for p in Pairing.objects.of(shop.store)}


def counted(bought: list[Bought]) -> dict[tuple[str, str, str], int]:
    """The same by hand: pairs that three orders or people share, no rarer than chance."""
    units: dict[str, dict[int, set[str]]] = {"order": {}, "person": defaultdict(set)}
    for place, (person, _, products) in enumerate(bought):
        units["order"][place] = set(products)
        units["person"][person] |= set(products)
    found = {}
    for kind, baskets in units.items():
        singles = Counter(product for basket in baskets.values() for product in basket)
        pairs = Counter(pair for basket in baskets.values() for pair in permutations(sorted(basket), 2))
        for (one, other), n in pairs.items():
            if n >= 3 and n * len(baskets) >= singles[one] * singles[other]:
                found[kind, one, other] = n
    return found


BOUGHT = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.integers(0, 400),
        st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True).map(tuple),
    ),
    min_size=1, max_size=14,
)  # fmt: skip
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@examples(bought=BOUGHT)
def test_bought_together_is_what_counting_finds(shop: Shop, bought: list[Bought]) -> None:
    from django.db import transaction

    with transaction.atomic():
        sells(shop, bought)
        assert measured(shop) == counted(bought)
        assert measured(shop) == counted(bought), "a second night finds the same"
        transaction.set_rollback(True)


@FEW
@examples(bought=BOUGHT)
def test_the_gap_is_the_median_of_every_persons_repeats(shop: Shop, bought: list[Bought]) -> None:
    from django.db import transaction

    from apps.catalog.models import Product

    with transaction.atomic():
        stocks(shop, *"abcd")
        sells(shop, bought)
        measured(shop)
        found = {p.external_id: (p.gap_days, p.gap_count) for p in Product.objects.of(shop.store) if p.gap_count}
        transaction.set_rollback(True)

    assert found == _gaps(bought)


def _gaps(bought: list[Bought]) -> dict[str, tuple[Decimal, int]]:
    days: dict[tuple[int, str], set[date]] = defaultdict(set)
    for person, ago, products in bought:
        for product in products:
            days[person, product].add((AT - ago * DAY).date())
    gaps: dict[str, list[int]] = defaultdict(list)
    for (_, product), visits in days.items():
        ordered = sorted(visits)
        gaps[product] += [(after - before).days for before, after in pairwise(ordered)]
    return {
        p: (Decimal(str(statistics.median(found))).quantize(Decimal("0.01")), len(found))
        for p, found in gaps.items()
        if found
    }


def test_gaps_of_twenty_thirty_and_forty_days(shop: Shop) -> None:
    """Scenario 12: the median is thirty."""
    from apps.catalog.models import Product

    stocks(shop, "hair")
    sells(shop, [(1, 90, ("hair",)), (1, 70, ("hair",)), (1, 40, ("hair",)), (1, 0, ("hair",))])
    measured(shop)

    hair = Product.objects.get(external_id="hair")
    assert (hair.gap_days, hair.gap_count, hair.sold) == (Decimal(30), 3, 4)


def test_a_variant_counts_as_its_product(shop: Shop) -> None:
    stocks(shop, "pot", "cup")
    stocks(shop, "pot-blue", "pot-red", parent="pot")
    sells(shop, [(n, n, (variant, "cup")) for n, variant in enumerate(("pot-blue", "pot-red", "pot-blue"))])

    assert set(measured(shop)) == {
        (kind, *pair) for kind in ("order", "person") for pair in (("pot", "cup"), ("cup", "pot"))
    }


def test_a_reseller_says_nothing_of_what_goes_together(shop: Shop) -> None:
    everything = tuple(f"p{n}" for n in range(60))

    sells(shop, [(1, days, everything) for days in range(4)])

    assert measured(shop) == {}


# --- suggestions ------------------------------------------------------------------------------------


@pytest.fixture
def market(shop: Shop) -> dict[int, int]:
    """Pots go with cups; whoever buys pots also buys tea, another day."""
    stocks(shop, "pot", categories=["Kitchen"], related=["lid"])
    stocks(shop, "cup", "tea", "lid", "pan", categories=["Kitchen"])
    return sells(
        shop,
        [*[(n, 40 + n, ("pot", "cup")) for n in range(1, 5)], *[(n, n, ("tea",)) for n in range(1, 5)],
         (8, 3, ("pan",)), (9, 2, ("pan",))],
    )  # fmt: skip


def names(shop: Shop, *products: str, owned_by: int | None = None, most: int = 9) -> list[tuple[str, str]]:
    from apps.orders.together import suggest

    found = suggest(shop.store.pk, products, owned_by=owned_by, most=most)
    return [(one.product, one.why) for one in found]


def test_together_first_then_by_the_same_people_then_the_shop_then_what_sells(
    shop: Shop, market: dict[int, int]
) -> None:
    measured(shop)

    assert names(shop, "pot") == [("cup", "order"), ("tea", "person"), ("lid", "related"), ("pan", "category")]
    assert names(shop, "pot", most=1) == [("cup", "order")]


def test_nobody_is_offered_what_they_have(shop: Shop, market: dict[int, int]) -> None:
    measured(shop)

    assert names(shop, "pot", owned_by=market[1]) == [("lid", "related"), ("pan", "category")]


def test_only_what_can_be_had_and_shown(shop: Shop, market: dict[int, int]) -> None:
    from apps.catalog.models import Product

    measured(shop)
    for product, facts in {
        "cup": {"in_stock": False}, "tea": {"excluded": True}, "lid": {"status": "draft"}, "pan": {"gone_at": AT},
    }.items():  # fmt: skip
        Product.objects.filter(external_id=product).update(**facts)

    assert names(shop, "pot") == []


def test_another_shops_orders_say_nothing_here(shop: Shop, other_shop: Shop, market: dict[int, int]) -> None:
    stocks(other_shop, "pot", "cup")
    measured(shop)
    measured(other_shop)

    assert names(other_shop, "pot") == []


def test_stars_are_shown_only_where_buyers_gave_them(shop: Shop, market: dict[int, int]) -> None:
    from apps.catalog.models import Product
    from apps.orders.together import suggest

    Product.objects.filter(external_id="cup").update(rating=Decimal("4.5"), rating_count=8)
    Product.objects.filter(external_id="tea").update(rating=Decimal("5.0"), rating_count=0)
    measured(shop)

    found = {
        one.product: (one.rating, one.rating_count) for one in suggest(shop.store.pk, ["pot"], owned_by=None, most=9)
    }

    assert found["cup"] == (Decimal("4.5"), 8)
    assert found["tea"] == (None, 0)


def test_each_shop_is_measured_once_a_night(shop: Shop, other_shop: Shop) -> None:
    from apps.orders.measuring import measure_due

    assert [measure_due(AT) for _ in range(3)] == [1, 1, 0]
    # Three o'clock in Amsterdam.
    assert measure_due(datetime(2026, 3, 3, 1, 59, tzinfo=UTC)) == 0
    assert measure_due(datetime(2026, 3, 3, 2, 0, tzinfo=UTC)) == 1
