"""Scenario 24: one service mail with cause, new date, apology and contact; promotions hold until it is shipped."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from apps.customers.models import Hold
from apps.mail.models import Message
from tests.shopkeeping import ADA
from tests.stories import baskets
from tests.stories.otherapps import tells
from tests.stories.receiver import is_well_made

PROFILE = {"phone": "+31 71 123 45 67", "opening_hours": "ma-vr 9.00-17.00 uur"}


def status(message: int) -> tuple[str, str]:
    row = Message.objects.get(pk=message)
    return row.status, row.reason


def test_a_late_order_is_told_once_and_nothing_is_sold_until_it_ships(opens: Any) -> None:
    story = opens("woocommerce", profile=PROFILE)
    story.shop.sets(caps="1/7d", quiet="21:00-08:00")
    story.shop.switches_on("order-delayed")
    baskets.leaves(story, ADA)
    story.waits(hours=3)
    assert len(story.mails(ADA)) == 1
    baskets.buys(story, ADA, 5401)
    story.waits(days=7, hours=10)
    due = story.at

    def asks(what: str, days: int) -> int:
        return story.shop.asks_for(
            ADA, purpose=what, valid_until=due + timedelta(days=days), template_slug="abandoned-checkout-1"
        )

    late = {
        "kind": "delivery.delayed", "order": "5401",
        "properties": {"cause": "De bezorger heeft een storing.", "new_date": "2026-03-20"},
    }  # fmt: skip
    assert tells(story.shop, late, number="msg_late") == 202
    assert tells(story.shop, late, number="msg_late") == 202
    assert tells(story.shop, late | {"properties": {}}) == 202
    short, long = asks("review", 1), asks("winback", 21)
    story.waits(minutes=5)

    # At night, beyond the cap, and once.
    _, notice = story.mails(ADA)
    is_well_made(notice)
    assert notice.subject == "Je bestelling 5401 komt later aan"
    for said in ("De bezorger heeft een storing.", "20 maart", "Dat spijt ons.", PROFILE["phone"], "Antwoord op deze"):
        assert said in notice.text
        assert said in notice.shown
    for promotion in ("korting", "actie", "cadeau", "bekijk", "ook leuk"):
        assert promotion not in notice.text.lower()
    row = Message.objects.get(template_slug="order-delayed-1")
    assert (row.kind, row.basis, row.order.external_id) == ("service", "service", "5401")
    assert (status(short), status(long)) == (("planned", "hold_delay"), ("planned", "hold_delay"))

    story.waits(days=3)
    assert status(short) == ("skipped", "stale_delay")
    assert Hold.objects.get().subject == f"order:{row.order_id}"
    story.hears(baskets.order(story, ADA, 5401, status="completed", date_completed_gmt=baskets.gmt(story.at)))
    story.waits(days=1)

    assert status(long) == ("accepted", "")
    assert Hold.objects.get().ends_at < story.at


def test_a_basket_is_still_reminded_of_while_a_complaint_is_open(woo: Any) -> None:
    """What somebody wants themselves is no promotion; and once it is solved, the rest goes on."""
    baskets.buys(woo, ADA, 5401)
    woo.waits(days=1)
    tells(woo.shop, {"kind": "complaint.opened", "email": ADA.email})
    woo.shop.says_yes(ADA)
    review = woo.shop.asks_for(ADA, purpose="review", valid_until=woo.at + timedelta(days=14))
    woo.waits(hours=1)

    assert status(review) == ("planned", "hold_complaint")
    woo.hears(baskets.companion(("cart.updated", baskets.woo_basket(ADA, woo.at, cart="b" * 32)), at=woo.at))
    woo.waits(hours=4)
    assert woo.mail(ADA).subject == "Je winkelmandje staat nog voor je klaar"

    tells(woo.shop, {"kind": "complaint.closed", "email": ADA.email})
    woo.waits(hours=2)
    assert status(review) == ("accepted", "")
