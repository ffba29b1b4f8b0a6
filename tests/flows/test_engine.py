from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections

from apps.core import db
from apps.events import kinds
from apps.flows import engine, publishing, walking
from apps.flows.goals import on_goal
from apps.flows.models import Enrollment, StepRun
from apps.flows.steps.send_email import SendEmail
from apps.mail.models import Message
from tests.flows.shops import BEFORE_CHECKOUT, MONDAY, PLAN, Shop


def test_a_checkout_left_behind_gets_three_mails_at_their_hours_after_the_trigger(
    shop: Shop,
) -> None:
    shop.flow()
    shop.leaves("ada")

    for hours, expected in [(0.9, ""), (0.1, "1"), (22, "1"), (1, "12"), (47, "12"), (1, "123")]:
        shop.travel(hours=hours)
        assert "".join(shop.mails("ada")) == expected
        shop.sent()

    assert shop.run("ada").status == "completed"
    assert shop.run("ada").due_at is None


def test_a_mail_carries_what_the_gate_must_know(shop: Shop) -> None:
    shop.flow()
    cart = shop.leaves("ada")

    shop.travel(hours=3)

    mail = Message.objects.of(shop.store).get()
    run = shop.run("ada")
    assert mail.origin == f"run:{run.pk}/step:1"
    assert (mail.purpose, mail.priority, mail.kind) == ("cart", 10, "marketing")
    assert mail.due_at == MONDAY + timedelta(hours=1)
    assert mail.valid_until == MONDAY + timedelta(hours=25)
    assert mail.since == cart.started_at
    assert mail.cart_id == cart.pk
    assert mail.night_only


def test_only_the_first_mail_of_a_basket_flow_obeys_the_night_alone(shop: Shop) -> None:
    shop.flow()
    shop.leaves("ada")

    shop.travel(hours=1)
    shop.sent()
    shop.travel(hours=23)

    assert list(Message.objects.of(shop.store).order_by("id").values_list("night_only", flat=True)) == [True, False]


def test_the_shops_own_rule_and_the_steps_own_say_how_long_a_mail_is_of_use(shop: Shop) -> None:
    shop.store.rules = {"valid.cart": "6h"}
    shop.store.save()
    steps = [
        {"send_email": "a-1"},
        {"wait": "1h"},
        {"send_email": {"template": "a-2", "valid_for": "2h"}},
    ]
    shop.flow(steps=steps)
    shop.leaves("ada")

    shop.advance()
    shop.sent()
    shop.travel(hours=1)

    lengths = [mail.valid_until - mail.wanted_at for mail in Message.objects.of(shop.store).order_by("id")]
    assert lengths == [timedelta(hours=6), timedelta(hours=2)]


def test_when_a_mail_goes_late_the_next_keeps_the_planned_gap_to_it(shop: Shop) -> None:
    shop.flow()
    shop.leaves("ada")
    shop.travel(hours=1)

    shop.travel(hours=11)
    shop.sent()
    shop.travel(hours=12)
    assert shop.mails("ada") == ["1"]
    shop.travel(hours=11)

    assert shop.mails("ada") == ["1", "2"]
    second = Message.objects.of(shop.store).latest("id")
    assert second.due_at == MONDAY + timedelta(hours=12 + 23)


def test_the_next_mail_waits_while_the_one_before_still_waits(shop: Shop) -> None:
    shop.flow()
    shop.leaves("ada")
    shop.travel(hours=1)
    Message.objects.of(shop.store).update(due_at=shop.at + timedelta(hours=30))

    shop.travel(hours=25)

    assert shop.mails("ada") == ["1"]
    assert shop.run("ada").due_at == MONDAY + timedelta(hours=1 + 30 + 23)


def test_a_skipped_mail_is_no_reason_to_wait(shop: Shop) -> None:
    shop.flow()
    shop.leaves("ada")
    shop.travel(hours=1)
    Message.objects.of(shop.store).update(status="skipped", reason="cap", due_at=None)

    shop.travel(hours=23)

    assert shop.mails("ada") == ["1", "2"]


def test_seconds_of_lateness_do_not_add_up(shop: Shop) -> None:
    shop.flow()
    shop.leaves("ada")
    shop.travel(hours=1)
    shop.sent(at=shop.at + timedelta(seconds=40))

    shop.travel(hours=23)

    assert shop.mails("ada") == ["1", "2"]


