"""A flow that is switched on today, and the people for whom its moment came before: counted first, never stale mail."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils.translation import override

from apps.core import clock
from tests.shopkeeping import ADA, Outbox, Person, Shop
from tests.stories import planning

BEA = Person("Bea", "bea@shopper.example")
CAS = Person("Cas", "cas@shopper.example")
DEE = Person("Dee", "dee@shopper.example")


def runs(shop: Shop) -> list:
    from apps.flows.models import Enrollment

    return list(Enrollment.objects.of(shop.store).order_by("triggered_at"))


def says(command: str, *words: str, capsys: pytest.CaptureFixture[str]) -> dict:
    call_command(command, *words)
    found: dict = json.loads(capsys.readouterr().out)
    return found


@pytest.fixture
def history(shop: Shop) -> Shop:
    """Ada ordered thirty days ago, Bea nine days ago and Cas yesterday; Dee ordered twice."""
    for person, days in ((ADA, 0), (DEE, 1), (BEA, 21), (CAS, 8)):
        shop.world.travel(days=days)
        if person is not CAS:
            shop.says_yes(person)
        shop.places_order(person)
        if person is DEE:
            shop.world.travel(hours=1)
            shop.places_order(DEE)
    shop.world.travel(days=1)
    return shop


def test_who_is_in_time_begins_behind_what_is_too_late_and_the_count_says_so(
    history: Shop, outbox: Outbox, capsys: pytest.CaptureFixture[str]
) -> None:
    from apps.flows import backfilling

    shop = history
    flow = planning.live(
        shop, "thanks", "first_order", reentry="never", purpose="thanks",
        exits=["second_order", "unsubscribed"],
        steps=[{"wait": "2d"}, {"send_email": planning.ANY}, {"wait": "10d"}, {"send_email": planning.ANY}],
    )  # fmt: skip
    key, at = shop.store.key, shop.world.at
    counted = backfilling.count(flow, at, at - timedelta(days=60))

    assert runs(shop) == []
    assert (counted.entering, counted.no_basis) == (1, 1)
    assert (counted.too_old, counted.filtered, counted.were_in) == (2, 0, 0)

    added = backfilling.add(flow, at, at - timedelta(days=60))

    assert [(run.customer_id, run.position) for run in runs(shop)] == [
        (shop.customer(BEA).pk, 2), (shop.customer(CAS).pk, 0),
    ]  # fmt: skip
    assert (added.entering, added.refused) == (2, {"stale": 2})
    assert backfilling.add(flow, at, at - timedelta(days=60)).entering == 0

    shop.world.travel(days=4)
    assert len(outbox.to(BEA)) == 1
    assert (outbox.to(ADA), outbox.to(DEE)) == ([], [])
    with pytest.raises(CommandError, match="1 to 400"):
        call_command("add_past", key, "thanks", "--since", "4000")


def test_whose_day_came_too(history: Shop, outbox: Outbox, capsys: pytest.CaptureFixture[str]) -> None:
    from apps.flows import publishing

    shop = history
    shop.world.travel(days=70)
    flow = planning.live(
        shop, "silent", "no_order_for", reentry={"every": "30d"}, purpose="survey", exits=["order_placed"]
    )
    shop.says_no(ADA)
    publishing.pause(flow, shop.world.at)
    with clock.travelled(shop.world.at - clock.now()), override("en"):
        with pytest.raises(CommandError, match="on first"):
            call_command("add_past", shop.store.key, "silent", "--since", "60")
        found = says("add_past", shop.store.key, "silent", "--since", "60", "--count", capsys=capsys)

    assert found | {"control_group": 0} == {
        "entering": 1, "no_basis": 1, "control_group": 0, "too_old": 0, "filtered": 0, "were_in": 0, "reasons": {},
    }  # fmt: skip
    assert runs(shop) == []
    assert outbox.all() == []
