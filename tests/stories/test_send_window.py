"""Scenario 22: due outside the window, it goes when the window opens; on both days on which the clock changes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from apps.mail.models import Message
from tests.shopkeeping import ADA
from tests.stories import baskets

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
FRIDAYS = ["2026-03-06T17:10", "2026-03-27T17:10", "2026-10-23T17:10"]
"""An ordinary one, and those before the Sundays on which an hour is lost and won."""


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM)


@pytest.mark.parametrize("friday", FRIDAYS)
def test_due_on_friday_evening_it_leaves_on_monday_at_one(opens: Any, world: Any, friday: str) -> None:
    due = local(friday)
    # Left behind at ten past four on Thursday: silent for an hour, and the second mail a day after that.
    world.at = due - timedelta(hours=25)
    story = opens("woocommerce", rules={"window": "mo-fr 13:00-16:30", "caps": "off", "max_age": "off"})
    baskets.leaves(story, ADA)
    story.waits(hours=26)
    held = Message.objects.get(template_slug="abandoned-checkout-2")
    monday = local((due + timedelta(days=3)).strftime("%Y-%m-%d") + "T13:00")

    assert held.wanted_at == due
    assert (held.status, held.reason, held.due_at) == ("planned", "quiet_hours", monday)

    story.waits(days=2, hours=18, minutes=30)
    assert len(story.mails(ADA)) == 1
    story.waits(hours=2)

    assert len(story.mails(ADA)) == 2
    held.refresh_from_db()
    assert monday <= held.sending_at < monday + timedelta(minutes=1)


def test_bought_on_saturday_nothing_leaves_on_monday(opens: Any, world: Any) -> None:
    world.at = local(FRIDAYS[1]) - timedelta(hours=25)
    story = opens("woocommerce", rules={"window": "mo-fr 13:00-16:30", "caps": "off", "max_age": "off"})
    baskets.leaves(story, ADA)
    story.waits(days=2)
    baskets.buys(story, ADA)
    story.waits(days=4)

    assert len(story.mails(ADA)) == 1
    assert story.reasons() == ["order_placed"]
