"""Scenarios 25 and 26: effort is counted by button and not by scanner; a low score rings at the owner's."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.invariants import bodies
from tests.shopkeeping import ADA, Outbox, Person, Shop
from tests.stories import planning
from tests.stories.answering import below, days_pass, leads_to, looks, path_of, presses

if TYPE_CHECKING:
    from django.test import Client

PEOPLE = [Person(f"P{number}", f"p{number}@shopper.example") for number in range(10)]


def buys(shop: Shop, person: Person, number: int) -> None:
    at = shop.world.at
    shop.says_yes(person)
    shop.sends(bodies.woo_order(number, at, "completed", created=at, email=person.email, paid=at, completed=at))


def results(shop: Shop, slug: str, *, asked: int = 0):
    from apps.feedback.answering import codes_of
    from apps.feedback.models import Survey
    from apps.feedback.results import results as counted

    survey = Survey.objects.of(shop.store).get(slug=slug, replaced_at=None)
    since, until = shop.world.at - timedelta(days=90), shop.world.at + timedelta(days=1)
    return counted(
        store_id=shop.store.pk, slug=slug, kind=survey.kind, codes=codes_of(survey), since=since, until=until,
        asked=asked,
    )  # fmt: skip


def test_ten_answers_two_of_them_far_too_much(shop: Shop, phone: Client, outbox: Outbox) -> None:
    planning.preset(shop, "survey-effort")
    for number, person in enumerate(PEOPLE):
        buys(shop, person, 8000 + number)
    days_pass(shop.world, 4, 5)
    assert {mail.subject for mail in outbox.all()} == {"Was bestellen makkelijk?"}
    pages = [path_of(leads_to(phone, shop.world, below(outbox.to(one)[0], "Veel te veel"))) for one in PEOPLE]

    # A mailbox's scanner opens every link, with GET and with HEAD.
    for page in pages:
        looks(phone, shop.world, page)
        looks(phone, shop.world, page, method="head")
    assert results(shop, "effort").n == 0

    for place, page in enumerate(pages):
        effort = "far_too_much" if place < 3 else "little"
        presses(phone, shop.world, page, **{"answer.order": effort, "answer.find": "little"})
    presses(phone, shop.world, pages[2], **{"answer.order": "some", "answer.find": "little"})

    found = results(shop, "effort", asked=10)
    shares = {figure.part: figure.value for figure in found.figures}
    assert shares == {"find": Decimal("0.00"), "order": Decimal("20.00"), "receive": None}
    assert (found.n, found.rate, found.is_thin) == (10, Decimal("100.00"), True)
    # Who answered is not reminded.
    days_pass(shop.world, 9, 10)
    assert all(len(outbox.to(person)) == 1 for person in PEOPLE)


def test_who_does_not_answer_is_reminded_once(shop: Shop, outbox: Outbox) -> None:
    planning.preset(shop, "survey-nps")
    buys(shop, ADA, 8100)

    days_pass(shop.world, 4, 7, 7, 30)

    assert [mail.subject for mail in outbox.to(ADA)] == ["Zou je ons aanraden?", "Welk cijfer geef je ons?"]


def test_nobody_is_asked_the_same_a_third_time_whatever_the_plan_says(shop: Shop, outbox: Outbox) -> None:
    """Another question is another matter, and the run goes on."""
    from apps.flows.models import StepRun

    ask = {"survey": "nps", "template": "survey-nps-1"}
    other = {"survey": "contact", "template": "survey-contact-1"}
    plan = {2: ask, 4: ask, 6: ask, 8: other}
    steps = [step for day, asked in plan.items() for step in ({"wait": f"{day}d"}, {"ask": asked})]
    planning.live(shop, "asking", "order_paid", purpose="survey", steps=steps)
    buys(shop, ADA, 8150)

    days_pass(shop.world, *[1] * 12)

    trace = StepRun.objects.filter(kind="ask").order_by("position")
    assert [(step.outcome, step.detail["survey"]) for step in trace] == [
        ("planned", "nps"), ("planned", "nps"), ("asked_enough", "nps"), ("planned", "contact"),
    ]  # fmt: skip
    assert [mail.subject for mail in outbox.to(ADA)][:2] == ["Zou je ons aanraden?"] * 2
    assert len(outbox.to(ADA)) == 3


def test_a_low_score_rings_at_the_owners_and_promotions_hold(shop: Shop, phone: Client, outbox: Outbox) -> None:
    from apps.customers.models import Hold
    from apps.dashboard.alarms import alarms

    planning.preset(shop, "survey-satisfaction")
    planning.preset(shop, "after-complaint")
    shop.store.profile = {"review_url": "https://nl.trustpilot.com/evaluate/molenzicht.nl"}
    shop.store.save(update_fields=["profile"])
    low, high = PEOPLE[:2]
    for number, person in enumerate((low, high)):
        buys(shop, person, 8200 + number)
    days_pass(shop.world, 4, 5)
    thanks = []
    for person, label, code in ((low, "Heel ontevreden", "1"), (high, "Heel tevreden", "5")):
        page = path_of(leads_to(phone, shop.world, below(outbox.to(person)[0], label)))
        thanks.append(presses(phone, shop.world, page, **{"answer.": code, "comment": "Kapot aangekomen"}))
    shop.world.travel(minutes=1)

    (rung,) = [mail for mail in outbox.all() if "hallo@molenzicht.example" in str(mail.parsed["To"])]
    assert low.email in rung.text
    assert "Kapot aangekomen" in rung.text
    assert low.email not in rung.subject
    assert any("lowscore" in alarm.url for alarm in alarms(shop.store, shop.world.at))
    assert [hold.customer_id for hold in Hold.objects.of(shop.store).filter(kind="score")] == [shop.customer(low).pk]
    # Both keep the public review link.
    assert all(b"https://nl.trustpilot.com/evaluate/molenzicht.nl" in page.content for page in thanks)

    # A promotion waits; a week later somebody asks whether it is all right now.
    shop.asks_for(low, purpose="winback", template_slug="survey-satisfaction-2")
    days_pass(shop.world, 8)

    assert [mail.subject for mail in outbox.to(low)][1:] == ["Is het nu in orde?"]
    assert len(outbox.to(high)) == 1
