"""What other apps tell, from their post to the rows: signatures, refusals with their field, once only."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import runpy
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.db import connections

from apps.core import clock
from apps.customers.erasure import erase_now
from apps.customers.models import Customer, CustomEvent, Hold
from apps.events.models import Event
from apps.ingestion.custom import ring
from apps.ingestion.custom.door import Buckets
from apps.ingestion.custom.schema import document
from apps.ingestion.door import Door
from apps.ingestion.models import Delivery, EventSecret
from apps.orders.models import Order
from apps.stores.models import Refusal
from tests.shopkeeping import ADA, Shop, World, open_store, process_all

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[3]
EVENT = {"kind": "ticket.closed", "email": ADA.email, "properties": {"days": 2}}


class Caller:
    """Another app with its secret, and the door it knocks at."""

    def __init__(self, shop: Shop, **doors: Any) -> None:
        self.shop, self.secret = shop, ring.make(shop.store, clock.now())
        self.door = Door(lambda *_: [])
        self.door.notebook._wake = lambda: None
        for name, value in doors.items():
            setattr(self.door.events, name, value)

    def tells(
        self, event: Any, *, number: str = "", late: int = 0, secret: str = "", slash: str = "/", method: str = "POST",
        key: str = "", body: bytes | None = None, **environ: Any,
    ) -> tuple[int, dict[str, Any], dict[str, str]]:  # fmt: skip
        """Status, body and headers of the answer."""
        body = json.dumps(event).encode() if body is None else body
        number = number or f"msg_{hashlib.sha256(body).hexdigest()[:20]}"
        stamp = str(int(datetime.now(UTC).timestamp()) - late)
        secret_bytes = base64.b64decode((secret or self.secret).removeprefix("whsec_"))
        made = hmac.digest(secret_bytes, f"{number}.{stamp}.".encode() + body, "sha256")
        said: dict[str, Any] = {}
        given = {
            "REQUEST_METHOD": method, "PATH_INFO": f"/events/{key or self.shop.store.key}{slash}",
            "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body), "HTTP_WEBHOOK_ID": number,
            "HTTP_WEBHOOK_TIMESTAMP": stamp, "HTTP_WEBHOOK_SIGNATURE": "v1," + base64.b64encode(made).decode(),
        }  # fmt: skip
        answer = b"".join(
            self.door(given | environ, lambda status, headers: said.update(status=status, headers=dict(headers)))
        )
        return int(said["status"][:3]), json.loads(answer), said["headers"]

    def read(self) -> None:
        process_all(clock.now() + timedelta(seconds=1))


@pytest.fixture
def caller(transactional_db: None) -> Caller:
    return Caller(Shop(open_store(), World(datetime.now(UTC))))


def test_what_is_taken_is_kept_once_and_read_as_an_event(caller: Caller) -> None:
    answers = [caller.tells(EVENT, number="msg_1", slash=slash) for slash in ("/", "", "/")]
    caller.tells(EVENT | {"id": "ticket-7"}, number="msg_2")
    caller.tells(EVENT | {"id": "ticket-7"}, number="msg_3")
    caller.read()

    assert [(status, said) for status, said, _ in answers] == [(202, {"taken": 1})] * 3
    assert Delivery.objects.count() == 3
    first, second = CustomEvent.objects.order_by("id")
    assert (first.name, first.properties, first.customer.email) == ("ticket.closed", {"days": 2}, ADA.email)
    lines = Event.objects.filter(kind="custom").order_by("id")
    assert [line.data for line in lines] == [
        {"name": "ticket.closed", "custom": first.pk},
        {"name": "ticket.closed", "custom": second.pk},
    ]
    # Read again, whatever the reason: nothing comes of it.
    Delivery.objects.update(state="waiting", due_at=clock.now(), attempts=0)
    caller.read()
    assert CustomEvent.objects.count() == 2
    assert Event.objects.filter(kind="custom").count() == 2


REFUSED: list[tuple[Any, str, str]] = [
    ({"email": ADA.email}, "wrong_shape", "kind"),
    ({"kind": "Ticket Closed", "email": ADA.email}, "wrong_shape", "kind"),
    ({"kind": "a.b"}, "nobody", "email"),
    ({"kind": "a.b", "email": "ada at home"}, "unusable_address", "email"),
    ({"kind": "a.b", "email": ADA.email, "when": "now"}, "wrong_shape", "when"),
    ({"kind": "a.b", "email": ADA.email, "time": "2026-11-22 12:00"}, "wrong_shape", "time"),
    ({"kind": "a.b", "email": ADA.email, "time": "2099-11-22T12:00:00Z"}, "in_the_future", "time"),
    ({"kind": "a.b", "email": ADA.email, "time": "2019-11-22T12:00:00Z"}, "too_old", "time"),
    ({"kind": "a.b", "email": ADA.email, "properties": {"Not a name": 1}}, "wrong_shape", "properties"),
    ({"kind": "a.b", "email": ADA.email, "properties": {"deep": {"x": 1}}}, "wrong_shape", "properties"),
    ({"kind": "a.b", "email": ADA.email, "properties": {"long": "x" * 501}}, "wrong_shape", "properties"),
    ({"kind": "a.b", "email": ADA.email, "properties": {"huge": 1e300}}, "out_of_range", "properties.huge"),
    (
        {"kind": "a.b", "email": ADA.email, "properties": {f"p{n}": n for n in range(51)}},
        "wrong_shape",
        "properties",
    ),
    ({"kind": "a.b", "email": ADA.email, "birthday": "01-02"}, "not_here", "birthday"),
    ({"kind": "customer.properties", "email": ADA.email, "birthday": "02-30"}, "no_such_day", "birthday"),
    ({"events": [EVENT, EVENT | {"email": "x"}]}, "unusable_address", "events[1].email"),
    ({"events": []}, "wrong_shape", "events"),
    ({"events": [EVENT] * 101}, "wrong_shape", "events"),
    ([EVENT], "wrong_shape", ""),
]


def test_what_is_refused_names_its_field_and_nothing_is_kept(caller: Caller) -> None:
    for event, code, field in REFUSED:
        status, said, headers = caller.tells(event)

        assert (status, said["status"], said.get("field", "")) == (422, 422, field), event
        assert said["type"] == f"urn:mandje:problem:{code}", event
        assert headers["Content-Type"] == "application/problem+json"
        assert ADA.email not in json.dumps(said)
    assert not Delivery.objects.exists()


def test_only_who_holds_the_secret_is_heard(caller: Caller) -> None:
    other = open_store(name="Zeezicht", url="https://zeezicht.example")
    theirs = ring.make(other, clock.now())

    assert [caller.tells(EVENT, late=late)[0] for late in (299, 302, -302)] == [202, 401, 401]
    assert caller.tells(EVENT, secret=theirs)[0] == 401
    assert caller.tells(EVENT, HTTP_WEBHOOK_ID="msg_other")[0] == 401
    assert caller.tells(EVENT, HTTP_WEBHOOK_SIGNATURE="v1,x\xff v2,y")[0] == 401
    assert caller.tells(EVENT, key="nobody")[0] == 404
    assert caller.tells(EVENT, method="GET")[0] == 405
    assert caller.tells(EVENT, HTTP_CONTENT_ENCODING="gzip")[0] == 415
    assert caller.tells(EVENT, CONTENT_LENGTH=str(300_000))[0] == 413
    assert caller.tells(EVENT, CONTENT_LENGTH="9000")[0] == 400
    assert caller.tells(EVENT, body=b"\xff{")[0] == 422
    assert Delivery.objects.count() == 1
    caller.door.notebook.flush()
    assert Refusal.objects.get(store=caller.shop.store, reason="signature").count == 5


def test_a_new_secret_works_at_once_and_the_old_one_for_a_week(caller: Caller) -> None:
    caller.tells(EVENT)
    old, caller.secret = caller.secret, ring.make(caller.shop.store, clock.now())

    assert caller.tells(EVENT, number="new")[0] == 202
    assert caller.tells(EVENT, number="old", secret=old)[0] == 202
    assert old.encode() not in bytes(EventSecret.objects.earliest("id").sealed, "ascii")
    assert ring.revoke(caller.shop.store, clock.now()) == 2
    caller.door.events.rings.forget(caller.shop.store.key)
    assert caller.tells(EVENT, number="late")[0] == 401


def test_too_many_posts_are_asked_to_come_back(caller: Caller) -> None:
    caller.door.events.buckets = Buckets(rate=0.001, burst=2)

    answers = [caller.tells(EVENT, number=f"n{n}") for n in range(3)]

    assert [status for status, _, _ in answers] == [202, 202, 429]
    assert answers[2][2]["Retry-After"] == "5"


def test_what_is_true_of_somebody_is_written_down_and_starts_nothing(caller: Caller) -> None:
    def says(**what: Any) -> None:
        caller.tells({"kind": "customer.properties", "email": ADA.email, **what})

    says(properties={"points": 340, "skin": "dry"}, tags=["gold", "gold", "new"], birthday="02-29")
    caller.read()
    says(properties={"points": 12, "skin": None})
    caller.read()

    ada = Customer.objects.get(email_key=ADA.email)
    assert (ada.properties, ada.tags) == ({"points": 12}, ["gold", "new"])
    assert (ada.birth_month, ada.birth_day) == (2, 29)
    assert not Event.objects.filter(kind="custom").exists()


def test_nobody_can_fill_a_person_with_properties(caller: Caller) -> None:
    for batch in range(3):
        names = {f"p{batch}_{n}": n for n in range(50)}
        caller.tells({"kind": "customer.properties", "email": ADA.email, "properties": names})
        caller.read()

    assert sorted(Customer.objects.get(email_key=ADA.email).properties) == sorted(f"p2_{n}" for n in range(50))


def test_an_order_tells_whose_event_it_is_and_holds_until_it_arrives(caller: Caller) -> None:
    number = caller.shop.places_order(ADA)
    order = Order.objects.get(external_id=str(number))
    moment = clock.now()

    caller.tells({"kind": "delivery.delayed", "order": f"#{order.number}", "properties": {"cause": "storm"}})
    caller.read()
    told = CustomEvent.objects.get()
    assert (told.customer_id, told.subject) == (order.customer_id, f"order:{order.pk}")
    _announce()
    hold = Hold.objects.get()
    assert (hold.kind, hold.subject) == ("delay", f"order:{order.pk}")
    assert hold.ends_at is not None
    assert hold.ends_at - hold.began_at == timedelta(days=60)

    caller.tells({"kind": "delivery.delivered", "order": order.external_id})
    caller.read()
    _announce()
    order.refresh_from_db()
    hold.refresh_from_db()
    assert order.delivered_at is not None
    assert order.delivered_at >= moment
    assert hold.ends_at <= clock.now()


def test_an_order_nobody_knows_and_an_erased_person_say_nothing(caller: Caller) -> None:
    number = caller.shop.places_order(ADA)
    erase_now(caller.shop.store.pk, caller.shop.customer(ADA).pk, clock.now())

    caller.tells(EVENT)
    caller.tells({"kind": "a.b", "order": "424242"})
    caller.tells({"kind": "a.b", "order": str(number)})
    caller.read()

    assert not CustomEvent.objects.exists()
    assert set(Delivery.objects.values_list("state", flat=True)) == {"done"}


def _announce() -> None:
    from apps.events.announcing import announce_due

    while announce_due(clock.now() + timedelta(seconds=2)):
        pass


# --- the documentation --------------------------------------------------------------------------


def test_the_openapi_document_is_the_one_the_code_makes() -> None:
    """Renew it with: python -m tests.ingestion.custom.renew"""
    kept = json.loads((ROOT / "docs/events.openapi.json").read_text("utf-8"))

    assert kept == json.loads(json.dumps(document()))


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Silent."""


