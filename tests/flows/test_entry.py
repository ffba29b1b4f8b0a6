from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connections, transaction

from apps.core import db
from apps.events.announcing import announce_due
from apps.events.log import Happened, append
from apps.events.models import Event
from apps.flows import publishing
from apps.flows.entry import DECLINED, enroll
from apps.flows.models import Draw, Enrollment
from apps.mail.models import Message
from tests.flows.shops import BEFORE_CHECKOUT, MONDAY, PLAN, Shop, open_shop


def reasons(shop: Shop, name: str = "ada") -> list[str]:
    told = Event.objects.filter(kind=DECLINED, customer_id=shop.person(name).pk).order_by("id")
    return [event.data["reason"] for event in told]


def test_a_basket_left_behind_begins_a_run_that_is_due_with_its_first_step(shop: Shop) -> None:
    shop.flow()

    cart = shop.leaves("ada")

    run = shop.run("ada")
    assert (run.status, run.position, run.cart_id) == ("active", 0, cart.pk)
    assert run.triggered_at == MONDAY
    assert run.due_at == MONDAY + timedelta(hours=1)


def test_the_diary_tells_the_flows(shop: Shop) -> None:
    shop.flow()
    cart = shop.cart("ada")
    told = Happened(
        store_id=shop.store.pk, customer_id=cart.customer_id, subject=f"cart:{cart.pk}", kind="cart.abandoned",
        occurred_at=shop.at, source_key="once", data={"cart": cart.pk},
    )  # fmt: skip
    append([told, told], shop.at)

    announce_due(shop.at)

    assert shop.runs("ada") == 1


def test_the_same_news_twice_begins_one_run(shop: Shop) -> None:
    shop.flow(reentry={"every": "1s"})
    cart = shop.cart("ada")
    told = shop.told(cart)

    enroll([told, told], shop.at)
    enroll([told], shop.at)

    assert shop.runs("ada") == 1


def test_only_the_flow_whose_trigger_fits_takes_the_basket(shop: Shop) -> None:
    shop.flow()
    shop.flow(BEFORE_CHECKOUT)

    shop.leaves("ada", checkout=True)
    shop.leaves("cy", checkout=False)

    assert shop.run("ada", "abandoned-checkout").status == "active"
    assert shop.run("cy", "abandoned-cart").status == "active"
    assert (shop.runs("ada"), shop.runs("cy")) == (1, 1)


def test_of_two_flows_that_both_fit_the_checkout_goes_first(shop: Shop) -> None:
    shop.flow({**BEFORE_CHECKOUT, "trigger": "cart_abandoned"})
    shop.flow({**PLAN, "trigger": "cart_abandoned"})

    shop.leaves("ada")

    assert shop.runs("ada") == 1
    assert shop.run("ada").flow.slug == "abandoned-checkout"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"lines": []}, "cart_emptied"),
        ({"total": Decimal(0)}, "unmailable_basket"),
        ({"unmailable": "test"}, "unmailable_basket"),
    ],
)
def test_a_basket_that_cannot_be_mailed_begins_nothing_and_the_diary_says_why(
    shop: Shop, fields: dict[str, Any], reason: str
) -> None:
    shop.flow()

    shop.leaves("ada", **fields)

    assert shop.runs("ada") == 0
    assert reasons(shop) == [reason]


def test_a_basket_without_a_person_or_an_address_waits(shop: Shop) -> None:
    shop.flow()
    nobody = shop.cart(None)
    person = shop.person("ada")
    person.email = person.email_key = None
    person.save()

    enroll([shop.told(nobody), shop.told(shop.cart("ada", email_key=None))], shop.at)

    assert Enrollment.objects.count() == 0
    assert Event.objects.filter(kind=DECLINED).count() == 0


def test_who_bought_meanwhile_does_not_enter(shop: Shop) -> None:
    shop.flow()
    cart = shop.cart("ada")
    shop.order("ada")

    enroll([shop.told(cart)], shop.at)

    assert shop.runs("ada") == 0
    assert reasons(shop) == ["order_placed"]


def test_a_basket_left_behind_before_the_flow_was_on_is_never_taken(shop: Shop) -> None:
    flow = shop.flow(live=False)
    publishing.go_live(flow, shop.at + timedelta(minutes=1))

    shop.leaves("ada")

    assert shop.runs("ada") == 0


