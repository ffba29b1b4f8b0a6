"""“A day further” in the demo shop."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from apps.core import clock
from apps.dashboard.travelling import NotADemo, travel
from apps.events.models import Event
from apps.flows.engine import advance_due
from apps.mail.dispatch import dispatch_due
from apps.mail.models import Message, OutboxMail
from apps.stores.models import Store
from tests.dashboard.furnishing import Furnished, furnish

ALWAYS = {"quiet": "off", "sunday": "on", "caps": "off", "feed_max_age": "off"}


@pytest.fixture
def demo(transactional_db: None) -> Furnished:
    """A demo shop whose only mail is due in 23 hours."""
    shop = furnish("theepot", at=clock.now(), is_demo=True, rules=ALWAYS, from_email="hallo@theepot.example")
    OutboxMail.objects.all().delete()
    Message.objects.all().delete()
    run = shop["flows.Enrollment"]
    run.triggered_at = clock.now() + timedelta(hours=22)
    run.due_at = clock.now() + timedelta(hours=23)
    run.save()
    return shop


def tick() -> None:
    for _ in range(3):
        advance_due(clock.now())
        dispatch_due(clock.now)


def test_a_mail_of_tomorrow_leaves_after_it_and_exactly_once(demo: Furnished) -> None:
    tick()
    assert not Message.objects.exists()

    travel(demo.store)
    tick()
    tick()

    assert [message.status for message in Message.objects.all()] == ["accepted"]
    assert OutboxMail.objects.count() == 1


def test_everything_of_the_shop_is_a_day_older(demo: Furnished) -> None:
    cart, event = demo["carts.Cart"], demo["events.Event"]
    cart.content_stamp = "20261122T041606.250000|02|9f86d081884c"
    cart.save()

    travel(demo.store)

    before, moment = cart.last_activity_at, event.occurred_at
    cart.refresh_from_db()
    assert before - cart.last_activity_at == timedelta(days=1)
    assert cart.content_stamp == "20261121T041606.250000|02|9f86d081884c"
    assert moment - Event.objects.get(pk=event.pk).occurred_at == timedelta(days=1)


def test_another_shop_keeps_its_days(demo: Furnished) -> None:
    cy = furnish("cyzquiet")
    before = {label: _moments(row) for label, row in cy.rows.items()}

    travel(demo.store)

    for row in cy.rows.values():
        row.refresh_from_db()
    assert {label: _moments(row) for label, row in cy.rows.items()} == before


def test_a_real_shop_does_not_travel(demo: Furnished) -> None:
    Store.objects.filter(pk=demo.store.pk).update(is_demo=False)
    demo.store.refresh_from_db()

    with pytest.raises(NotADemo):
        travel(demo.store)


def test_the_diary_is_append_only_again_afterwards(demo: Furnished) -> None:
    from django.db import InternalError, ProgrammingError

    travel(demo.store)

    with pytest.raises((InternalError, ProgrammingError)):
        Event.objects.update(kind="x")


def _moments(row: Any) -> dict[str, Any]:
    return {field.name: getattr(row, field.attname) for field in row._meta.concrete_fields if field.name.endswith("at")}
