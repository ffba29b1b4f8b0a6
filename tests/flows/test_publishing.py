from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from apps.core.problems import DefinitionRefused
from apps.flows import definition, publishing
from apps.flows.models import Enrollment, Flow, Version
from apps.flows.publishing import HeadCount, Inside
from apps.mail.models import Message
from tests.flows.shops import PLAN, Shop

SLOWER = [{"wait": "2h"}, {"send_email": "abandoned-checkout-1"}]


def republish(shop: Shop, flow: Flow, people: Inside = Inside.FINISH, **changes: object) -> Version:
    flow.draft = {**flow.draft, **changes}
    flow.save()
    return publishing.publish(flow, shop.at, people)


def test_publishing_the_same_plan_again_makes_no_version(shop: Shop) -> None:
    flow = shop.flow()

    again = publishing.publish(flow, shop.at)

    assert (again.number, flow.versions.count()) == (1, 1)


def test_the_people_inside_finish_what_they_began(shop: Shop) -> None:
    flow = shop.flow()
    shop.leaves("ada")

    version = republish(shop, flow, steps=SLOWER)
    shop.leaves("cy")
    shop.travel(hours=1)

    assert version.number == 2
    assert (shop.mails("ada"), shop.mails("cy")) == (["1"], [])


def test_or_they_move_to_the_new_version_at_the_same_step(shop: Shop) -> None:
    flow = shop.flow()
    shop.leaves("ada")

    republish(shop, flow, Inside.MOVE, steps=SLOWER)

    shop.travel(hours=1)
    assert shop.mails("ada") == []
    shop.travel(hours=1)
    assert shop.mails("ada") == ["1"]
    assert shop.run("ada").version.number == 2


def test_who_moves_gets_no_mail_twice_and_misses_none(shop: Shop) -> None:
    flow = shop.flow()
    shop.leaves("ada")
    shop.travel(hours=1)
    shop.sent()
    shop.leaves("cy")

    # The second mail now comes first; a new one stands between; the third is gone.
    steps = [{"wait": "30m"}, {"send_email": "abandoned-checkout-2"}, {"wait": "1h"},
             {"send_email": "abandoned-checkout-1"}, {"wait": "24h"}, {"send_email": "extra-4"}]  # fmt: skip
    shop.template("extra-4")
    republish(shop, flow, Inside.MOVE, steps=steps)
    for _ in range(20):
        shop.travel(hours=4)
        shop.sent()

    assert shop.mails("ada") == ["1", "2", "4"]
    assert shop.mails("cy") == ["2", "1", "4"]
    assert (shop.run("ada").status, shop.run("cy").status) == ("completed", "completed")
    numbers = {mail.origin.rpartition(":")[2]: mail.template_slug for mail in Message.objects.of(shop.store)}
    assert numbers == {"1": "abandoned-checkout-2", "3": "abandoned-checkout-1", "5": "extra-4"}


def test_the_mail_of_a_step_that_is_gone_still_counts_and_the_run_goes_on(shop: Shop) -> None:
    flow = shop.flow()
    shop.leaves("ada")
    for hours in (1, 24):
        shop.travel(hours=hours)
        shop.sent()
    assert shop.mails("ada") == ["1", "2"]

    republish(shop, flow, Inside.MOVE, steps=[*PLAN["steps"][:2], {"wait": "48h"}, PLAN["steps"][5]])
    shop.travel(hours=48)

    assert shop.mails("ada") == ["1", "2", "3"]
    assert Message.objects.of(shop.store).filter(origin__contains="step:-").count() == 1


def test_the_owner_sees_what_each_choice_does(shop: Shop) -> None:
    flow = shop.flow()
    shop.leaves("ada")
    shop.travel(hours=25)
    shop.leaves("cy")
    flow.draft = {**flow.draft, "steps": SLOWER}

    finish, move, leave = publishing.outlooks(flow)

    assert (finish.go_on, move.go_on, move.through, leave.leave) == (2, 1, 1, 2)


