"""What the other stories leave untold of docs/behaviours.md: from deliveries to mails, and who got none."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.invariants import bodies
from tests.offers import giving
from tests.shopkeeping import ADA, BEN, Outbox, Person, Shop, run_queues
from tests.stories import planning
from tests.stories.answering import below, days_pass, leads_to, path_of, presses
from tests.stories.otherapps import tells
from tests.stories.writing import publishes

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client

BEA = Person("Bea", "bea@shopper.example", 9002)


def subjects(outbox: Outbox, person: Person) -> list[str]:
    return [mail.subject for mail in outbox.to(person)]


def stocks(shop: Shop) -> None:
    """Two things that can be had, of which the second sells best."""
    from apps.catalog.models import Product

    for number in (13, 15):
        shop.sends(bodies.woo_product(number, shop.world.at, name=f"Thing {number}"))
        kept = {"url": f"https://molenzicht.example/p/{number}/", "in_stock": True, "sold": number}
        Product.objects.of(shop.store).filter(external_id=str(number)).update(**kept)


def test_a_month_after_the_only_order_an_idea_and_a_reason_to_return(shop: Shop, outbox: Outbox) -> None:
    """B10."""
    stocks(shop)
    shop.store.profile = {"service_line": "Vragen? We helpen graag."}
    shop.store.save(update_fields=["profile"])
    planning.preset(shop, "second-purchase")
    for person in (ADA, BEA):
        shop.says_yes(person)
        shop.places_order(person)
    days_pass(shop.world, 29)
    assert outbox.all() == []
    days_pass(shop.world, 1)
    shop.places_order(BEA)
    days_pass(shop.world, 15, 30)

    assert subjects(outbox, ADA) == ["Een idee bij wat je eerder koos", "Waarom klanten bij ons terugkomen"]
    assert "Thing 15" in outbox.to(ADA)[0].text
    assert "Vragen? We helpen graag." in outbox.to(ADA)[1].text
    assert subjects(outbox, BEA) == ["Een idee bij wat je eerder koos"]


def test_after_contact_one_question_and_only_to_who_was_helped(shop: Shop, phone: Client, outbox: Outbox) -> None:
    """B44: a help desk tells that a question was answered."""
    from apps.feedback.models import Answer

    planning.preset(shop, "survey-contact")
    for person in (ADA, BEA):
        shop.says_yes(person)
    assert tells(shop, {"kind": "ticket.closed", "email": ADA.email, "properties": {"subject": "Lamp"}}) == 202
    assert tells(shop, {"kind": "ticket.opened", "email": BEA.email}) == 202
    shop.world.travel(hours=23)
    assert outbox.all() == []
    days_pass(shop.world, 1)

    (mail,) = outbox.to(ADA)
    assert mail.subject == "Hebben we je goed geholpen?"
    page = path_of(leads_to(phone, shop.world, below(mail, "Heel tevreden")))
    assert not Answer.objects.exists(), "looking records nothing"
    presses(phone, shop.world, page, **{"answer.": "5"})
    assert Answer.objects.get(store=shop.store).customer_id == shop.customer(ADA).pk
    assert outbox.to(BEA) == []


def test_the_founder_asks_after_the_second_order_and_stops_at_a_reply(shop: Shop, outbox: Outbox) -> None:
    """B54."""
    planning.preset(shop, "founder-question")
    for person, orders in ((ADA, 2), (BEA, 2), (BEN, 1)):
        shop.says_yes(person)
        for _ in range(orders):
            shop.places_order(person)
            shop.world.at += timedelta(minutes=1)
    days_pass(shop.world, 3)
    assert tells(shop, {"kind": "mail.replied", "email": BEA.email}) == 202
    days_pass(shop.world, 8)

    (mail,) = outbox.to(ADA)
    assert mail.subject == "Een vraag van mij aan jou"
    assert str(mail.parsed["Reply-To"] or mail.parsed["From"]).find("noreply") < 0
    assert outbox.to(BEA) == outbox.to(BEN) == []


def ignored(shop: Shop, person: Person, count: int) -> None:
    """Marketing mails that arrived lately, a day apart, and were not clicked."""
    from apps.mail.models import Message

    at = shop.world.at
    Message.objects.bulk_create(
        Message(
            store=shop.store, customer=shop.customer(person), origin=f"{person.name}:{n}", status="accepted",
            purpose="cart", template_slug=planning.ANY, planned_at=at, wanted_at=at, valid_until=at,
            sending_at=at + timedelta(days=n), basis="consent", policy_version="1",
        )
        for n in range(count)
    )  # fmt: skip


def test_who_is_about_to_leave_is_asked_once_and_who_is_not_late_is_not(shop: Shop, outbox: Outbox) -> None:
    """B27: three orders a month apart, then fifty days of nothing and five mails without a click."""
    for person in (ADA, BEA):
        shop.says_yes(person)
    for _ in range(3):
        for person in (ADA, BEA):
            shop.places_order(person)
        shop.world.at += timedelta(days=30)
    run_queues(shop.world.at)
    planning.preset(shop, "at-risk")
    for person in (ADA, BEA):
        ignored(shop, person, 5)
    days_pass(shop.world, 10)
    shop.places_order(BEA)
    days_pass(shop.world, 10, 1, 30)

    assert subjects(outbox, ADA) == ["Kunnen we iets beter doen?"]
    assert outbox.to(BEA) == []


def test_who_shows_no_sign_of_life_is_asked_and_then_left_in_peace(shop: Shop, outbox: Outbox) -> None:
    """The farewell: ten mails in half a year, and nothing came of any."""
    from apps.customers.models import Customer
    from apps.segments.measuring import measure

    for person in (ADA, BEA):
        shop.says_yes(person)
    Customer.objects.of(shop.store).update(created_at=shop.world.at - timedelta(days=400))
    planning.preset(shop, "sunset")
    for person in (ADA, BEA):
        ignored(shop, person, 10)
    shop.world.at += timedelta(days=10)
    shop.leaves_cart(BEA)
    measure([shop.customer(person).pk for person in (ADA, BEA)], shop.world.at)
    days_pass(shop.world, 1, 1, 7, 1)

    assert subjects(outbox, ADA) == ["Wil je onze mails nog ontvangen?", "We laten je voortaan met rust"]
    shop.asks_for(ADA, purpose="campaign", template_slug="sunset-1")
    shop.world.travel(hours=1)
    assert shop.messages(ADA)[-1].reason == "suppressed_marketing"
    assert outbox.to(BEA) == []


def test_a_mail_to_a_segment_goes_to_who_is_in_it(shop: Shop, outbox: Outbox) -> None:
    """B34, B45 and B47: the owner presses send."""
    from apps.flows import campaigns
    from apps.flows.models import Campaign
    from apps.mail.library import install_templates
    from apps.segments import saving
    from apps.segments.models import Segment

    install_templates(shop.store, "founder-question")
    loyal = Segment.objects.create(store=shop.store, slug="loyal", name="Loyal")
    saving.save(loyal, [{"ordered": {"n": 2}}], shop.world.at)
    for person, orders in ((ADA, 2), (BEA, 1), (BEN, 2)):
        shop.says_yes(person)
        for _ in range(orders):
            shop.places_order(person)
    shop.suppresses(BEN)
    shop.world.travel(minutes=5)
    survey = Campaign.objects.create(
        store=shop.store, name="What shall we do", template_slug="founder-question-1", segment=loyal
    )
    assert outbox.all() == []

    campaigns.start(survey, shop.world.at)
    shop.world.travel(minutes=5)

    assert [str(mail.parsed["To"]) for mail in outbox.all()] == [ADA.email]


OFFERS: list[tuple[str, dict[str, Any], str]] = [
    ("ten", {"kind": "percent", "value": Decimal(10)}, "10 %"),
    ("twenty", {"kind": "percent", "value": Decimal(20)}, "20 %"),
    ("shipping", {"kind": "free_shipping", "value": Decimal(0)}, "gratis verzending"),
]


def test_each_kind_of_offer_stands_in_its_mail_with_a_code_of_ones_own(
    joins: Callable[..., Any], outbox: Outbox
) -> None:
    """B20 and B22; ten euros of credit (B21) and the reminder (B60) are told with the year's presets."""
    from apps.offers.issuing import issue_due
    from apps.offers.models import Code

    shop = joins("woocommerce")
    people = [Person(name.title(), f"{name}@shopper.example") for name, _, _ in OFFERS]
    for person, (name, terms, _) in zip(people, OFFERS, strict=True):
        giving.offers(shop, name=name, lasts=timedelta(days=14), **terms)
        planning.live(
            shop, name, {"custom_event": f"give.{name}"},
            steps=[{"give_offer": name}, {"send_email": "second-purchase-2"}],
        )  # fmt: skip
        shop.says_yes(person)
        assert tells(shop, {"kind": f"give.{name}", "email": person.email}) == 202
    run_queues(shop.world.at)
    issue_due(shop.world.at)
    shop.world.travel(minutes=2)

    codes = {code.customer_id: code.code for code in Code.objects.of(shop.store)}
    assert len(set(codes.values())) == len(OFFERS)
    for person, (_, _, said) in zip(people, OFFERS, strict=True):
        (mail,) = outbox.to(person)
        assert said in mail.subject.replace("\xa0", " ").lower()
        assert codes[shop.customer(person).pk] in mail.text


