"""An order that lies unread in the inbox holds its shop's basket mail."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.core import clock
from apps.ingestion.models import Delivery
from apps.mail.models import Message


@pytest.mark.django_db
def test_an_order_nobody_has_read_yet_holds_the_mail(shop, travel, outbox, ada):
    shop.leaves_cart(ada)
    travel(minutes=61)
    unread = Delivery.objects.create(
        store=shop.store,
        topic="order.created",
        dedupe_key="unread",
        due_at=clock.now() + timedelta(days=9),
        received_at=clock.now() - timedelta(days=1),
        size=2,
    )

    travel(minutes=61)

    assert outbox.to(ada) == []
    assert Message.objects.get().reason == "feed_stale"
    unread.delete()
    travel(minutes=1)
    assert len(outbox.to(ada)) == 1