@pytest.mark.parametrize("by", ["customer", "address", "account", "basket"])
def test_an_order_nobody_told_us_of_is_seen_before_the_step(shop: Shop, by: str) -> None:
    shop.flow()
    cart = shop.leaves("ada", account="9")
    if by == "basket":
        cart.status = "ordered"
        cart.save()
    else:
        who: dict[str, Any] = {"customer": None, "email_key": None}
        who |= {"customer": {"customer": shop.person("ada")}, "address": {"email_key": "ada@example.com"},
                "account": {"account": "9"}}[by]  # fmt: skip
        shop.order("ada", **who)

    shop.travel(hours=1)

    assert shop.mails("ada") == []
    assert (shop.run("ada").status, shop.run("ada").reason) == ("completed", "order_placed")


def test_an_order_from_before_the_basket_silences_nothing(shop: Shop) -> None:
    shop.flow()
    shop.order("ada", placed_at=shop.at - timedelta(days=3))
    shop.leaves("ada")

    shop.travel(hours=1)

    assert shop.mails("ada") == ["1"]


def test_an_unpaid_order_silences_nothing(shop: Shop) -> None:
    shop.flow()
    shop.leaves("ada")
    shop.order("ada", silences=False, stage="unpaid")

    shop.travel(hours=1)

    assert shop.mails("ada") == ["1"]


@pytest.mark.parametrize(
    ("scope", "reason"),
    [("marketing", "suppressed_marketing"), ("everything", "suppressed_everything")],
)
def test_who_said_no_leaves(shop: Shop, scope: str, reason: str) -> None:
    shop.flow()
    shop.leaves("ben")
    shop.suppress("ben", scope)

    shop.travel(hours=1)

    assert (shop.run("ben").status, shop.run("ben").reason) == ("exited", reason)
    assert shop.mails("ben") == []


def test_an_emptied_basket_gets_no_mail(shop: Shop) -> None:
    shop.flow()
    cart = shop.leaves("ada")
    cart.status, cart.lines = "emptied", []
    cart.save()

    shop.travel(hours=1)

    assert shop.run("ada").reason == "cart_emptied"


def test_a_disconnected_shop_lets_everybody_go_and_a_paused_one_holds_them(shop: Shop) -> None:
    shop.flow()
    shop.leaves("ada")
    shop.store.status = "paused"
    shop.store.save()

    shop.travel(hours=2)
    assert shop.run("ada").status == "active"
    shop.store.status = "uninstalled"
    shop.store.save()
    shop.travel(hours=1)

    assert shop.run("ada").reason == "store_uninstalled"


def test_nobody_is_mailed_while_filling_a_basket(shop: Shop) -> None:
    shop.flow()
    shop.leaves("ada")
    shop.travel(minutes=55)
    back_until = shop.at + timedelta(hours=1)
    fresh = shop.cart("ada", status="active", abandoned_at=None, due_at=back_until)

    shop.travel(minutes=10)
    assert shop.mails("ada") == []
    assert shop.run("ada").due_at == back_until
    fresh.status, fresh.due_at = "abandoned", None
    fresh.save()
    shop.travel(minutes=55)

    assert shop.mails("ada") == ["1"]


def test_an_order_ends_the_run_and_takes_back_what_waits(shop: Shop) -> None:
    shop.flow()
    shop.leaves("ada")
    shop.leaves("cy")
    shop.travel(hours=1)

    shop.buys("ada")

    assert (shop.run("ada").status, shop.run("ada").reason) == ("completed", "order_placed")
    mail = Message.objects.of(shop.store).get(customer=shop.person("ada"))
    assert (mail.status, mail.reason, mail.due_at) == ("skipped", "order_placed", None)
    assert mail.verdict["decided"]["reason"] == "order_placed"
    assert shop.run("cy").status == "active"
    assert shop.mails("cy", status="planned") == ["1"]


def test_the_last_mail_is_taken_back_too_though_its_run_is_through(shop: Shop) -> None:
    shop.flow(steps=[{"send_email": "only-1"}])
    shop.leaves("ada")
    shop.advance()
    assert shop.run("ada").status == "completed"

    shop.buys("ada")

    assert shop.mails("ada", status="skipped") == ["1"]
    assert (shop.run("ada").status, shop.run("ada").reason) == ("completed", "")