BLOCKS = ("about_shop", "guide", "pay_later", "stock", "free_shipping", "help")
SAID = {
    "about_shop": "Alles van één molen.", "guide": "Servies kiezen dat past", "pay_later": "Achteraf betalen kan ook.",
    "stock": "2.", "free_shipping": "tot gratis verzending", "help": "We kijken graag even mee.",
}  # fmt: skip
PROFILE = {
    "brand_line": SAID["about_shop"], "guide_title": SAID["guide"], "guide_url": "https://molenzicht.example/gids",
    "pay_later": SAID["pay_later"], "pay_later_from": "50.00", "free_shipping_from": "60.00", "help_from": "150.00",
    "help_line": SAID["help"],
}  # fmt: skip


def own_mail(shop: Shop) -> None:
    """A first basket mail of the owner's own, with every block that helps to choose."""
    from apps.mail.blocks import Source

    blocks = "\n".join(f"{{% block {name} %}}" for name in BLOCKS)
    page = "<mjml><mj-body>{{% block header %}}{}{{% block footer %}}</mj-body></mjml>"
    source = Source(
        subject="Je mandje", preheader="Het staat er nog.", mjml=page.format(blocks),
        text=f"{blocks}\n{{% block footer %}}",
    )  # fmt: skip
    publishes(shop, "own", source)
    planning.live(
        shop, "own-basket", "cart_abandoned", purpose="cart", priority="checkout", steps=[{"send_email": "own"}]
    )