def test_a_basket_whose_news_came_late_is_taken_by_a_flow_switched_on_meanwhile(shop: Shop) -> None:
    flow = shop.flow(live=False)
    publishing.go_live(flow, shop.at + timedelta(minutes=1))

    heard = shop.at + timedelta(minutes=2)
    enroll([shop.told(shop.cart("ada"), recorded_at=heard)], heard)

    assert shop.runs("ada") == 1


@pytest.mark.parametrize("state", ["off", "deleted", "paused shop"])
def test_what_is_not_running_takes_nobody(shop: Shop, state: str) -> None:
    flow = shop.flow()
    match state:
        case "off":
            publishing.pause(flow, shop.at)
        case "deleted":
            publishing.delete(flow, shop.at)
        case _:
            shop.store.status = "paused"
            shop.store.save()

    shop.leaves("ada")

    assert shop.runs("ada") == 0


def test_another_shops_flow_hears_nothing(shop: Shop) -> None:
    other = open_shop("Elsewhere")
    other.flow()

    shop.leaves("ada")

    assert Enrollment.objects.count() == 0


def test_a_basket_within_five_days_goes_on_in_the_same_run(shop: Shop) -> None:
    shop.flow()
    shop.leaves("ada")
    shop.travel(hours=1)
    shop.travel(hours=1)

    second = shop.leaves("ada")

    run = shop.run("ada")
    assert shop.runs("ada") == 1
    assert (run.cart_id, run.triggered_at, shop.steps("ada")) == (second.pk, MONDAY, [1])
    assert Message.objects.of(shop.store).get().cart_id == second.pk
    shop.sent(at=MONDAY + timedelta(hours=1))
    shop.travel(hours=22)
    assert shop.mails("ada") == ["1", "2"]
    assert Message.objects.of(shop.store).latest("id").since == second.started_at


def test_two_baskets_told_together_are_one_run_about_the_newest(shop: Shop) -> None:
    shop.flow()
    older = shop.cart("ada", last_activity_at=shop.at - timedelta(hours=5))
    newer = shop.cart("ada", last_activity_at=shop.at - timedelta(hours=1))

    enroll([shop.told(older, occurred_at=shop.at - timedelta(hours=4)), shop.told(newer)], shop.at)

    assert shop.runs("ada") == 1
    assert shop.run("ada").cart_id == newer.pk


def test_old_news_of_an_older_basket_does_not_take_the_run_back(shop: Shop) -> None:
    shop.flow()
    newest = shop.leaves("ada")
    older = shop.cart("ada", last_activity_at=shop.at - timedelta(days=1))

    enroll([shop.told(older, occurred_at=shop.at - timedelta(minutes=30))], shop.at)

    assert shop.run("ada").cart_id == newest.pk


def test_a_checkout_joins_the_run_of_the_basket_before_it(shop: Shop) -> None:
    shop.flow()
    shop.flow(BEFORE_CHECKOUT)
    shop.leaves("ada", checkout=False)
    shop.travel(minutes=30)

    newer = shop.leaves("ada", checkout=True)

    assert shop.runs("ada") == 1
    assert shop.run("ada", "abandoned-cart").cart_id == newer.pk


def test_a_basket_after_the_merge_window_is_a_new_story(shop: Shop) -> None:
    shop.flow(
        reentry={"every": "1d"},
        steps=[*PLAN["steps"][:2], {"wait": "30d"}, {"send_email": "late-9"}],
    )
    shop.leaves("ada")
    shop.travel(hours=1)
    shop.travel(days=6)

    shop.leaves("ada")

    old, new = Enrollment.objects.of(shop.store).order_by("id")
    assert (old.status, old.reason) == ("exited", "newer_basket")
    assert new.status == "active"
    assert list(Message.objects.of(shop.store).values_list("status", "reason")) == [("skipped", "newer_basket")]


def test_the_shops_merge_rule_is_used_when_the_flow_has_none(shop: Shop) -> None:
    shop.store.rules = {"merge_within": "1h", "run_every": "off"}
    shop.store.save()
    shop.flow()
    shop.leaves("ada")
    shop.travel(hours=2)

    shop.leaves("ada")

    assert shop.runs("ada") == 2


def test_once_in_seven_days(shop: Shop) -> None:
    shop.flow(steps=[{"send_email": "only-1"}])
    shop.leaves("ada")
    shop.advance()

    shop.travel(days=6)
    shop.leaves("ada")
    assert shop.runs("ada") == 1
    assert reasons(shop) == ["reentry_too_soon"]
    shop.travel(days=1)
    shop.leaves("ada")

    assert shop.runs("ada") == 2


