"""Coming in and going out: told when somebody did something or time passed, silent for edits and for the past."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING

import pytest

from tests.invariants import bodies
from tests.shopkeeping import ADA, CY, Shop
from tests.stories.test_segments import BOB, names, segment, told

if TYPE_CHECKING:
    from tests.flows.shops import Shop as FlowShop


def test_time_lets_people_out_and_an_edit_tells_nobody(
    shop: Shop, other_shop: Shop, travel: Callable[..., None]
) -> None:
    from apps.segments import saving
    from apps.segments.models import Segment

    recent = segment(shop, "recent", {"ordered": {"period": "last", "days": 7}})
    asks = segment(shop, "not-recent", {"in_segment": {"segment": "recent", "inside": False}})
    segment(other_shop, "everybody")
    shop.places_order(ADA)
    other_shop.places_order(CY)
    travel(minutes=5)
    assert (names(recent), names(asks)) == ([ADA.email], [])
    assert told(shop, ADA) == [("segment.entered", "recent")]

    # The seventh midnight is within the seven days, the eighth is not.
    travel(days=7)
    assert names(recent) == [ADA.email]
    travel(hours=15)
    assert (names(recent), names(asks)) == ([], [ADA.email])
    after = [("segment.entered", "recent"), ("segment.left", "recent"), ("segment.entered", "not-recent")]
    assert told(shop, ADA) == after

    saving.save(recent, [{"ordered": {}}], shop.world.at)
    assert (names(recent), names(asks)) == ([ADA.email], [])
    assert told(shop, ADA) == after
    assert Segment.objects.get(pk=recent.pk).definition == ["ordered"]


def test_the_past_of_a_shop_lets_people_in_without_a_word(shop: Shop, travel: Callable[..., None]) -> None:
    from apps.core import db
    from apps.ingestion.recording import News, record
    from apps.stores.snapshots import Amounts, OrderSeen, Person

    buyers = segment(shop, "buyers", "ordered")
    at = shop.world.at
    long_ago = at - timedelta(days=200)
    seen = OrderSeen(
        at=long_ago, external_id="9001", number="9001", stage="paid", created_at=long_ago, placed_at=long_ago,
        amounts=Amounts(currency="EUR", total=Decimal(40)), lines=(), person=Person(email=ADA.email),
    )  # fmt: skip
    record([News(store_id=shop.store.pk, arrived_at=at, seen=seen)], at, history_until=at)
    shop.places_order(BOB)
    travel(minutes=5)

    assert names(buyers) == [ADA.email, BOB.email]
    assert told(shop, ADA) == []
    assert told(shop, BOB) == [("segment.entered", "buyers")]
    assert db.rows("SELECT count(*) FROM segments_touched") == [(0,)]


def test_two_accounts_that_become_one_are_one_in_every_segment(shopify_shop: Shop, travel: Callable[..., None]) -> None:
    shop = shopify_shop
    loyal = segment(shop, "loyal", {"ordered": {"n": 2}}, {"bought": {"n": 2, "products": ["13"]}})
    shop.places_order(ADA.with_account(71))
    shop.places_order(BOB.with_account(72))
    travel(minutes=5)
    assert names(loyal) == []

    shop.sends(bodies.shopify_merge(71, 72, shop.world.at))
    travel(minutes=5)

    assert names(loyal) == [ADA.email]


def test_every_cell_of_the_grid_belongs_to_one_group() -> None:
    from apps.segments import rfm
    from tests.segments.judge import GROUPS

    cells = [f"{r}{f}{m}" for r, f, m in product("123", repeat=3)]
    assert sorted(cell for group in GROUPS.values() for cell in group.split()) == cells
    assert sorted(str(cell) for cell in rfm.CELLS) == cells
    assert {str(cell): group for cell, group in rfm.CELLS.items()} == {
        cell: group for group, inside in GROUPS.items() for cell in inside.split()
    }


def test_a_flow_asks_the_same_conditions(db: None) -> None:
    """As its filter and in a split; since it was entered, too, which no segment can ask."""
    from apps.core.problems import DefinitionRefused
    from apps.segments import compiling
    from tests.flows.shops import open_shop

    shop: FlowShop = open_shop()
    since = [{"ordered": {"times": "zero", "period": "since_entering"}}]
    new = [{"any": [{"ordered": {"times": "zero"}}, {"country": ["BE"]}]}]
    steps = [
        {"wait": "1h"},
        {"send_email": "first-1"},
        {"wait": "3h"},
        {"split": {"when": since, "then": [{"send_email": "none-2"}], "otherwise": [{"send_email": "some-3"}]}},
    ]
    shop.flow(filter=new, steps=steps, exits=[], reentry={"every": "7d"})
    shop.order("ben", counts=True, placed_at=shop.at - timedelta(days=400))
    for name in ("ada", "ben", "cleo"):
        shop.leaves(name)
    shop.travel(hours=2)
    shop.sent()
    shop.person("cleo").country = "BE"
    shop.person("cleo").save()
    shop.order("cleo", counts=True)
    shop.travel(hours=3)

    assert shop.mails("ada") == ["1", "2"]
    assert shop.runs("ben") == 0
    assert shop.mails("cleo") == ["1", "3"]
    with pytest.raises(DefinitionRefused, match="inside a flow"):
        compiling.read([{"any": [*since, "at_risk"]}])
