"""An order that lies unread in the inbox holds its shop's basket mail."""

from __future__ import annotations

from datetime import timedelta

from apps.core import clock
from apps.ingestion.models import Delivery
from tests.shopkeeping import Outbox, Person, Shop


def test_an_order_nobody_has_read_yet_holds_the_mail(shop: Shop, outbox: Outbox, travel, ada: Person) -> None:
    shop.switches_on()
    shop.leaves_cart(ada)
    unread = Delivery.objects.create(
        store=shop.store,
        topic="order.created",
        dedupe_key="unread",
        due_at=clock.now() + timedelta(days=9),
        received_at=clock.now() - timedelta(days=1),
        size=2,
    )

    travel(minutes=125)
    assert outbox.to(ada) == []
    assert [message.reason for message in shop.messages(ada)] == ["feed_stale"]

    unread.delete()
    travel(minutes=1)
    assert len(outbox.to(ada)) == 1
