"""Scenario 1: a checkout with two items, left behind, becomes exactly one good mail."""

from __future__ import annotations

import pytest

from tests.shopkeeping import ADA
from tests.stories import baskets
from tests.stories.receiver import is_well_made

LINES = {
    "woocommerce": [
        ("Brass Storm Lantern", "2", "59,90", "119,80"),
        ("Wool Blanket - Moss, 180x220", "1", "", "99,00"),
    ],
    "shopify": [("Linen Shirt - M / Sand", "2", "59,00", "118,00"), ("Linen Shirt - L / Sand", "1", "", "59,00")],
}
SUMS = {"woocommerce": ("218,80", "6,03", "224,83"), "shopify": ("177,00", "5,00", "182,00")}


def test_one_mail_with_everything_in_it(story):
    baskets.leaves(story, ADA)

    story.waits(hours=2, minutes=1)

    mail = story.mail(ADA)
    is_well_made(mail)
    kind = story.shop.store.platform
    for name, quantity, each, total in LINES[kind]:
        assert f"- {quantity} x {name}: € {total}" in mail.text
        assert name in mail.shown
        assert f"Aantal {quantity}" + (f" · € {each} per stuk" if each else "") in mail.shown
        assert f"€ {total}" in mail.shown
    subtotal, shipping, total = SUMS[kind]
    assert f"Subtotaal: € {subtotal}\nVerzendkosten: € {shipping}\nTotaal: € {total} (inclusief" in mail.text
    assert f"Subtotaal € {subtotal} Verzendkosten € {shipping} Totaal € {total} inclusief" in mail.shown
    assert mail.pictures == baskets.PICTURES[kind]
    assert "Hallo Ada," in mail.text


def test_its_headers(story):
    baskets.leaves(story, ADA)

    story.waits(hours=2, minutes=1)

    mail = story.mail(ADA)
    head, key = mail.parsed, story.shop.store.key
    assert (mail.sender, mail.to) == ("hallo@molenzicht.example", ADA.email)
    assert str(head["From"]) == "Molenzicht <hallo@molenzicht.example>"
    assert str(head["To"]) == ADA.email
    assert mail.subject == "Je winkelmandje staat nog voor je klaar"
    assert head["Auto-Submitted"] == "auto-generated"
    assert head["List-Id"] == f"<cart.{key}.molenzicht.example>"
    assert head["Feedback-ID"] == f"cart:{key}:marketing:mandje"
    assert head["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert str(head["List-Unsubscribe"]).startswith("<http")
    assert "mailto:hallo@molenzicht.example" in str(head["List-Unsubscribe"])
    (message,) = story.shop.messages(ADA)
    assert head["Message-ID"] == f"<{message.uid}@molenzicht.example>"
    assert "Precedence" not in head


def test_no_earlier_than_an_hour_after_the_basket_went_quiet_for_one(story):
    baskets.leaves(story, ADA)

    story.waits(hours=1, minutes=59)
    assert story.mails(ADA) == []

    story.waits(minutes=2)
    assert len(story.mails(ADA)) == 1


def test_three_mails_and_never_a_fourth(story):
    baskets.leaves(story, ADA)

    story.waits(days=14)

    assert [mail.subject for mail in story.mails(ADA)] == [
        "Je winkelmandje staat nog voor je klaar",
        "Nog een vraag voordat je bestelt?",
        "We bewaren je winkelmandje tot 4 april",
    ]
    assert len({mail.parsed["Message-ID"] for mail in story.mails(ADA)}) == 3
    assert story.ended() == [("completed", "")]


@pytest.mark.parametrize(
    ("formality", "locale", "subject", "greeting"),
    [
        ("je", "nl-NL", "Je winkelmandje staat nog voor je klaar", "Hallo Ada,"),
        ("u", "nl-BE", "Uw winkelmandje staat nog voor u klaar", "Hallo Ada,"),
        ("u", "en-GB", "Your basket is ready when you are", "Hello Ada,"),
    ],
)
@pytest.mark.parametrize("platform", ["woocommerce", "shopify"])
def test_in_the_persons_language_and_the_shops_manner(opens, platform, formality, locale, subject, greeting):
    story = opens(platform, formality=formality)
    baskets.leaves(story, ADA, locale=locale)

    story.waits(hours=3)

    mail = story.mail(ADA)
    assert mail.subject == subject
    assert greeting in mail.text


@pytest.mark.parametrize("platform", ["woocommerce", "shopify"])
@pytest.mark.parametrize(("language", "subject"), [("en", "Your basket"), ("nl", "Je winkelmandje")])
def test_in_the_shops_language_when_the_persons_is_not_one_of_ours(opens, platform, language, subject):
    story = opens(platform, language=language)
    baskets.leaves(story, ADA, locale="pt-BR")

    story.waits(hours=3)

    assert story.mail(ADA).subject.startswith(subject)


@pytest.mark.parametrize(
    ("currency", "locale", "sum_"),
    [("GBP", "en-GB", "£182.00"), ("USD", "nl-NL", "US$ 182,00"), ("SEK", "en-GB", "SEK"), ("JPY", "en-US", "¥182")],
)
def test_in_the_baskets_currency(opens, currency, locale, sum_):
    story = opens("shopify", currency="EUR")
    baskets.leaves(story, ADA, locale=locale, currency=currency)

    story.waits(hours=3)

    mail = story.mail(ADA)
    assert sum_ in mail.text
    assert "€" not in mail.text