def test_going_back_publishes_what_an_older_version_said(shop: Shop) -> None:
    flow = shop.flow()
    first = flow.version
    assert first is not None
    republish(shop, flow, steps=SLOWER)

    made = publishing.roll_back(flow, first, shop.at)

    assert (made.number, made.definition, flow.draft) == (3, first.definition, first.definition)
    shop.store.templates.update(live=None)
    with pytest.raises(DefinitionRefused):
        publishing.roll_back(flow, flow.versions.get(number=2), shop.at)


def test_who_is_past_the_end_of_the_new_version_is_through(shop: Shop) -> None:
    flow = shop.flow()
    shop.leaves("ada")
    shop.travel(hours=1)

    republish(shop, flow, Inside.MOVE, steps=SLOWER)
    shop.advance()

    assert shop.run("ada").status == "completed"


def test_or_they_leave_and_what_waits_is_taken_back(shop: Shop) -> None:
    flow = shop.flow()
    shop.leaves("ada")
    shop.travel(hours=1)

    republish(shop, flow, Inside.LEAVE, steps=SLOWER)

    assert (shop.run("ada").status, shop.run("ada").reason) == ("exited", "enrollment_ended")
    assert Message.objects.of(shop.store).get().status == "skipped"


def test_the_owner_sees_how_many_are_inside_before_choosing(shop: Shop) -> None:
    flow = shop.flow()
    shop.leaves("ada")
    shop.travel(hours=1)
    shop.leaves("cy")

    assert publishing.inside(flow) == [
        HeadCount(version=1, position=0, count=1),
        HeadCount(version=1, position=2, count=1),
    ]
    assert publishing.people_inside(flow) == 2


def test_a_draft_that_cannot_run_leaves_the_version_in_use(shop: Shop) -> None:
    flow = shop.flow()
    flow.draft = {
        **flow.draft,
        "priority": "first",
        "steps": [{"send_mail": "x"}, {"wait": "soon"}],
    }
    flow.save()

    with pytest.raises(DefinitionRefused) as refused:
        publishing.publish(flow, shop.at)

    flow.refresh_from_db()
    assert flow.version is not None
    assert flow.version.number == 1
    fields = [problem.field for problem in refused.value.problems]
    assert fields == ["priority", "steps[1].send_mail", "steps[2].wait.until"]


def test_a_template_that_is_not_there_is_named(shop: Shop) -> None:
    flow = shop.flow()
    flow.draft = {**flow.draft, "steps": [{"send_email": "abandoned-checkout-1"}, {"wait": "1h"},
                                          {"send_email": {"template": "nowhere", "valid_for": "2h"}}]}  # fmt: skip
    flow.save()

    with pytest.raises(DefinitionRefused, match=r"steps\[3\]\.send_email\.template"):
        publishing.publish(flow, shop.at)


def test_another_shops_template_does_not_count(shop: Shop) -> None:
    from tests.flows.shops import open_shop

    open_shop("Elsewhere").template("theirs")
    flow = publishing.save_draft(shop.store.pk, definition.read({**PLAN, "steps": [{"send_email": "theirs"}]}))

    with pytest.raises(DefinitionRefused, match="theirs"):
        publishing.publish(flow, shop.at)


def test_a_flow_that_was_never_published_cannot_be_switched_on(shop: Shop) -> None:
    flow = publishing.save_draft(shop.store.pk, definition.read(PLAN))

    with pytest.raises(publishing.NotPublished):
        publishing.go_live(flow, shop.at)


def test_switching_on_twice_keeps_the_first_moment(shop: Shop) -> None:
    flow = shop.flow()
    since = flow.live_since

    publishing.go_live(flow, shop.at + timedelta(days=1))

    assert flow.live_since == since


def test_a_deleted_flow_keeps_its_history(shop: Shop) -> None:
    flow = shop.flow()
    shop.leaves("ada")

    publishing.delete(flow, shop.at)

    assert Enrollment.objects.get().reason == "flow_off"
    assert (flow.live, flow.deleted_at) == (False, shop.at)


def test_the_database_refuses_to_change_what_is_published(shop: Shop) -> None:
    version = shop.flow().version
    assert version is not None

    with pytest.raises(Exception, match="published and cannot change"), transaction.atomic():
        Version.objects.filter(pk=version.pk).update(definition={})
