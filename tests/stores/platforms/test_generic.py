"""A shop of its own kind: signed JSON in, the same baskets, orders and mails as from the others."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from apps.stores.errors import Ignored, SignatureRefused, Unreadable
from apps.stores.platforms.base import Envelope, Keyring, Request, ShopFacts, platforms
from apps.stores.platforms.generic.schema import document
from apps.stores.snapshots import CartSeen, CustomerSeen, FulfillmentSeen, OrderSeen, ProductSeen, ReviewSeen

ROOT = Path(__file__).resolve().parents[3]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
FACTS = ShopFacts(currency="EUR", language="nl", country="NL", url="https://molenzicht.example")
SECRET = "whsec_bW9sZW56aWNodC1lbi1lZW4tbWFuZGpl"
LINE = {"title": "Theepot", "product_id": "101", "quantity": 2, "unit_price": "24.95"}
SUMS = {"currency": "EUR", "subtotal": "49.90", "shipping": "4.95", "total": "54.85"}
ADA = {"email": "Ada@Shopper.example", "first_name": "Ada", "language": "nl-NL", "country": "nl"}


def told(kind: str, data: Any) -> list[Any]:
    body = json.dumps({"type": kind, "timestamp": NOON.isoformat(), "data": data}).encode()
    return platforms.get("generic").translate(Envelope(topic=kind, body=body, received_at=NOON), FACTS)


def basket(**more: Any) -> dict[str, Any]:
    return {"id": "b1", "updated_at": NOON.isoformat(), "lines": [LINE], "sums": SUMS, "person": ADA} | more


def order(**more: Any) -> dict[str, Any]:
    moment = NOON.isoformat()
    return {
        "id": "o1", "updated_at": moment, "created_at": moment, "status": "paid", "sums": SUMS, "lines": [LINE],
        "person": ADA,
    } | more  # fmt: skip


def test_a_basket_becomes_a_basket_with_its_person_and_sums():
    (seen,) = told("basket.updated", basket(reached_checkout=True))

    assert isinstance(seen, CartSeen)
    assert seen.keys == (("basket", "b1"),)
    assert seen.person.email == "Ada@Shopper.example"
    assert seen.person.country == "NL"
    assert seen.lines[0].total == Decimal("49.90")
    assert (seen.amounts.total, seen.amounts.shipping) == (Decimal("54.85"), Decimal("4.95"))


def test_an_emptied_basket_needs_no_sums_and_a_full_one_does():
    (seen,) = told("basket.updated", basket(lines=[], sums=None))
    assert seen.lines == ()

    with pytest.raises(Unreadable, match=r"data\.sums"):
        told("basket.updated", basket(sums=None))


def test_an_order_is_tied_to_its_basket_and_an_unpaid_one_is_a_basket_still():
    (paid,) = told("order.updated", order(basket_id="b1", codes=["WELKOM"], click="m-1"))
    assert isinstance(paid, OrderSeen)
    assert paid.cart_keys == (("order", "o1"), ("basket", "b1"))
    assert (paid.placed_at, paid.paid_at, paid.codes) == (NOON, NOON, ("WELKOM",))

    unpaid, still = told("order.updated", order(status="unpaid", basket_id="b1"))
    assert unpaid.placed_at is None
    assert isinstance(still, CartSeen)
    assert still.keys == unpaid.cart_keys


def test_delivery_products_customers_and_reviews_are_told_as_well():
    moment = NOON.isoformat()
    _, delivered = told("order.updated", order(status="fulfilled", delivered_at=moment))
    (product,) = told("product.updated", {"id": "101", "updated_at": moment, "title": "Theepot", "price": 24.95})
    (person,) = told("customer.updated", {"person": ADA | {"customer_id": "7"}, "updated_at": moment})
    (review,) = told(
        "review.updated", {"id": "r1", "product_id": "101", "written_at": moment, "rating": 5, "text": "Mooi."}
    )

    assert isinstance(delivered, FulfillmentSeen)
    assert delivered.delivered_at == NOON
    assert isinstance(product, ProductSeen)
    assert product.price == Decimal("24.95")
    assert isinstance(person, CustomerSeen)
    assert person.person.account == "7"
    assert isinstance(review, ReviewSeen)
    assert (review.rating, review.text) == (5, "Mooi.")


@pytest.mark.parametrize(
    ("kind", "data", "place"),
    [
        ("basket.updated", basket(lines=[LINE | {"title": 5}]), "data.lines[0].title"),
        ("basket.updated", {"updated_at": NOON.isoformat()}, "id"),
        ("basket.updated", basket(updated_at="2026-03-02T12:00:00"), "data.updated_at"),
        ("order.updated", order(status="shipped"), "data.status"),
        ("order.updated", order(id="x" * 41), "data.id"),
        ("customer.updated", {"person": {}, "updated_at": NOON.isoformat()}, "data.person"),
        ("privacy.erase", {"person": {"email": "nobody"}}, "data.person"),
    ],
)
def test_what_does_not_fit_is_said_with_its_place(kind: str, data: Any, place: str):
    with pytest.raises(Unreadable) as refused:
        told(kind, data)

    assert place in str(refused.value)
    assert "shopper.example" not in str(refused.value)


def test_amounts_that_are_no_amounts_are_refused_and_unknown_types_ignored():
    with pytest.raises(Unreadable, match="nan"):
        told("basket.updated", basket(sums=SUMS | {"total": "Infinity"}))
    with pytest.raises(Ignored, match=r"there are basket\.updated"):
        told("loyalty.updated", {})


def test_a_signature_holds_for_five_minutes_for_its_id_and_for_its_body():
    generic, ring = platforms.get("generic"), Keyring(store_id=1, secrets=("old", SECRET))
    headers = {name.lower(): value for name, value in generic.sign("order.updated", b"{}", SECRET, NOON, {}).items()}

    def request(*, late: int = 0, body: bytes = b"{}", **changed: str) -> Request:
        return Request(headers=headers | changed, body=body, at=NOON + timedelta(seconds=late))

    admitted = generic.authenticate(request(late=299), ring)
    assert admitted.dedupe_key == generic.authenticate(request(), ring).dedupe_key
    several = {"webhook-signature": "v1,AAAA v2,x " + headers["webhook-signature"]}
    assert generic.authenticate(request(**several), ring).store
    for bad in (
        request(late=301),
        request(late=-301),
        request(body=b"{} "),
        request(**{"webhook-id": "msg_2"}),
        request(**{"webhook-timestamp": "1"}),
        request(**{"webhook-signature": headers["webhook-signature"].replace("v1,", "v2,")}),
        request(**{"webhook-id": "", "webhook-signature": ""}),
    ):
        with pytest.raises(SignatureRefused):
            generic.authenticate(bad, ring)


def test_the_openapi_document_is_the_one_the_code_makes():
    """Renew it with: python -m tests.stores.platforms.renew_generic"""
    kept = json.loads((ROOT / "docs/generic.openapi.json").read_text("utf-8"))

    assert kept == json.loads(json.dumps(document()))


@pytest.mark.django_db(transaction=True)
def test_thirty_lines_are_enough_to_tell_of_a_basket(transactional_db):
    """The example of the documentation against the real door."""
    from apps.carts.models import Cart
    from apps.core import clock
    from apps.ingestion.door import Door
    from tests.shopkeeping import open_store, process_all

    store = open_store("generic")
    from apps.stores import secrets_ring

    secrets_ring.add(store, SECRET, clock.now())

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Silent."""

    server = make_server("127.0.0.1", 0, Door(lambda *_: []), handler_class=Quiet)
    threading.Thread(target=server.handle_request, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/webhooks/generic/{store.key}/"
    example = [sys.executable, str(ROOT / "docs/examples/tell_mandje.py"), address, SECRET, "ada@shopper.example"]

    answer = subprocess.run(example, capture_output=True, text=True, timeout=20, check=True)
    server.server_close()
    process_all(clock.now())

    assert json.loads(answer.stdout) == {"ok": True}
    cart = Cart.objects.of(store).get()
    assert (cart.customer.email, cart.total) == ("ada@shopper.example", Decimal("54.90"))
