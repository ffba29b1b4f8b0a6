"""A shop that runs on neither of the two gets the same mails, and the same silence after an order."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest

from tests.invariants.bodies import Post
from tests.shopkeeping import ADA, BEN, Outbox, Shop, World, open_store

pytestmark = pytest.mark.django_db(transaction=True)


def tells(shop: Shop, kind: str, data: dict[str, Any]) -> None:
    body = json.dumps({"type": kind, "timestamp": shop.world.at.isoformat(), "data": data}).encode()
    shop.sends(Post(topic=kind, body=body, at=shop.world.at))


def basket(name: str, email: str, at: datetime) -> dict[str, Any]:
    moment = at.isoformat()
    return {
        "id": name, "updated_at": moment, "reached_checkout": True, "person": {"email": email, "country": "NL"},
        "consent": {"state": "granted", "at": moment, "source": "checkout box"},
        "lines": [{"title": "Theepot", "quantity": 1, "unit_price": "49.95"}],
        "sums": {"currency": "EUR", "total": "54.90", "subtotal": "49.95", "shipping": "4.95"},
        "restore_url": f"https://molenzicht.example/mandje/{name}",
    }  # fmt: skip


def test_a_basket_is_reminded_of_and_an_order_silences(outbox: Outbox):
    world = World()
    shop = Shop(open_store("generic"), world)
    shop.switches_on()
    tells(shop, "basket.updated", basket("ada-1", ADA.email, world.at))
    tells(shop, "basket.updated", basket("ben-1", BEN.email, world.at))
    world.travel(minutes=90)
    moment = world.at.isoformat()

    tells(
        shop,
        "order.updated",
        {
            "id": "1042", "basket_id": "ben-1", "updated_at": moment, "created_at": moment, "status": "placed",
            "lines": [], "sums": {"currency": "EUR", "total": "54.90"},
        },
    )  # fmt: skip
    world.travel(hours=2)

    (mail,) = outbox.to(ADA)
    assert "€ 54,90" in mail.text.replace("\xa0", " ")
    assert outbox.to(BEN) == []
