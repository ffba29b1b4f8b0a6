"""What a control group costs, and when it answers: honest at any size."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from apps.dashboard.flow_price import PROPOSED, Flux, people_needed, price_of, weeks_until_answer
from apps.flows.models import Enrollment, Flow
from tests.dashboard.furnishing import NOW, Furnished


@pytest.mark.parametrize(
    ("ordering", "share", "people"),
    [(0.10, 0.10, 846), (0.10, 0.50, 393), (0.0, 0.10, 79), (0.40, 0.10, 2100)],
)
def test_how_many_it_takes_is_the_formula_for_two_shares(ordering: float, share: float, people: int) -> None:
    assert people_needed(ordering, share) == pytest.approx(people, rel=0.01)


def test_weeks_are_people_by_the_week() -> None:
    assert weeks_until_answer(Flux(50, 0.10, 600), PROPOSED) == 17
    assert weeks_until_answer(Flux(2, 0.10, 24), PROPOSED) == 423
    assert weeks_until_answer(None, PROPOSED) is None


def enter(shop: Furnished, flow: Flow, count: int, days: int) -> None:
    """So many beginnings, spread over so many days before now."""
    run = shop["flows.Enrollment"]
    Enrollment.objects.bulk_create(
        Enrollment(
            store=shop.store, flow=flow, version=run.version, customer=run.customer, status="completed",
            occasion=f"event:{number + 9}", triggered_at=NOW - timedelta(days=days * number / count),
            entered_at=NOW - timedelta(days=days * number / count),
        )
        for number in range(count)
    )  # fmt: skip


def test_a_shop_with_many_beginnings_gets_a_price_and_a_proposal(shop: Furnished) -> None:
    flow = shop["flows.Flow"]
    enter(shop, flow, 900, 89)

    price = price_of(flow, NOW)

    assert price is not None
    assert price.per_month == pytest.approx(307, abs=5)
    assert (price.is_set, price.nothing, price.wait) == (False, 31, None)
    assert price.weeks is not None
    assert price.weeks <= 26
    assert price.proposal == "own"

    flow.store.holdout = Decimal(5)
    set_already = price_of(flow, NOW)
    assert set_already is not None
    assert (set_already.is_set, set_already.nothing) == (True, 15)


def test_a_small_shop_is_told_that_a_control_group_answers_nothing(shop: Furnished) -> None:
    flow = shop["flows.Flow"]
    enter(shop, flow, 24, 85)

    price = price_of(flow, NOW)

    assert price is not None
    assert price.proposal == "none"
    assert price.weeks is None or price.weeks > 26


def test_a_new_shop_is_told_to_wait(shop: Furnished) -> None:
    price = price_of(shop["flows.Flow"], NOW)

    assert price is not None
    assert (price.wait, price.weeks) == (4, None)
