"""From a platform's deliveries to the mails of shipped flows: what each says, to whom, and when no more."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.invariants import bodies
from tests.shopkeeping import ADA, Mail, Outbox, Person, Shop
from tests.stories import planning
from tests.stories.answering import below, days_pass

BEA = Person("Bea", "bea@shopper.example", 9002)
HOME = "https://molenzicht.example"


@pytest.fixture
def stocked(shop: Shop) -> Shop:
    """A shop that sells thirteen, which goes with fifteen and lasts three to six months, and sixteen."""
    from apps.catalog.models import Pairing, Product
    from apps.stores.models import Store

    Store.objects.filter(pk=shop.store.pk).update(created_at=shop.world.at - timedelta(days=300))
    for number in (13, 15, 16):
        shop.sends(bodies.woo_product(number, shop.world.at - timedelta(days=90), name=f"Thing {number}"))
        kept = {"url": f"{HOME}/p/{number}/", "in_stock": True, "sold": number, "categories": []}
        Product.objects.of(shop.store).filter(external_id=str(number)).update(**kept)
    Product.objects.of(shop.store).filter(external_id="13").update(life_days_min=90, life_days_max=180)
    Product.objects.of(shop.store).filter(external_id="15").update(rating=Decimal("4.6"), rating_count=12)
    Pairing.objects.create(
        store=shop.store, kind="order", product="13", other="15", support=9, confidence=Decimal("0.5"), lift=Decimal(3)
    )
    return shop


def buys(shop: Shop, person: Person, number: int, *things: str) -> None:
    at = shop.world.at
    shop.says_yes(person)
    shop.sends(
        bodies.woo_order(
            number, at, "processing", created=at, email=person.email, paid=at, first_name=person.name,
            things=[(thing, 1, "30.00") for thing in things or ("13",)],
        )
    )  # fmt: skip


def subjects(mails: list[Mail]) -> list[str]:
    return [mail.subject for mail in mails]


def test_thanks_at_once_then_what_goes_with_it_until_it_was_bought(stocked: Shop, outbox: Outbox) -> None:
    """B08 and B13."""
    planning.preset(stocked, "thank-you-at-once")
    planning.preset(stocked, "matching-products")
    buys(stocked, ADA, 701)
    buys(stocked, BEA, 702)
    days_pass(stocked.world, 1)
    assert subjects(outbox.to(ADA)) == ["Bedankt voor je bestelling"]

    days_pass(stocked.world, 4)
    buys(stocked, BEA, 703, "15")
    days_pass(stocked.world, 9, 1)

    thanks, matching = outbox.to(ADA)
    assert matching.subject == "Dit past goed bij je bestelling"
    assert "Thing 15" in matching.text
    assert "4,6 van 5, uit 12 reviews" in matching.text
    assert "Thing 16" not in matching.text
    assert "Thing 13: " not in matching.text, "she has it"
    assert "701" in thanks.text
    assert "Dit past goed bij je bestelling" not in subjects(outbox.to(BEA)), "she bought it by herself"


def test_restocking_is_one_click_and_stops_when_it_was_bought_again(stocked: Shop, outbox: Outbox) -> None:
    """B24 to B26."""
    planning.preset(stocked, "replenishment")
    buys(stocked, ADA, 711)
    buys(stocked, BEA, 712)

    days_pass(stocked.world, 88)
    assert outbox.all() == []
    days_pass(stocked.world, 2, 1)
    (first,) = outbox.to(ADA)
    assert first.subject == "Is het al tijd om bij te bestellen?"
    assert "Thing 13" in first.text
    assert below(first, "Opnieuw bestellen").startswith("http")

    buys(stocked, BEA, 713)
    days_pass(stocked.world, 7, 1, 40)
    assert subjects(outbox.to(ADA)) == ["Is het al tijd om bij te bestellen?", "Nog genoeg in huis?"]
    assert len(outbox.to(BEA)) == 1


def test_who_stayed_away_sees_what_is_new_and_then_is_left_in_peace(stocked: Shop, outbox: Outbox) -> None:
    """B19; the shop made no offer of that name, so the second mail goes without one."""
    from apps.catalog.models import Product

    planning.preset(stocked, "win-back")
    buys(stocked, ADA, 721)
    days_pass(stocked.world, 100)
    stocked.sends(bodies.woo_product(18, stocked.world.at, name="Brand new"))
    Product.objects.of(stocked.store).filter(external_id="18").update(url=f"{HOME}/p/18/", in_stock=True)

    days_pass(stocked.world, 80, 1)
    (first,) = outbox.to(ADA)
    assert first.subject == "Dit is er nieuw sinds je laatste bestelling"
    assert first.text.index("Brand new") < first.text.index("Thing 13"), "the news, then what she chose before"

    days_pass(stocked.world, 21, 1, 60)
    assert subjects(outbox.to(ADA))[1:] == ["Zit hier iets voor je bij?"]
    assert "Met deze code" not in outbox.to(ADA)[1].text


def test_newcomers_of_the_season_are_met_again_until_they_return(stocked: Shop, outbox: Outbox) -> None:
    """B38."""
    from apps.flows.models import Flow

    flow = planning.preset(stocked, "season-newcomers")
    first, last = stocked.world.at.date(), stocked.world.at.date() + timedelta(days=2)
    draft = Flow.objects.get(pk=flow.pk).draft
    days = {"first_day": first.isoformat(), "last_day": last.isoformat()}
    planning.live(
        stocked, "season", {"campaign_order": days}, **{name: draft[name] for name in ("purpose", "steps", "exits")}
    )
    buys(stocked, ADA, 731)
    buys(stocked, BEA, 732)
    days_pass(stocked.world, 5)
    buys(stocked, Person("Cas", "cas@shopper.example"), 733)

    days_pass(stocked.world, 5, 1)
    assert subjects(outbox.to(ADA)) == ["Veel plezier met je bestelling"]
    buys(stocked, BEA, 734, "15")
    days_pass(stocked.world, 35, 1, 30, 1)

    assert subjects(outbox.to(ADA)) == [
        "Veel plezier met je bestelling", "Ook na de drukte iets voor je", "Nog iets nodig dit seizoen?",
    ]  # fmt: skip
    assert "Thing 15" in outbox.to(ADA)[1].text
    assert subjects(outbox.to(BEA)) == ["Veel plezier met je bestelling"]
    assert {mail.parsed["To"] for mail in outbox.all()} == {ADA.email, BEA.email}


def test_a_basket_before_the_checkout_gets_two_quiet_mails(shop: Shop, outbox: Outbox) -> None:
    """B01 to B03; and how many are left is said only because the shop says so (B57)."""
    from apps.carts.models import Cart
    from apps.catalog.models import Product

    shop.sends(bodies.woo_product(13, shop.world.at - timedelta(days=9), name="Thing 13"))
    Product.objects.of(shop.store).filter(external_id="13").update(stock=2, in_stock=True, rating=4, rating_count=9)
    planning.preset(shop, "abandoned-cart")
    shop.leaves_cart(ADA)
    Cart.objects.of(shop.store).update(reached_checkout=False)

    shop.world.travel(hours=4, minutes=50)
    assert outbox.all() == []
    shop.world.travel(hours=1)
    (first,) = outbox.to(ADA)
    assert first.subject == "Your basket is ready when you are"
    assert ("There are 2 of" in first.text) or ("4 out of 5, from 9 reviews" in first.text), "one of its two texts"
    shop.world.travel(hours=40)
    assert subjects(outbox.to(ADA))[1:] == ["Any questions before you order?"]
