"""Scenario 23: never too much at once; the most wanted first, the rest waits or lapses, and service goes anyway."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.mail.models import Message
from tests.shopkeeping import ADA
from tests.stories import baskets

CART, AFTER, WINBACK = 10, 30, 40


@pytest.fixture
def capped(story):
    """A shop with at most two marketing mails in seven days; Ada left a basket in it."""
    story.shop.sets(caps="2/7d")
    baskets.leaves(story, ADA)
    return story


def asks(story, what, *, priority, valid, kind="marketing"):
    due = story.at
    return story.shop.asks_for(
        ADA, priority=priority, valid_until=due + valid, kind=kind, purpose=what, template_slug="abandoned-checkout-1"
    )


def status(message):
    row = Message.objects.get(pk=message)
    return row.status, row.reason


def test_the_basket_first_then_the_rest_waits_or_lapses_and_service_goes(capped):
    winback = asks(capped, "winback", priority=WINBACK, valid=timedelta(days=21))
    cross = asks(capped, "cross-sell", priority=AFTER, valid=timedelta(days=3))
    cart = asks(capped, "cart", priority=CART, valid=timedelta(hours=24))
    later = asks(capped, "review", priority=WINBACK + 10, valid=timedelta(days=3))
    notice = asks(capped, "delay", priority=1, valid=timedelta(days=3), kind="service")

    capped.waits(minutes=10)

    assert status(cart) == ("accepted", "")
    assert status(notice) == ("accepted", "")
    assert {status(cross)[0], status(winback)[0]} == {"accepted", "planned"}
    assert status(later)[0] == "planned"
    left = [m.purpose for m in Message.objects.filter(status="accepted").order_by("sending_at", "priority")]
    assert left.index("cart") < left.index("cross-sell")

    capped.waits(days=6)
    assert status(later) == ("skipped", "stale_capped")

    capped.waits(days=2)
    assert status(winback)[0] == "accepted"


def test_the_second_basket_mail_waits_no_longer_than_it_is_of_use(story):
    """Three mails of one basket in a shop that allows one a week: the later ones lapse, with their reason."""
    story.shop.sets(caps="1/7d")
    baskets.leaves(story, ADA)

    story.waits(days=9)

    assert len(story.mails(ADA)) == 1
    assert story.reasons() == ["stale_capped", "stale_capped"]


def test_the_cap_is_each_persons_own(story):
    story.shop.sets(caps="1/7d")
    baskets.leaves(story, ADA)
    other = type(ADA)("Dee", "dee@shopper.example", 9002)
    at = story.at
    if story.is_shopify:
        body = baskets.shopify_checkout(other, at, token="dee" * 8, cart_token="hWN-dee")
        story.hears(baskets.shopify("checkouts/update", body, at), baskets.shopify_yes(other, at))
    else:
        story.hears(baskets.companion(("cart.updated", baskets.woo_basket(other, at, cart="d" * 32)), at=at))

    story.waits(hours=3)

    assert story.receiver.everybody() == [ADA.email, other.email]
