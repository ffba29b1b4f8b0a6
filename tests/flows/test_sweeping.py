"""The brooms of flows that go by dates: who has one, when it is its turn, and what two workers do to it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connections

from apps.core.problems import DefinitionRefused
from apps.flows import definition, plans, publishing
from apps.flows.freshness import first_fresh, starts
from apps.flows.models import Enrollment, Flow, Sweep, Version
from apps.flows.sweeping import next_morning, sweep_due
from apps.flows.zones import ANYWHERE
from apps.stores.rules import Rules
from tests.flows.shops import PLAN, Shop

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
SILENT = {
    **PLAN, "flow": "silent", "name": "Silent", "purpose": "survey", "priority": "win_back", "trigger": "no_order_for",
    "filter": ["address_known"], "exits": ["store_off"], "steps": [{"send_email": "silent-1"}],
}  # fmt: skip
DUE = datetime(2026, 3, 3, 9, tzinfo=AMSTERDAM)


def fell_silent(shop: Shop, name: str = "ada") -> None:
    """Whose three months are over on the third of March."""
    shop.order(name, placed_at=datetime(2025, 12, 3, 15, tzinfo=AMSTERDAM), counts=True)
    person = shop.person(name)
    person.last_order_at = datetime(2025, 12, 3, 15, tzinfo=AMSTERDAM)
    person.save()


def broom(flow: Flow) -> Sweep | None:
    return Sweep.objects.of(flow.store_id).filter(flow=flow).first()


def test_nine_o_clock_comes_once_a_day_also_when_the_clock_changes() -> None:
    before = datetime(2026, 3, 28, 20, tzinfo=AMSTERDAM)
    found = [before]
    for _ in range(3):
        found.append(next_morning(found[-1], AMSTERDAM))

    assert [moment.astimezone(AMSTERDAM).strftime("%d %H:%M") for moment in found[1:]] == [
        "29 09:00", "30 09:00", "31 09:00",
    ]  # fmt: skip


def test_a_flow_that_goes_by_dates_has_a_broom_while_it_is_on(shop: Shop) -> None:
    flow = shop.flow(SILENT)
    other = shop.flow()
    made = broom(flow)
    assert made is not None
    assert made.due_at == shop.at + timedelta(hours=23)
    assert made.swept_until == shop.at - timedelta(hours=1)
    assert broom(other) is None

    publishing.pause(flow, shop.at)
    assert broom(flow) is None
    publishing.go_live(flow, shop.at)
    flow.draft = {**flow.draft, "trigger": "order_paid"}
    flow.save()
    publishing.publish(flow, shop.at)
    assert broom(flow) is None


def test_a_shop_that_is_paused_waits_and_a_plan_nobody_can_read_holds_up_nobody(shop: Shop) -> None:
    fell_silent(shop)
    good, bad = shop.flow(SILENT), shop.flow({**SILENT, "flow": "bad"})
    shop.store.status = "paused"
    shop.store.save()
    sweep_due(DUE)
    assert Enrollment.objects.count() == 0

    shop.store.status = "active"
    shop.store.save()
    # A plan that another version of the engine froze may name what there is no more.
    frozen = {**bad.draft, "trigger": "full_moon"}
    bad.version = Version.objects.create(flow=bad, number=2, definition=frozen, published_at=shop.at)
    bad.save()
    later = DUE + timedelta(hours=1)
    assert sweep_due(later) == 2

    assert [run.flow_id for run in Enrollment.objects.all()] == [good.pk]
    failed = broom(bad)
    assert failed is not None
    assert failed.swept_until < later < failed.due_at <= later + timedelta(hours=1)


@pytest.mark.django_db(transaction=True)
def test_two_workers_sweep_once(committed_shop: Shop) -> None:
    shop = committed_shop
    for name in ("ada", "bea", "cas"):
        fell_silent(shop, name)
    shop.flow(SILENT)
    shop.flow({**SILENT, "flow": "again"})

    def work(_: int) -> int:
        try:
            return sweep_due(DUE)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as workers:
        swept = list(workers.map(work, range(4)))

    assert sum(swept) == 2
    # One lane: whoever is asked by the one is left in peace by the other.
    assert Enrollment.objects.count() == 3


def test_who_is_late_begins_behind_what_is_stale_and_never_in_a_branch() -> None:
    split = {"split": {"when": ["address_known"], "then": [{"send_email": "a"}], "otherwise": [{"send_email": "b"}]}}
    words = {**SILENT, "steps": [split, {"wait": "20d"}, {"send_email": "c"}, {"wait": "40d"}, {"send_email": "d"}]}
    plan = plans.Plan.of(definition.read(words))
    rules = Rules.read({"valid.survey": "10d"})
    places = {days: first_fresh(plan, rules, DUE - timedelta(days=days), DUE) for days in (0, 9, 11, 29, 31, 49, 51)}

    assert places == {0: 0, 9: 0, 11: 3, 29: 3, 31: 5, 49: 5, 51: None}
    found = starts(plan, rules, (DUE - timedelta(days=60), DUE), DUE, ANYWHERE)
    assert [one.position for one in found] == [None, 5, 3, 0]
    edges = [(DUE - one.until).total_seconds() / 86400 for one in found]
    assert edges == pytest.approx([50, 30, 10, 0], abs=0.001)
    assert found[1].ahead == timedelta(days=40)


def test_a_broom_is_no_leave_to_publish_nonsense(shop: Shop) -> None:
    with pytest.raises(DefinitionRefused):
        shop.flow({**SILENT, "trigger": {"no_order_for": 0}})
