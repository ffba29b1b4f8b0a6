"""The compiler, held against a judge who reads every row; and what it refuses."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as examples
from hypothesis import strategies as st

from tests.segments.draws import KINDS, draw
from tests.segments.judge import Judge
from tests.segments.rows import AT, Shop, draw_shop, write

DRAWN = 10
"""Conditions that are tried on each shop, beside one of every kind."""


@pytest.fixture
def measured(db: None) -> Any:
    """Write a shop as if its orders had come in, and measure it as a night does."""
    from apps.orders import totals
    from apps.segments.measuring import measure
    from apps.segments.shopwide import measure_shop

    def made(shop: Shop) -> Any:
        store = write(shop)
        totals.recompute([person.id for person in shop.people])
        measure([person.id for person in shop.people], AT)
        measure_shop(store.pk, AT)
        return store

    return made


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@examples(seed=st.integers(0, 10**9))
def test_everybody_and_a_few_are_judged_as_by_hand(measured: Any, seed: int) -> None:
    from apps.core import db
    from apps.segments import compiling, members

    shop = draw_shop(seed)
    store, judge, chance = measured(shop), Judge(shop), random.Random(seed)
    everyone = [person.id for person in shop.people]
    drawn = [make(chance) for make in KINDS.values()] + [draw(chance) for _ in range(DRAWN)]
    tried = [[one] for one in drawn] + [chance.sample(drawn, 3) for _ in range(DRAWN)]

    for plain in tried:
        expected = sorted(p.id for p in shop.people if all(judge.fits(p, one) for one in plain))

        whole = members.select(plain, AT, store.pk)
        few = compiling.everybody(compiling.read(plain), AT, store.pk, among=everyone)
        assert sorted(row[0] for row in db.rows(whole.text, whole.params)) == expected, plain
        assert sorted(row[0] for row in db.rows(few.text, few.params)) == expected, plain
    assert members.count(plain, AT, store.pk) == len(expected)
    assert members.sample(plain, AT, store.pk, limit=2) == expected[::-1][:2]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@examples(seed=st.integers(0, 10**9))
def test_figures_are_those_of_the_books(measured: Any, seed: int) -> None:
    from apps.segments.models import Figures

    shop = draw_shop(seed)
    measured(shop)
    judge = Judge(shop)

    for person in shop.people:
        figures = Figures.objects.get(customer=person.id)
        assert figures.orders == len(judge.orders(person))
        assert figures.spent == sum(judge.amounts(person))
        assert figures.gaps == len(judge.gaps(person))
        assert figures.expected_at == judge.expected(person)
        assert figures.rfm == judge.group(person)
        assert figures.at_risk == judge.risky(person)
        assert figures.received == judge.ignored(person)
        assert figures.engaged_at == judge.sign_of_life(person)
