"""Every recipe is done as the page says, and does what it says, to whom it says."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.docs.recipes import Recipe, recipe, recipes
from tests.invariants import bodies
from tests.shopkeeping import ADA, BEN, Outbox, Person, Shop
from tests.stories import planning
from tests.stories.answering import below, days_pass, leads_to, path_of, presses
from tests.stories.otherapps import tells

if TYPE_CHECKING:
    from django.test import Client as Phone

BEA = Person("Bea", "bea@shopper.example", 9002)
EVA = Person("Eva", "eva@shopper.example")


@pytest.fixture
def english(shop: Shop) -> Shop:
    """A shop that writes English, sells mugs, and may write to Ada and Bea."""
    from apps.catalog.models import Product

    shop.store.language = "en"
    shop.store.save(update_fields=["language"])
    for number, name in ((13, "Blue mug"), (14, "Green mug")):
        shop.sends(bodies.woo_product(number, shop.world.at, name=name))
    shop.says_yes(ADA)
    shop.says_yes(BEA)
    Product.objects.of(shop.store).update(in_stock=True, url="https://molenzicht.example/p", sold=3)
    return shop


@pytest.fixture
def phone() -> Phone:
    from django.test import Client

    return Client(headers={"user-agent": "Mozilla/5.0 (iPhone) Safari/604.1"}, enforce_csrf_checks=True)


def subjects(outbox: Outbox, person: Person) -> list[str]:
    return [mail.subject for mail in outbox.to(person)]


def link_of(text: str) -> str:
    """Where one can pay."""
    (line,) = [line for line in text.splitlines() if line.startswith("You can also pay now: ")]
    return line.partition(": ")[2]


def buys(shop: Shop, person: Person, number: int, price: str = "12.00", **more: object) -> None:
    at = shop.world.at
    order = {"things": [("13", 1, price)], "paid": at, "first_name": person.name, "created": at} | more
    shop.sends(bodies.woo_order(number, at, "processing", email=person.email, **order))
    shop.world.travel(minutes=1)


def test_every_behaviour_of_the_page_stands_on_it_once_and_holds_what_it_needs() -> None:
    found = recipes()

    numbers = [number for one in found for number in one.numbers]
    assert numbers == [5, 29, 30, 31, 33, 35, 36, 37, 55, 61]
    for one in found:
        assert one.flows, one.title
        assert one.mails, one.title
        named = " ".join(one.flows)
        assert all(mail.slug in named or mail.slug == "new-collection-1" for mail in one.mails), one.title


def test_b05_who_only_looked_hears_of_it_once_and_who_left_a_basket_does_not(english: Shop, outbox: Outbox) -> None:
    look = recipe(5).made(english)
    look.told(english)
    look.told(english, BEA)
    english.leaves_cart(BEA)
    english.world.travel(hours=23)
    assert outbox.all() == []

    english.world.travel(hours=2)
    look.told(english)
    english.world.travel(days=2)

    (mail,) = outbox.to(ADA)
    assert mail.subject == "Blue mug: questions before you choose?"
    assert "Blue mug" in mail.text
    assert outbox.to(BEA) == []


def test_b29_b30_gold_is_welcomed_reads_early_and_a_refund_ends_it(english: Shop, outbox: Outbox) -> None:
    from apps.flows import campaigns
    from apps.flows.models import Campaign
    from apps.segments.models import Segment

    recipe(29).made(english)
    placed = english.world.at
    buys(english, ADA, 501, "620.00")
    buys(english, BEA, 502, "620.00")
    english.says_yes(BEN)
    buys(english, BEN, 503, "40.00")
    english.world.travel(hours=2)
    buys(english, BEA, 502, "620.00", created=placed, paid=placed, refunds=[(1, "200.00")])
    english.world.travel(days=2)
    assert subjects(outbox, ADA) == ["Something for our best customers"]
    assert outbox.to(BEA) == []

    for audience in ("segment", "everybody"):
        segment = Segment.objects.of(english.store).get(slug="gold") if audience == "segment" else None
        mail = Campaign.objects.create(
            store=english.store, name=audience, template_slug="new-collection-1", audience=audience, segment=segment
        )
        campaigns.start(mail, english.world.at)
        english.world.travel(minutes=2)
        if segment:
            assert [mail.subject for mail in outbox.all()][1:] == ["New in the shop"]

    assert "until Thursday only our gold customers" in outbox.to(ADA)[1].text
    assert "It is here: have a look." in outbox.to(BEN)[0].text


def test_b31_points_that_end_are_told_and_a_few_are_not(english: Shop, outbox: Outbox) -> None:
    points = recipe(31).made(english)
    points.told(english)
    points.told(english)
    points.told(english, BEA, points=99)
    english.world.travel(days=1)

    (mail,) = outbox.to(ADA)
    assert mail.subject == "Your points are good until 31 March"
    assert "340 points. They are worth €3.40" in mail.text
    assert outbox.to(BEA) == []


def test_b33_a_friend_is_thanked_for_once(english: Shop, outbox: Outbox) -> None:
    referral = recipe(33).made(english)
    referral.told(english)
    english.world.travel(hours=2)
    referral.told(english)
    english.world.travel(hours=2)
    referral.told(english, BEA, code=None)
    english.world.travel(hours=2)

    (mail,) = outbox.to(ADA)
    assert "Bo ordered for the first time" in mail.text
    assert "With the code THANKS-7Q2 you get €5 off" in mail.text
    assert "code" not in outbox.to(BEA)[0].text


def test_b35_who_bears_no_nuts_reads_of_none(english: Shop, outbox: Outbox) -> None:
    from apps.catalog.models import Product

    Product.objects.of(english.store).update(categories=["Pantry"])
    allergy = recipe(35).made(english)
    allergy.told(english)
    for number, person in ((601, ADA), (602, BEA)):
        buys(english, person, number)
    days_pass(english.world, 3, 10)

    assert subjects(outbox, ADA) == ["Three ways to serve it"]
    assert "roasted peppers" in outbox.to(ADA)[0].text
    assert "nut" not in outbox.to(ADA)[0].text
    assert subjects(outbox, BEA) == ["Three ways to serve it", "Our nuts, freshly roasted"]
    assert "walnuts" in outbox.to(BEA)[0].text


def test_b36_the_advice_comes_at_once_and_an_order_ends_it(english: Shop, outbox: Outbox) -> None:
    quiz = recipe(36).made(english)
    quiz.told(english)
    quiz.told(english, BEA)
    english.world.travel(days=1)
    buys(english, BEA, 701)
    english.world.travel(days=3)

    first, second = outbox.to(ADA)
    assert first.subject == "Your advice: Blue mug"
    assert "Dry skin likes oil in the evening." in first.text
    assert "Not sure yet about Blue mug?" in second.text
    assert subjects(outbox, BEA) == ["Your advice: Blue mug"]
    assert english.customer(ADA).properties == {"skin": "dry"}


def test_b37_a_failed_payment_is_told_without_permission_until_it_is_paid(
    english: Shop, phone: Phone, outbox: Outbox
) -> None:
    from apps.flows.models import Enrollment

    subscription = recipe(37).made(english)
    english.says_no(ADA)
    subscription.told(english)
    subscription.told(english, BEA)
    english.world.travel(days=1)
    subscription.told(english, BEA, which=1)
    english.world.travel(days=3)

    assert subjects(outbox, ADA) == [
        "The payment of your subscription did not go through", "Shall we keep your subscription?",
    ]  # fmt: skip
    assert "Coffee, every month did not go through. We try again on 9 March." in outbox.to(ADA)[0].text
    assert leads_to(phone, english.world, link_of(outbox.to(ADA)[0].text)) == "https://molenzicht.example/pay/77"
    assert len(outbox.to(BEA)) == 1
    paid = Enrollment.objects.of(english.store).get(customer=english.customer(BEA))
    assert (paid.status, paid.reason) == ("exited", "told_by_app")


def test_b55_who_asked_is_told_when_it_is_back(english: Shop, outbox: Outbox) -> None:
    from apps.catalog.models import Product

    Product.objects.of(english.store).filter(external_id="13").update(in_stock=False)
    back = recipe(55).made(english)
    back.told(english)
    back.told(english, BEA, product="14")
    english.world.travel(days=1)
    assert outbox.all() == []

    post = bodies.woo_product(13, english.world.at, name="Blue mug")
    body = json.loads(post.body) | {"stock_status": "instock"}
    english.sends(replace(post, body=json.dumps(body).encode()))
    english.world.travel(hours=1)

    (mail,) = outbox.to(ADA)
    assert mail.subject == "Blue mug is here again"
    assert outbox.to(BEA) == []


def test_b61_who_would_recommend_us_is_asked_for_a_photo(english: Shop, phone: Phone, outbox: Outbox) -> None:
    planning.preset(english, "survey-nps")
    story: Recipe = recipe(61).made(english)
    people = (ADA, BEA, BEN, EVA)
    for person in (BEN, EVA):
        english.says_yes(person)
    assert tells(english, {"kind": "photo.received", "email": EVA.email}) == 202
    for number, person in enumerate(people):
        at = english.world.at
        english.sends(
            bodies.woo_order(800 + number, at, "completed", created=at, email=person.email, paid=at, completed=at)
        )
    days_pass(english.world, 4, 7)
    for person, mark in zip(people, ("10", "9", "7", "10"), strict=True):
        page = path_of(leads_to(phone, english.world, below(outbox.to(person)[0], mark)))
        presses(phone, english.world, page, **{"answer.": mark})
    days_pass(english.world, 1)
    story.told(english, BEA)
    days_pass(english.world, 14)

    assert subjects(outbox, ADA)[1:] == ["How do you use it?"]
    assert "three sentences about it" in outbox.to(ADA)[1].text
    assert [len(outbox.to(person)) for person in (BEA, BEN, EVA)] == [1, 1, 1]