@pytest.mark.parametrize("status", ["claimed", "sending"])
def test_what_is_already_leaving_is_the_gates(shop: Shop, status: str) -> None:
    shop.flow()
    shop.leaves("ada")
    shop.travel(hours=1)
    due = shop.at if status == "claimed" else None
    Message.objects.of(shop.store).update(status=status, due_at=due, basis="consent", policy_version="1")

    shop.buys("ada")

    assert shop.mails("ada", status=status) == ["1"]


def test_an_emptied_basket_ends_the_run_at_once(shop: Shop) -> None:
    shop.flow()
    cart = shop.leaves("ada")
    cart.status = "emptied"
    cart.save()

    on_goal([shop.told(cart, kinds.CART_EMPTIED, customer_id=None)], shop.at)

    assert (shop.run("ada").status, shop.run("ada").reason) == ("exited", "cart_emptied")


def test_an_unsubscribe_ends_the_run_at_once(shop: Shop) -> None:
    shop.flow()
    shop.leaves("ben")
    shop.suppress("ben")

    shop.tell(kinds.CUSTOMER_UNSUBSCRIBED, "ben")

    assert shop.run("ben").reason == "suppressed_marketing"


def test_goals_of_another_shops_person_change_nothing_here(shop: Shop) -> None:
    shop.flow()
    shop.leaves("ada")

    shop.buys("cy")

    assert shop.run("ada").status == "active"


def test_switching_off_holds_everybody_and_on_again_never_bursts(shop: Shop) -> None:
    flow = shop.flow()
    shop.leaves("ada")
    publishing.pause(flow, shop.at)

    shop.travel(days=4)
    assert shop.mails("ada") == []
    assert shop.run("ada").status == "active"
    publishing.go_live(flow, shop.at)
    shop.advance()

    first = Message.objects.of(shop.store).get()
    assert first.due_at == MONDAY + timedelta(hours=1)
    assert first.valid_until < shop.at
    shop.travel(minutes=1)
    assert shop.mails("ada") == ["1"]


def test_after_a_short_pause_a_step_is_still_taken_when_it_was_due(shop: Shop) -> None:
    flow = shop.flow()
    shop.leaves("ada")
    publishing.pause(flow, shop.at)
    publishing.go_live(flow, shop.at + timedelta(minutes=10))

    shop.travel(minutes=20)
    assert shop.mails("ada") == []
    shop.travel(minutes=40)

    assert shop.mails("ada") == ["1"]


def test_switching_off_takes_back_what_waits(shop: Shop) -> None:
    flow = shop.flow()
    shop.leaves("ada")
    shop.travel(hours=1)

    publishing.pause(flow, shop.at)

    mail = Message.objects.of(shop.store).get()
    assert (mail.status, mail.reason) == ("skipped", "flow_off")


STEP_BY_STEP: list[Any] = [
    {"wait": "1h"},
    {"send_email": {"template": "abandoned-checkout-1", "also": ["other-words-1"]}},
    {"wait": "24h"},
    {"send_email": "abandoned-checkout-2"},
]
"""Its first mail is not asked for in one statement with the others."""


