"""Branches as people walk them: split at the moment they are reached, lateness and conditions through every fork."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from apps.consent.models import Suppression
from apps.customers.models import Customer
from apps.events import kinds
from apps.events.listeners import Told, tell
from apps.events.log import Happened, append
from apps.flows import chance, engine, happenings, notices
from apps.flows.models import Notice, StepRun
from apps.mail.models import Message, OutboxMail
from tests.flows.shops import MONDAY, Shop

VIP = [{"tagged": "vip"}]
FORK: list[Any] = [
    {"wait": "1h"},
    {"split": {"when": VIP, "then": [{"send_email": "vip-1"}], "otherwise": [{"wait": "2h"}, {"send_email": "all-2"}]}},
    {"wait": "24h"},
    {"send_email": "both-3"},
]  # fmt: skip


def tags(shop: Shop, name: str, *words: str) -> None:
    Customer.objects.filter(pk=shop.person(name).pk).update(tags=list(words))


def outcomes(shop: Shop, name: str = "ada") -> list[str]:
    taken = StepRun.objects.of(shop.store).filter(enrollment__customer=shop.person(name))
    return list(taken.order_by("id").values_list("outcome", flat=True))


def happens(shop: Shop, name: str, kind: str, data: dict[str, Any] | None = None, *, late: float = 0) -> None:
    """Something is told of this person, `late` hours after it happened."""
    person, moment = shop.person(name), shop.at - timedelta(hours=late)
    append(
        [
            Happened(
                store_id=shop.store.pk, customer_id=person.pk, subject=f"customer:{person.pk}", kind=kind,
                occurred_at=moment, source_key=f"{kind}:{person.pk}:{moment}", data=data or {},
            )
        ],
        shop.at,
    )  # fmt: skip
    told = Told(
        id=1, store_id=shop.store.pk, customer_id=person.pk, subject="", kind=kind, occurred_at=moment,
        recorded_at=shop.at, data=data or {},
    )  # fmt: skip
    tell([told], shop.at)


def test_a_split_is_decided_when_it_is_reached(shop: Shop) -> None:
    shop.flow(steps=FORK)
    shop.leaves("ada")
    shop.leaves("ben")

    shop.travel(minutes=59)
    tags(shop, "ada", "vip")
    shop.travel(minutes=1)
    shop.sent()
    tags(shop, "ben", "vip")
    shop.travel(hours=1)
    shop.sent()

    assert (shop.mails("ada"), shop.mails("ben")) == (["1"], ["2"])
    shop.travel(hours=22)
    assert (shop.mails("ada"), shop.mails("ben")) == (["1", "3"], ["2", "3"])
    assert outcomes(shop, "ada") == ["then", "planned", "planned"]
    assert shop.run("ada").status == shop.run("ben").status == "completed"


def test_a_mail_on_a_branch_that_goes_late_moves_what_follows_behind_the_fork(shop: Shop) -> None:
    shop.flow(steps=FORK)
    tags(shop, "ada", "vip")
    shop.leaves("ada")
    shop.travel(hours=1)

    shop.travel(hours=11)
    shop.sent()
    shop.travel(hours=12)
    assert shop.mails("ada") == ["1"]
    shop.travel(hours=11)

    assert shop.mails("ada") == ["1", "3"]
    assert Message.objects.of(shop.store).latest("id").due_at == MONDAY + timedelta(hours=12 + 23)


def test_whatever_moves_the_moment_of_looking_brings_no_step_forward(shop: Shop) -> None:
    shop.flow(steps=FORK)
    shop.leaves("ada")
    shop.travel(hours=1)

    for _ in range(3):
        run = shop.run("ada")
        type(run).objects.filter(pk=run.pk).update(due_at=shop.at)
        shop.advance()

    assert shop.mails("ada") == []
    assert shop.run("ada").step_at == MONDAY + timedelta(hours=2)
    shop.travel(hours=1)
    assert shop.mails("ada") == ["2"]


def test_an_order_on_the_way_ends_the_run_on_any_branch(shop: Shop) -> None:
    shop.flow(steps=FORK)
    shop.leaves("ada")
    shop.travel(hours=1)
    shop.order("ada")

    shop.travel(hours=1)

    assert (shop.run("ada").reason, shop.mails("ada")) == ("order_placed", [])


def test_leaving_by_plan_says_so(shop: Shop) -> None:
    shop.flow(steps=[{"split": {"when": VIP, "then": ["exit"]}}, {"send_email": "all-1"}])
    tags(shop, "ada", "vip")
    shop.leaves("ada")
    shop.leaves("ben")

    shop.advance()

    assert (shop.run("ada").status, shop.run("ada").reason) == ("exited", "left_by_plan")
    assert (shop.mails("ada"), shop.mails("ben")) == ([], ["1"])


CLICK: list[Any] = [
    {"send_email": "ask-1"},
    {"wait_for": {"event": "mail.clicked", "at_most": "3d"}},
    {"tag": "saw-it"},
    {"send_email": "then-2"},
]


def test_what_is_waited_for_goes_on_at_once_and_what_happened_before_is_no_answer(shop: Shop) -> None:
    shop.flow(steps=CLICK, exits=[])
    shop.leaves("ada")
    happens(shop, "ada", kinds.MAIL_CLICKED, late=1)
    shop.advance()
    shop.sent()
    shop.travel(hours=5)
    assert shop.mails("ada") == ["1"]

    happens(shop, "ada", kinds.MAIL_CLICKED, late=2)
    shop.advance()

    assert shop.mails("ada") == ["1", "2"]
    assert outcomes(shop) == ["planned", "happened", "tagged", "planned"]
    # Told two hours late, planned from when it happened.
    assert Message.objects.of(shop.store).latest("id").due_at == MONDAY + timedelta(hours=3)
    assert shop.person("ada").__class__.objects.get(pk=shop.person("ada").pk).tags == ["saw-it"]


def test_what_does_not_happen_in_time_times_out_at_its_moment(shop: Shop) -> None:
    shop.flow(steps=CLICK, exits=[])
    shop.leaves("ada")
    shop.advance()
    shop.sent()

    shop.travel(days=2, hours=23)
    assert shop.mails("ada") == ["1"]
    shop.travel(hours=1)

    assert outcomes(shop) == ["planned", "timed_out", "tagged", "planned"]
    assert Message.objects.of(shop.store).latest("id").due_at == MONDAY + timedelta(days=3)


def test_only_the_named_event_of_another_app_wakes(shop: Shop) -> None:
    wait = {"wait_for": {"event": "custom", "name": "points_earned", "at_most": "3d"}}
    shop.flow(steps=[wait, {"send_email": "points-1"}], exits=[])
    shop.leaves("ada")
    shop.advance()

    happens(shop, "ada", kinds.CUSTOM, {"name": "quiz"})
    shop.travel(hours=1)
    assert shop.mails("ada") == []
    happens(shop, "ada", kinds.CUSTOM, {"name": "points_earned"})
    shop.advance()

    assert shop.mails("ada") == ["1"]


def test_the_event_and_the_time_out_racing_give_one_end(committed_shop: Shop) -> None:
    shop = committed_shop
    shop.flow(steps=[{"wait_for": {"event": "mail.clicked", "at_most": "1h"}}, {"send_email": "x-1"}], exits=[])
    names = [f"person{number}" for number in range(12)]
    for name in names:
        shop.leaves(name)
    shop.advance()
    shop.at += timedelta(hours=1)
    told = [
        Told(
            id=number, store_id=shop.store.pk, customer_id=shop.person(name).pk, subject="", kind=kinds.MAIL_CLICKED,
            occurred_at=shop.at - timedelta(seconds=1), recorded_at=shop.at, data={},
        )
        for number, name in enumerate(names)
    ]  # fmt: skip

    def race(worker: int) -> None:
        try:
            for event in told if worker % 2 else reversed(told):
                happenings.wake([event], shop.at - timedelta(seconds=1))
                engine.advance_due(shop.at, limit=3)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(race, range(4)))
    shop.advance()

    assert [shop.run(name).status for name in names] == ["completed"] * 12
    assert Message.objects.of(shop.store).count() == 12
    assert StepRun.objects.of(shop.store).filter(kind="wait_for").count() == 12


def test_more_texts_are_shared_out_and_each_person_keeps_theirs(shop: Shop) -> None:
    shop.flow(
        steps=[{"send_email": {"template": "first-1", "also": ["first-2"]}}],
        reentry={"every": "1d"},
        merge_within="off",
    )
    names = [f"person{number}" for number in range(30)]
    for name in names:
        shop.leaves(name)
    shop.advance()
    first = {name: shop.mails(name)[-1] for name in names}
    shop.sent()

    shop.travel(days=8)
    for name in names:
        shop.leaves(name)
    shop.advance()

    assert {name: shop.mails(name) for name in names} == {name: [text, text] for name, text in first.items()}
    assert set(first.values()) == {"1", "2"}


def test_chance_is_fair_and_always_the_same() -> None:
    drawn = [chance.drawn("test", 7, "subject", customer, (3, 1)) for customer in range(8000)]

    # Four standard deviations: sqrt(8000 * 3/4 * 1/4) is 38.7.
    assert abs(drawn.count(0) - 6000) < 155
    assert drawn == [chance.drawn("test", 7, "subject", customer, (3, 1)) for customer in range(8000)]
    other = [chance.drawn("test", 7, "other", customer, (3, 1)) for customer in range(8000)]
    assert abs(sum(a == b == 1 for a, b in zip(drawn, other, strict=True)) - 500) < 88


def test_the_owner_is_told_once_by_mail_and_on_the_page(shop: Shop, settings: Any) -> None:
    settings.ENV = settings.ENV.__class__(**{**_env(settings.ENV), "email_url": "outbox://"})
    shop.store.from_email = "shop@example.com"
    shop.store.save()
    shop.flow(steps=[{"notify_owner": "Please call today"}, {"send_email": "care-1"}])
    shop.leaves("ada")

    shop.advance()
    while notices.mail_due(shop.at):
        pass

    (told,) = notices.of_store(shop.store.pk, unseen=True)
    assert (told.text, told.email) == ("Please call today", "ada@example.com")
    note = OutboxMail.objects.get()
    assert note.message.kind == "internal"
    assert note.message.address == "shop@example.com"
    assert b"Please call today" in bytes(note.data)
    assert notices.seen(shop.store.pk, shop.at) == 1
    assert notices.of_store(shop.store.pk, unseen=True) == []
    assert Notice.objects.get().due_at is None
    assert shop.mails("ada") == ["1"]


def _env(env: Any) -> dict[str, Any]:
    import dataclasses

    return {field.name: getattr(env, field.name) for field in dataclasses.fields(env)}


def test_leaving_in_peace_is_taken_back_by_a_sign_of_life_or_when_its_days_are_over(shop: Shop) -> None:
    from apps.flows import sunset

    shop.flow(steps=[{"send_email": "bye-1"}, {"wait": "7d"}, {"suppress": 30}], exits=["suppressed"])
    for name in ("ada", "ben"):
        shop.leaves(name)
    shop.advance()
    shop.sent()
    shop.travel(days=7)
    standing = Suppression.objects.filter(lifted_at__isnull=True)
    assert {(row.scope, row.reason) for row in standing.all()} == {("marketing", "sunset")}
    assert standing.all().count() == 2

    happens(shop, "ada", kinds.ORDER_PLACED)
    assert standing.all().count() == 1
    assert sunset.lift_over(shop.at + timedelta(days=29), 100) == 0
    assert sunset.lift_over(shop.at + timedelta(days=30), 100) == 1


def test_what_a_person_asked_for_is_never_taken_back(shop: Shop) -> None:
    shop.flow(steps=[{"tag": "gone"}, "suppress"], exits=[])
    shop.suppress("ben")
    shop.leaves("ben")
    shop.advance()

    happens(shop, "ben", kinds.MAIL_CLICKED)

    (row,) = Suppression.objects.all()
    assert (row.reason, row.lifted_at) == ("unsubscribed", None)


def test_a_flow_in_shadow_plans_mails_in_shadow(shop: Shop) -> None:
    flow = shop.flow(steps=FORK)
    type(flow).objects.filter(pk=flow.pk).update(shadow=True)
    shop.leaves("ada")

    shop.travel(hours=2)

    assert list(Message.objects.of(shop.store).values_list("shadow", flat=True)) == [True]


@pytest.mark.parametrize("steps", [["suppress"], [{"tag": "x"}]])
def test_a_flow_may_do_something_without_a_mail(shop: Shop, steps: list[Any]) -> None:
    shop.flow(steps=steps, exits=[])
    shop.leaves("ada")

    shop.advance()

    assert shop.run("ada").status == "completed"
