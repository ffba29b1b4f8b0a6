"""Scenario 6: no mail of ours shouts or says that anything was forgotten; each shop is je or u throughout."""

from __future__ import annotations

import re

import pytest

from tests.shopkeeping import ADA
from tests.stories import baskets
from tests.stories.receiver import is_well_made

CLICHES = ("vergeten", "vergat", "forgot", "forget", "left behind", "laatste kans", "last chance", "hurry", "!")
JE = re.compile(r"\b(je|jij|jou|jouw)\b", re.IGNORECASE)
U = re.compile(r"\b(u|uw)\b", re.IGNORECASE)


@pytest.mark.parametrize("platform", ["woocommerce", "shopify"])
@pytest.mark.parametrize(("formality", "locale"), [("je", "nl-NL"), ("u", "nl-NL"), ("je", "en-GB")])
def test_three_mails_as_they_arrive(opens, platform, formality, locale):
    story = opens(platform, formality=formality)
    baskets.leaves(story, ADA, locale=locale)
    story.waits(days=5)
    mails = story.mails(ADA)
    assert len(mails) == 3

    for mail in mails:
        is_well_made(mail)
        words = f"{mail.subject} {mail.text} {mail.shown}"
        plain = re.sub(r"https?://\S+", "", words)
        assert not [said for said in CLICHES if said in plain.lower()]
        assert not re.findall(r"\b[A-Z]{4,}\b", plain)
        if locale.startswith("nl"):
            stranger, own = (JE, U) if formality == "u" else (U, JE)
            assert not stranger.findall(plain)
            assert own.findall(plain)


@pytest.mark.parametrize("platform", ["woocommerce", "shopify"])
def test_without_a_first_name_it_reads_as_well(opens, platform):
    story = opens(platform)
    nameless = type(ADA)("", ADA.email)
    if story.is_shopify:
        at = story.at
        body = baskets.shopify_checkout(nameless, at, customer=None, billing_address=None, shipping_address=None)
        story.hears(baskets.shopify("checkouts/update", body, at), baskets.shopify_yes(nameless, at))
    else:
        baskets.leaves(story, nameless)

    story.waits(hours=3)

    assert story.mail(nameless).text.startswith("Hallo,")
