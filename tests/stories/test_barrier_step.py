"""Scenario 5: the second mail answers what the shop can answer, and says nothing of what it cannot."""

from __future__ import annotations

import pytest

from tests.shopkeeping import ADA
from tests.stories import baskets
from tests.stories.receiver import is_well_made

ANSWERS = {
    "return_days": "30",
    "delivery_time": "Voor 17 uur besteld, morgen in huis.",
    "phone": "+31 71 123 45 67",
    "opening_hours": "ma-vr 9.00-17.00 uur",
}
SAID = {
    "return_days": ("Kan ik het terugsturen?", "Ja, tot 30 dagen na ontvangst."),
    "delivery_time": ("Wanneer is het in huis?", "Voor 17 uur besteld, morgen in huis."),
    "phone": ("Bellen kan ook:", "+31 71 123 45 67"),
    "opening_hours": ("ma-vr 9.00-17.00 uur",),
}


def second(story):
    baskets.leaves(story, ADA)
    story.waits(days=2)
    _, mail = story.mails(ADA)
    is_well_made(mail)
    assert mail.subject == "Nog een vraag voordat je bestelt?"
    return mail


@pytest.mark.parametrize("platform", ["woocommerce", "shopify"])
def test_it_states_all_that_is_filled_in(opens, platform):
    mail = second(opens(platform, profile=ANSWERS))

    for words in SAID.values():
        for word in words:
            assert word in mail.text
            assert word in mail.shown


@pytest.mark.parametrize("missing", ANSWERS)
def test_what_is_empty_leaves_no_trace(opens, missing):
    profile = {name: text for name, text in ANSWERS.items() if name != missing}

    mail = second(opens("woocommerce", profile=profile))

    for word in SAID[missing]:
        assert word not in mail.text
        assert word not in mail.shown
    for name in profile:
        assert SAID[name][-1] in mail.text
    assert "\n\n\n" not in mail.text.replace(" ", "")


def test_with_nothing_filled_in_it_still_reads_well(opens):
    mail = second(opens("shopify"))

    assert "Antwoord gerust op deze mail, dan helpen we je verder." in mail.text
    assert "Dit vragen klanten ons het vaakst" not in mail.text