def test_never_again_is_never(shop: Shop) -> None:
    shop.flow(steps=[{"send_email": "only-1"}], reentry="never")
    shop.leaves("ada")
    shop.advance()

    shop.travel(days=400)
    shop.leaves("ada")

    assert shop.runs("ada") == 1


def test_the_shop_may_let_people_in_at_once_again(shop: Shop) -> None:
    shop.store.rules = {"run_every": "off"}
    shop.store.save()
    shop.flow(steps=[{"send_email": "only-1"}])
    shop.leaves("ada")
    shop.advance()

    shop.travel(minutes=1)
    shop.leaves("ada")

    assert shop.runs("ada") == 2


def test_the_control_group_gets_nothing_and_stays_the_control_group(shop: Shop) -> None:
    flow = shop.flow(holdout=90, reentry={"every": "1h"}, merge_within="off")
    names = [f"person{number}" for number in range(300)]
    enroll([shop.told(shop.cart(name)) for name in names], shop.at)
    held = set(Draw.objects.filter(flow=flow, held_out=True).values_list("customer_id", flat=True))

    shop.travel(days=8)
    publishing.save_draft(shop.store.pk, publishing.definition.read({**flow.draft, "holdout": "off"}))
    publishing.publish(flow, shop.at)
    enroll([shop.told(shop.cart(name)) for name in names], shop.at)

    again = Enrollment.objects.filter(triggered_at=shop.at, status="held_out")
    assert Draw.objects.filter(flow=flow).count() == 300
    assert 240 <= len(held) <= 295
    assert set(again.values_list("customer_id", flat=True)) == held
    assert not Message.objects.filter(customer_id__in=held).exists()


def test_the_shops_share_is_used_when_the_flow_has_none(shop: Shop) -> None:
    shop.store.holdout = Decimal(90)
    shop.store.save()
    shop.flow()
    enroll([shop.told(shop.cart(f"person{number}")) for number in range(100)], shop.at)

    assert Enrollment.objects.filter(status="held_out").count() > 50


def test_without_a_control_group_nobody_draws(shop: Shop) -> None:
    shop.flow()
    shop.leaves("ada")

    assert Draw.objects.count() == 0


def test_the_control_groups_next_basket_is_no_mail_from_another_flow(shop: Shop) -> None:
    flow = shop.flow(holdout=50)
    shop.flow(BEFORE_CHECKOUT)
    Draw.objects.create(flow=flow, customer=shop.person("ada"), ticket=1, held_out=True)
    shop.leaves("ada", checkout=True)

    shop.travel(days=1)
    shop.leaves("ada", checkout=False)

    assert shop.runs("ada") == 1
    assert shop.run("ada").status == "held_out"
    assert reasons(shop) == ["held_out", "held_out"]


def test_two_baskets_told_at_once_by_two_workers_are_one_run(committed_shop: Shop) -> None:
    shop = committed_shop
    shop.flow()
    shop.flow(BEFORE_CHECKOUT)
    events = [shop.told(shop.cart("ada", checkout=number % 2 == 0)) for number in range(8)]

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda event: _elsewhere(shop, event), events))

    assert shop.runs("ada") == 1


def test_who_begins_a_second_run_waits_until_the_first_is_known(committed_shop: Shop) -> None:
    shop = committed_shop
    shop.flow()
    shop.flow(BEFORE_CHECKOUT)
    first, second = shop.cart("ada"), shop.cart("ada", checkout=False)

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            enroll([shop.told(first)], shop.at)
            other = pool.submit(_elsewhere, shop, shop.told(second))
            wait([other], timeout=0.5)
        other.result()

    assert shop.runs("ada") == 1


def _elsewhere(shop: Shop, event: Any) -> None:
    try:
        enroll([event], shop.at)
    finally:
        connections.close_all()


def test_entering_costs_the_same_for_one_and_for_many(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.flow()
    counts = []
    for people in (1, 40):
        events = [shop.told(shop.cart(f"of{people}-{number}")) for number in range(people)]
        counts.append(_statements(lambda told=events: enroll(told, shop.at), monkeypatch))

    assert counts[1] <= counts[0] <= 8


def _statements(act: Any, monkeypatch: pytest.MonkeyPatch) -> int:
    seen: list[int] = []
    plain = db.cursor
    with monkeypatch.context() as patched:
        patched.setattr(db, "cursor", lambda: (seen.append(1), plain())[1])
        act()
    return len(seen)