def test_blocks_speak_only_where_they_have_something_true_to_say(shop: Shop, outbox: Outbox) -> None:
    """B48 to B50 and B56 to B58: a small basket, a middling one, a large one; and a shop that told nothing."""
    from apps.catalog.models import Product

    own_mail(shop)
    people = [Person(f"P{n}", f"p{n}@shopper.example") for n in range(4)]
    shop.leaves_cart(people[3], total="200.00 EUR")
    shop.world.travel(hours=2)
    shop.store.profile = PROFILE
    shop.store.save(update_fields=["profile"])
    shop.sends(bodies.woo_product(13, shop.world.at, name="Thing 13"))
    Product.objects.of(shop.store).update(stock=2, in_stock=True)
    for person, total in zip(people, ("20.00 EUR", "55.00 EUR", "200.00 EUR"), strict=False):
        shop.leaves_cart(person, total=total)
    shop.world.travel(hours=2)

    said = []
    for person in people:
        (mail,) = outbox.to(person)
        said.append({name for name, words in SAID.items() if words in mail.text})
    assert said == [
        {"about_shop", "guide", "stock", "free_shipping"},
        {"about_shop", "guide", "stock", "free_shipping", "pay_later"},
        {"about_shop", "guide", "stock", "pay_later", "help"},
        set(),
    ]
