"""Scenario 21: an A/B test is random per customer and stable over retries; two differences cannot be started."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import msgspec
import pytest

from apps.core.problems import DefinitionRefused
from apps.dashboard import versions
from apps.flows import comparing, presets, publishing
from apps.flows.models import Enrollment, Flow, StepRun
from apps.mail.models import Message, Template
from tests.shopkeeping import Person

FIRST, OTHER = "abandoned-checkout-1", "abandoned-checkout-1-other"
PEOPLE = [Person(f"Person{number}", f"person{number}@shopper.example") for number in range(14)]


def writes(story, slug, **changes):
    """The shop's own copy of the first mail, with these changes, published."""
    for template in Template.objects.of(story.shop.store).filter(slug=FIRST):
        source = msgspec.structs.replace(versions.source_of(template), **changes)
        copy, _ = Template.objects.get_or_create(
            store=story.shop.store, slug=slug, locale=template.locale,
            defaults={"subject": "", "mjml": "", "text": ""},
        )  # fmt: skip
        versions.publish(copy, source)


def tries(story, one, other, **plan):
    """The owner's reminder with a test in the place of its first mail."""
    flow = Flow.objects.of(story.shop.store).get(slug="abandoned-checkout")
    test = {"ab": {"name": "first-subject", "variants": [{"variant": {"steps": one}}, {"variant": {"steps": other}}]}}
    flow.draft = {**presets.preset("abandoned-checkout").plain(), **plan, "steps": [test]}
    flow.save()
    return flow


def mail(slug, wait="1h"):
    return [{"wait": wait}, {"send_email": slug}]


def test_random_per_customer_stable_over_retries_and_reentries_and_the_owner_picks(woo):
    writes(woo, OTHER, subject="Twijfel je nog?")
    flow = tries(woo, mail(FIRST), mail(OTHER), reentry={"every": "1d"})
    publishing.publish(flow, woo.at)
    for person in PEOPLE:
        woo.shop.leaves_cart(person)
    woo.waits(hours=3)

    got = {person.email: [mail.subject for mail in woo.mails(person)] for person in PEOPLE}
    assert all(len(subjects) == 1 for subjects in got.values())
    texts = Counter(subjects[0] for subjects in got.values())
    assert len(texts) == 2
    assert "Twijfel je nog?" in texts

    # A step taken again (a crash before its commit) draws the same lot.
    lots = dict(StepRun.objects.filter(kind="ab").values_list("enrollment__customer", "outcome"))
    StepRun.objects.all().delete()
    Message.objects.all().delete()
    Enrollment.objects.update(position=0, step_at=None, spoke=None, status="active", due_at=woo.at, ended_at=None)
    woo.waits(hours=1)
    assert dict(StepRun.objects.filter(kind="ab").values_list("enrollment__customer", "outcome")) == lots

    found = comparing.compare(flow, "first-subject", woo.at)
    assert [side.variant for side in found.sides] == ["a", "b"]
    assert sum(side.people for side in found.sides) == len(PEOPLE)
    assert (found.answer, found.winner) == ("too_few", "")

    comparing.pick(flow, "first-subject", "b", woo.at)
    assert flow.draft["steps"] == mail(OTHER)
    with pytest.raises(comparing.NoSuchVariant):
        comparing.pick(flow, "first-subject", "b", woo.at)


@pytest.mark.parametrize(
    ("changes", "wait", "said"),
    [
        ({"subject": "Twijfel je nog?", "preheader": "Iets anders"}, "1h", "more than one thing"),
        ({"subject": "Twijfel je nog?"}, "2h", "more than one thing"),
        ({}, "1h", "the same"),
    ],
)
def test_two_differences_or_none_cannot_be_started(woo, changes, wait, said, settings):
    settings.LANGUAGE_CODE = "en"
    writes(woo, OTHER, **changes)
    flow = tries(woo, mail(FIRST), mail(OTHER, wait))

    with pytest.raises(DefinitionRefused) as refused:
        publishing.publish(flow, woo.at)

    assert [problem.field for problem in refused.value.problems] == ["steps[1].ab.variants"]
    assert said in str(refused.value)


@pytest.mark.parametrize(("changes", "wait"), [({"preheader": "Iets anders"}, "1h"), ({}, "3h")])
def test_one_difference_of_any_kind_can(woo, changes, wait):
    writes(woo, OTHER, **changes)
    flow = tries(woo, mail(FIRST), mail(OTHER, wait))

    assert publishing.publish(flow, woo.at).number == 2


def test_a_text_that_becomes_a_second_difference_keeps_the_flow_from_being_switched_on_again(woo):
    writes(woo, OTHER, subject="Twijfel je nog?")
    flow = tries(woo, mail(FIRST), mail(OTHER))
    publishing.publish(flow, woo.at)
    publishing.pause(flow, woo.at)
    writes(woo, OTHER, subject="Twijfel je nog?", preheader="En nog iets")

    with pytest.raises(publishing.NotPublished):
        publishing.go_live(flow, woo.at + timedelta(hours=1))