def test_one_that_cannot_be_advanced_holds_up_nobody(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.flow(steps=STEP_BY_STEP)
    names = [f"person{n}" for n in range(7)]
    for name in names:
        shop.leaves(name)
    _poison(monkeypatch, shop.person("person3").pk)

    shop.travel(hours=1)

    assert [name for name in names if not shop.mails(name)] == ["person3"]
    poisoned = shop.run("person3")
    assert (poisoned.status, poisoned.attempts, poisoned.position) == ("active", 1, 0)
    assert poisoned.due_at is not None
    assert poisoned.due_at > shop.at


def test_after_three_times_it_leaves_with_its_reason(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.flow(steps=STEP_BY_STEP)
    shop.leaves("ada")
    _poison(monkeypatch, shop.person("ada").pk)

    shop.travel(hours=1)
    shop.travel(minutes=10)
    shop.travel(minutes=30)

    assert (shop.run("ada").status, shop.run("ada").reason) == ("exited", "crashed_three_times")


def test_poison_that_passes_is_forgotten(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.flow(steps=STEP_BY_STEP)
    shop.leaves("ada")
    with monkeypatch.context() as poisoned:
        _poison(poisoned, shop.person("ada").pk)
        shop.travel(hours=1)

    shop.travel(minutes=10)

    assert shop.mails("ada") == ["1"]
    assert Message.objects.of(shop.store).get().due_at == MONDAY + timedelta(hours=1)
    assert shop.run("ada").attempts == 0


def _poison(monkeypatch: pytest.MonkeyPatch, customer_id: int) -> None:
    take = SendEmail.take

    def poisoned(cases: Any, at: Any) -> Any:
        if any(case.run.customer_id == customer_id for case in cases):
            raise ZeroDivisionError
        return take(cases, at)

    monkeypatch.setattr(SendEmail, "take", poisoned)


def test_a_version_nobody_can_read_holds_its_people(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    flow = shop.flow()
    shop.leaves("ada")
    run = shop.run("ada")
    broken = publishing.Version.objects.create(flow=flow, number=9, definition={"flow": "x"}, published_at=shop.at)
    Enrollment.objects.filter(pk=run.pk).update(version=broken)

    shop.travel(hours=1)

    assert shop.run("ada").status == "active"
    assert "cannot be read" in caplog.text


def test_two_that_advance_at_once_never_take_a_step_twice(committed_shop: Shop) -> None:
    shop = committed_shop
    shop.flow()
    for number in range(60):
        shop.leaves(f"person{number}")
    at = shop.at + timedelta(hours=1)

    def advance(_worker: int) -> int:
        try:
            return sum(engine.advance_due(at, limit=7) for _ in range(12))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        done = sum(pool.map(advance, range(4)))

    assert done == 60
    assert Message.objects.of(shop.store).count() == 60
    assert StepRun.objects.of(shop.store).count() == 60


def test_a_crash_before_the_commit_leaves_nothing_half(committed_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = committed_shop
    shop.flow(steps=STEP_BY_STEP)
    shop.leaves("ada")
    monkeypatch.setattr(walking, "write", _lost_connection)

    with pytest.raises(engine.psycopg.OperationalError):
        engine.advance_due(shop.at + timedelta(hours=1))

    assert Message.objects.count() == 0
    assert StepRun.objects.count() == 0
    assert shop.run("ada").position == 0


def _lost_connection(*_: Any) -> None:
    raise engine.psycopg.OperationalError("the connection is lost")


def test_a_batch_costs_the_same_number_of_queries_for_one_and_for_many(shop: Shop) -> None:
    shop.flow()
    shop.flow(BEFORE_CHECKOUT)
    counts = []
    for people in (1, 30):
        for number in range(people):
            shop.leaves(f"one{people}-{number}", checkout=number % 2 == 0)
        counts.append(_statements(lambda: engine.advance_due(shop.at + timedelta(hours=1))))

    assert counts[1] <= counts[0]


def _statements(act: Any) -> int:
    """How many statements reach the server, whichever cursor sends them."""
    seen = []
    plain = db.cursor

    def counting() -> Any:
        seen.append(1)
        return plain()

    db.cursor = counting
    try:
        act()
    finally:
        db.cursor = plain
    return len(seen)


def test_the_claim_walks_its_own_index(shop: Shop) -> None:
    shop.flow()
    shop.leaves("ada")
    run = shop.run("ada")
    rows = [
        Enrollment(
            store=shop.store, flow_id=run.flow_id, version_id=run.version_id, customer=shop.person("ada"),
            occasion=f"o:{number}", status="completed", triggered_at=shop.at, entered_at=shop.at,
        )
        for number in range(5000)
    ]  # fmt: skip
    Enrollment.objects.bulk_create(rows)
    db.run("ANALYZE flows_enrollment")

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {walking.CLAIM}", [shop.at + timedelta(hours=1), 500])
        plan = cursor.fetchone()[0]

    text = plan if isinstance(plan, str) else json.dumps(plan)
    assert '"enrollment_due"' in text
    assert "Seq Scan" not in text


def test_a_step_is_told_how_late_it_is_and_the_steps_taken_are_written_down(shop: Shop) -> None:
    shop.flow()
    shop.leaves("ada")

    shop.travel(hours=1)
    shop.sent()
    shop.travel(hours=23)

    assert shop.steps("ada") == [1, 3]
    assert set(StepRun.objects.of(shop.store).values_list("kind", "outcome")) == {("send_email", "planned")}


def test_an_idle_tick_asks_once(shop: Shop) -> None:
    shop.flow(PLAN)
    shop.leaves("ada")

    assert _statements(lambda: engine.advance_due(shop.at)) == 1