def blocks(kind: str, page: str = "recipes-delivery.md") -> list[str]:
    text = (ROOT / "docs" / page).read_text("utf-8")
    return [part.partition("```")[0] for part in text.split(f"```{kind}\n")[1:]]


def test_the_example_and_the_recipes_of_the_documentation_do_what_they_say(caller: Caller) -> None:
    """Twenty lines tell of an event; each carrier's own message makes the order delivered."""
    server = make_server("127.0.0.1", 0, caller.door, handler_class=Quiet)
    threading.Thread(target=_serve, args=(server, 4), daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}/events/{caller.shop.store.key}/"
    tell = runpy.run_path(str(ROOT / "docs/examples/tell_event.py"))["tell"]
    for text in blocks("json", "events.md"):
        assert tell(address, caller.secret, json.loads(text)) == {"taken": 1}
    caller.shop.places_order(ADA, number=1042)

    recipes: dict[str, Any] = {}
    for code in blocks("python"):
        exec(code, recipes)  # noqa: S102  our own page
    sendcloud, myparcel, postnl, delayed = (json.loads(text) for text in blocks("json"))
    body = json.dumps(sendcloud).encode()
    signature = hmac.new(b"key", body, "sha256").hexdigest()
    told = [
        recipes["from_sendcloud"](body, sendcloud, signature, "key"),
        *recipes["from_myparcel"](myparcel),
        recipes["from_postnl"](postnl),
    ]

    assert recipes["from_sendcloud"](body, sendcloud, "0" * 64, "key") is None
    sendcloud["parcel"]["status"]["id"] = 3
    signed = hmac.new(b"key", json.dumps(sendcloud).encode(), "sha256").hexdigest()
    assert recipes["from_sendcloud"](json.dumps(sendcloud).encode(), sendcloud, signed, "key") is None
    assert [event["order"] for event in told] == ["1042"] * 3
    assert told[2]["time"] == "2026-11-20T14:08:04+01:00"
    for event in told:
        event.pop("time", None)
    assert tell(address, caller.secret, {"events": told}) == {"taken": 3}
    assert tell(address, caller.secret, delayed) == {"taken": 1}
    server.server_close()
    caller.read()
    order = Order.objects.get(external_id="1042")
    assert order.delivered_at is not None
    assert CustomEvent.objects.filter(subject=f"order:{order.pk}").count() == 4


def _serve(server: Any, times: int) -> None:
    try:
        for _ in range(times):
            server.handle_request()
    finally:
        connections.close_all()
