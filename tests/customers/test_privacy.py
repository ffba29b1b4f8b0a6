"""Persons merge, get their copy, and are forgotten."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from apps.customers.models import Customer
    from apps.flows.models import Enrollment
    from apps.stores.models import Store

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ADA = "Ada.Lovelace@Example.com"
KEY = "ada.lovelace@example.com"
NEEDLES = ("ada.lovelace", "lovelace", "augusta", "acc-7711", "secret-basket", "byron-street")
pytestmark = pytest.mark.django_db


@pytest.fixture
def store() -> Store:
    return _store("Shop")


def _store(name: str, **more: Any) -> Store:
    from apps.stores.models import Store

    return Store.objects.create(platform="woocommerce", name=name, url="https://shop.example", **more)


def _record(store: Store, *seen: Any) -> None:
    from apps.ingestion.recording import News, record

    record([News(store_id=store.pk, arrived_at=NOW, seen=one) for one in seen], NOW)


def _person(address: str = ADA, account: str | None = "acc-7711") -> Any:
    from apps.stores.snapshots import Person

    return Person(account=account, email=address, first_name="Augusta", last_name="Lovelace")


def _kettle() -> Any:
    from apps.stores.snapshots import Line

    return Line(
        product="7",
        variant=None,
        title="Kettle",
        quantity=Decimal(1),
        unit_price=Decimal(40),
        total=Decimal(40),
    )


def _basket(person: Any, key: str = "secret-basket", **more: Any) -> Any:
    from apps.stores.snapshots import Amounts, CartSeen, ConsentGiven

    values = {
        "at": NOW - timedelta(hours=2),
        "keys": (("companion", key),),
        "created_at": NOW - timedelta(hours=3),
        "origin": "companion",
        "reached_checkout": True,
        "lines": (_kettle(),),
        "amounts": Amounts(currency="EUR", total=Decimal(40)),
        "person": person,
        "consent": ConsentGiven(state="granted", at=NOW - timedelta(hours=2), source="box"),
        "recovery_url": f"https://shop.example/?email={ADA}",
    }
    return CartSeen(**{**values, **more})


def _order(person: Any, number: str = "1042", **more: Any) -> Any:
    from apps.stores.snapshots import Amounts, OrderSeen

    at = NOW - timedelta(days=30)
    values = {
        "at": at,
        "external_id": number,
        "number": f"#{number}",
        "stage": "paid",
        "created_at": at,
        "placed_at": at,
        "paid_at": at,
        "amounts": Amounts(currency="EUR", total=Decimal("25.50")),
        "lines": (_kettle(),),
        "person": person,
        "cart_keys": (("companion", "older-secret-basket"),),
        "landing": "https://shop.example/?to=byron-street",
        "pay_url": "https://shop.example/pay/byron-street",
    }
    return OrderSeen(**{**values, **more})


def _redaction(**more: Any) -> Any:
    from apps.stores.snapshots import Person, PrivacyRequest

    values = {"at": NOW, "action": "redact", "person": Person(email=ADA), "request_id": "r1"}
    return PrivacyRequest(**{**values, **more})


def _delivery(store: Store, body: bytes, topic: str = "order.updated", **more: Any) -> Any:
    from apps.ingestion.models import Delivery, DeliveryBody

    values = {"state": "done", "dedupe_key": uuid.uuid4().hex, "size": len(body)}
    row = Delivery.objects.create(store=store, topic=topic, **{**values, **more})
    DeliveryBody.objects.create(delivery=row, data=body)
    return row


def _body(delivery: Any) -> bytes | None:
    from apps.ingestion.models import DeliveryBody

    found = DeliveryBody.objects.filter(delivery=delivery).first()
    return bytes(found.data) if found else None


def _customer(store: Store, address: str = KEY) -> Customer:
    from apps.customers.models import Customer

    return Customer.objects.get(store=store, email_key=address)


def _flow(store: Store, slug: str = "basket") -> Any:
    from apps.flows.models import Flow, Version

    flow = Flow.objects.create(store=store, slug=slug, name=slug)
    Version.objects.create(flow=flow, number=1, definition={}, published_at=NOW)
    return flow


def _run(flow: Any, customer: Customer, **more: Any) -> Any:
    from apps.flows.models import Enrollment

    values = {
        "version": flow.versions.get(),
        "occasion": "event:1",
        "triggered_at": NOW,
        "entered_at": NOW,
        "due_at": NOW,
        "store": flow.store,
    }
    return Enrollment.objects.create(flow=flow, customer=customer, **{**values, **more})


def _message(customer: Customer, **more: Any) -> Any:
    from apps.mail.models import Message

    values = {
        "store": customer.store,
        "origin": uuid.uuid4().hex,
        "purpose": "cart",
        "template_slug": "one",
        "status": "planned",
        "planned_at": NOW,
        "wanted_at": NOW,
        "due_at": NOW,
        "valid_until": NOW,
    }
    return Message.objects.create(customer=customer, **{**values, **more})


def _sent(customer: Customer, **more: Any) -> Any:
    from apps.mail.models import Letter, OutboxMail
    from apps.tracking.models import Click

    message = _message(
        customer,
        status="accepted",
        due_at=None,
        sending_at=NOW,
        ended_at=NOW,
        address=ADA,
        basis="consent",
        policy_version="1",
        evidence={"who": ADA},
        verdict={"who": ADA},
        response=f"250 ok {ADA}",
        provider_id=f"<{ADA}>",
        **more,
    )
    Letter.objects.create(
        message=message,
        subject="Augusta, your basket",
        context={"name": "Augusta"},
        targets=[f"https://shop.example/?email={ADA}"],
        rendered_at=NOW,
    )
    OutboxMail.objects.create(message=message, data=f"To: {ADA}".encode())
    Click.objects.create(message=message, slot=1, at=NOW)
    return message


def _life_of_ada(store: Store) -> Customer:
    """Everything that can be known of a person."""
    from django.contrib.admin.models import LogEntry
    from django.contrib.contenttypes.models import ContentType

    from apps.accounts.models import User
    from apps.customers.models import Customer, CustomerAlias, PrivacyTask
    from apps.events.models import Announcement, Event
    from apps.flows.models import Draw, StepRun
    from apps.ingestion.models import Quarantine, Telling

    _record(store, _order(_person()), _basket(_person()))
    ada = _customer(store)
    cart = ada.carts.get()
    flow = _flow(store)
    run = _run(flow, ada, cart=cart, order=ada.orders.get())
    StepRun.objects.create(enrollment=run, position=0, kind="send_email", outcome="planned", detail={"to": ADA}, at=NOW)
    Draw.objects.create(flow=flow, customer=ada, ticket=Decimal(50), held_out=False)
    _sent(ada, cart=cart)
    _message(ada, cart=cart)
    _given_and_said(store, ada)
    _told_and_asked(store, ada, run)
    CustomerAlias.objects.create(store=store, old_id=990_001, customer=ada)
    Telling.objects.create(customer=ada, store=store, at=NOW)
    PrivacyTask.objects.create(store=store, action="data_request", customer_id=ada.pk, asked_at=NOW, deadline=NOW)
    event = Event.objects.create(
        store_id=store.pk,
        customer_id=ada.pk,
        subject=f"cart:{cart.pk}",
        kind="cart.abandoned",
        occurred_at=NOW,
        source_key="x",
    )
    Announcement.objects.create(event=event, due_at=NOW, reason=f"ValueError: {ADA}")
    spoiled = _delivery(store, f'{{"billing":{{"email":"{ADA}"}}}}'.encode(), reason=f"bad {ADA}")
    Quarantine.objects.create(delivery=spoiled, reason=f"wrong_shape: {ADA}")
    _delivery(store, b'{"id":5,"note":"Augusta","order_id":1042}', "refunds/create")
    LogEntry.objects.create(
        user=User.objects.create(username="owner"),
        content_type=ContentType.objects.get_for_model(Customer),
        object_id=str(ada.pk),
        object_repr=ADA,
        action_flag=2,
    )
    return ada


def _given_and_said(store: Store, ada: Customer) -> None:
    """A code she was given, and a review she wrote."""
    from apps.offers.models import Code, CreditGiven, Offer
    from apps.orders.models import Review

    offer = Offer.objects.create(store=store, name="Ten euros", kind="credit", value=Decimal(10), currency="EUR")
    code = Code.objects.create(
        store=store, offer=offer, customer=ada, ref="run:1/step:3", code="K7MXQ2NDRA", status="issued", given_at=NOW,
        issued_at=NOW, ends_at=NOW + timedelta(days=14), due_at=NOW + timedelta(days=14),
    )  # fmt: skip
    CreditGiven.objects.create(code=code, asked_at=NOW)
    Review.objects.create(
        store=store, external_id="9", product="7", customer=ada, email_key=ada.email_key, rating=5, author="Augusta",
        text=f"Write to {ADA}", approved=True,
    )  # fmt: skip


def _told_and_asked(store: Store, ada: Customer, run: Enrollment) -> None:
    """What other apps told of her, what she answered, and what is measured of her."""
    from apps.customers.models import CustomEvent, Hold
    from apps.feedback.models import Answer, LowScore, OwnReview, SignUp, Survey
    from apps.flows.models import Notice
    from apps.segments.models import Figures, Membership, Purchase, Segment, Touched

    type(ada).objects.of(store).filter(pk=ada.pk).update(
        tags=["Augusta"], properties={"name": "Augusta"}, birth_month=12, birth_day=10
    )
    order, at = ada.orders.get(), {"at": NOW}
    CustomEvent.objects.create(
        store=store, customer=ada, name="quiz.done", properties={"mail": ADA}, occurred_at=NOW, key="k1"
    )
    Hold.objects.create(store=store, customer=ada, kind="complaint", began_at=NOW)
    survey = Survey.objects.create(store=store, slug="csat", kind="csat", name="Content?", texts={})
    answer = Answer.objects.create(
        store=store, survey=survey, customer=ada, message=1, order=order, said={"": "1"}, score=1, low=True,
        comment=f"Write to {ADA}", answered_at=NOW,
    )  # fmt: skip
    LowScore.objects.create(store=store, customer=ada, answer=answer, score=1, **at)
    OwnReview.objects.create(
        store=store, customer=ada, order=order, message=1, position=0, product="7", title="Kettle", rating=5,
        text=f"Write to {ADA}", author="Augusta", written_at=NOW,
    )  # fmt: skip
    notice, _ = store.notices.get_or_create(kind="opt_in", defaults={"text": "News, now and then."})
    SignUp.objects.create(store=store, customer=ada, notice=notice, outcome="granted", language="en", **at)
    Notice.objects.create(store=store, enrollment=run, position=0, text="Somebody is at risk", **at)
    Figures.objects.update_or_create(customer=ada, defaults={"store": store, "measured_at": NOW})
    segment = Segment.objects.create(store=store, slug="all", name="All")
    Membership.objects.create(segment=segment, customer=ada, entered_at=NOW)
    Purchase.objects.update_or_create(
        order=order, product="7", defaults={"store": store, "customer": ada, "currency": "EUR", "total": 1, **at}
    )
    Touched.objects.update_or_create(customer=ada, defaults=at)


def _dump() -> Iterator[tuple[str, str]]:
    """Every row of every table as text, bytes included."""
    from django.db import connection

    from apps.core import db

    for table in connection.introspection.table_names():
        for row in db.rows(f'SELECT * FROM "{table}"'):
            yield table, " ".join(_text(value) for value in row).lower()


def _text(value: Any) -> str:
    if isinstance(value, (bytes, memoryview)):
        return bytes(value).decode("utf-8", "replace")
    return str(value)


def _found(needles: tuple[str, ...] = NEEDLES) -> set[tuple[str, str]]:
    return {(table, needle) for table, text in _dump() for needle in needles if needle in text}


def _erase(store: Store, customer: Customer) -> None:
    from apps.customers.erasure import erase

    erase(store.pk, customer.pk, NOW)


# --- Forgetting -------------------------------------------------------------------------------


def test_nothing_in_a_full_dump_names_the_forgotten_person(store: Store) -> None:
    ada = _life_of_ada(store)
    places = {table for table, _ in _found()}

    _erase(store, ada)

    assert len(places) >= 12, f"the story says too little: {places}"
    assert _found() == set()


def test_the_sums_stay(store: Store) -> None:
    from apps.events.models import Event
    from apps.flows.models import Draw, Enrollment
    from apps.mail.models import Message
    from apps.orders.models import Order
    from apps.tracking.models import Click

    ada = _life_of_ada(store)
    before = Event.objects.count()

    _erase(store, ada)

    order = Order.objects.get()
    assert (order.total, order.customer_id, order.email_key, order.account) == (
        Decimal("25.50"),
        None,
        None,
        None,
    )
    assert order.external_id == "1042"
    assert Message.objects.filter(status="accepted", customer=None, address="").count() == 1
    assert (Click.objects.count(), Draw.objects.count(), Enrollment.objects.count()) == (1, 1, 1)
    # One more: that somebody was forgotten.
    assert Event.objects.count() == before + 1
    assert not Event.objects.exclude(customer_id=None).exists()


def test_nothing_waits_for_the_forgotten_person(store: Store) -> None:
    from apps.core.reasons import Reason
    from apps.flows.models import Enrollment
    from apps.mail.models import Message

    ada = _life_of_ada(store)
    claimed = _message(ada, status="claimed", token=uuid.uuid4(), lease_until=NOW)

    _erase(store, ada)

    claimed.refresh_from_db()
    assert (claimed.status, claimed.reason, claimed.token) == (
        "skipped",
        Reason.SUPPRESSED_EVERYTHING,
        None,
    )
    assert not Message.objects.filter(status__in=["planned", "claimed"]).exists()
    run = Enrollment.objects.get()
    assert (run.status, run.reason, run.cart_id) == ("exited", "suppressed_everything", None)


def test_the_no_outlives_the_person_and_even_a_complaint(store: Store) -> None:
    from apps.consent.models import Suppression
    from apps.core.secrets import hash_of
    from apps.customers.erasure import is_erased

    ada = _life_of_ada(store)
    place = hash_of(store.pk, KEY)
    Suppression.objects.create(store=store, address_hash=place, scope="everything", reason="complaint", at=NOW)

    _erase(store, ada)

    kept = Suppression.objects.get()
    assert (kept.scope, kept.reason, bytes(kept.address_hash)) == ("everything", "erased", place)
    assert is_erased(store.pk, place)
    assert not is_erased(_store("Other").pk, place)
    assert not is_erased(store.pk, hash_of(store.pk, "ben@example.com"))


def test_late_news_rebuilds_nobody(store: Store) -> None:
    """A delivery that comes after the erasure keeps its sums and names nobody (F39)."""
    from apps.carts.models import Cart
    from apps.customers.models import Customer

    _erase(store, _life_of_ada(store))

    _record(store, _basket(_person(), key="late"))

    late = Cart.objects.get(keys__value="late")
    assert (late.customer_id, late.email, late.email_key) == (None, None, None)
    assert not Customer.objects.of(store).filter(email_key__isnull=False).exists()


def test_others_keep_what_is_theirs(store: Store) -> None:
    """Ben shops here too; Cy has Ada's very address, in another shop."""
    from apps.customers import privacy

    ben, other = _person("ben@example.com", "acc-8"), _store("Cy's shop")
    _record(store, _order(ben, "2042"), _basket(ben, "ben-basket", recovery_url=""))
    _record(other, _order(_person()), _basket(_person()))
    theirs = [(store, _customer(store, "ben@example.com")), (other, _customer(other))]
    for shop, person in theirs:
        _sent(person)
        _delivery(shop, json.dumps({"email": person.email}).encode())
    before = [privacy.export(shop.pk, person.pk) for shop, person in theirs]

    _erase(store, _life_of_ada(store))

    assert [privacy.export(shop.pk, person.pk) for shop, person in theirs] == before


def test_a_person_of_another_shop_is_not_found(store: Store) -> None:
    from apps.customers import privacy
    from apps.customers.erasure import erase
    from apps.customers.models import Customer

    _record(store, _basket(_person()))
    other, ada = _store("Other"), _customer(store)

    with pytest.raises(Customer.DoesNotExist):
        erase(other.pk, ada.pk, NOW)
    with pytest.raises(Customer.DoesNotExist):
        privacy.export(other.pk, ada.pk)


def test_forgetting_twice_changes_nothing(store: Store) -> None:
    ada = _life_of_ada(store)
    _erase(store, ada)
    before = sorted(_dump())

    _erase(store, ada)

    assert sorted(_dump()) == before


def test_an_order_of_the_account_under_anothers_address_loses_the_account_only(
    store: Store,
) -> None:
    from apps.carts.models import Cart

    _record(store, _basket(_person()))
    _record(store, _basket(_person("ben@example.com"), "shared", consent=None, recovery_url=""))
    ben = _customer(store, "ben@example.com")
    Cart.objects.filter(customer=ben).update(account="acc-7711")

    _erase(store, _customer(store))

    kept = Cart.objects.get()
    assert (kept.customer, kept.account) == (ben, None)


# --- Raw bytes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b'{"email":"ADA.LOVELACE@example.COM"}',
        b'{"landing":"https:\\/\\/shop.example\\/?e=ada.lovelace%40example.com"}',
        b'{"email":"ada.lovelace\\u0040example.com"}',
        b"\xff\x00 not json ada.lovelace@example.com",
        b'{"note":"\\u003cada.lovelace@example.com\\u003e"}',
        b'{"note":"Thanks,\\nada.lovelace@example.com."}',
        b'{"url":"/?to=%3Cada.lovelace%40example.com%3E"}',
        b'{"customer":{"id":"acc-7711"}}',
        b'{"order_id": 1042, "amount": "3.00"}',
        b'{"id": 1042}',
    ],
)
def test_bodies_that_name_the_person_go(store: Store, body: bytes) -> None:
    _record(store, _order(_person()))
    delivery = _delivery(store, body)

    _erase(store, _customer(store))

    delivery.refresh_from_db()
    assert _body(delivery) is None


@pytest.mark.parametrize(
    "body",
    [
        b'{"email":"ben@example.com"}',
        b'{"id": 9, "total": "1042.00", "line_items": [{"id": 1042, "quantity": 1042}]}',
        b'{"id": 91042}',
        b'{"email":"nada.lovelace@example.com"}',
        b'{"email":"x.ada.lovelace@example.com"}',
        b'{"note":"to ada.lovelace@example.com.au, please"}',
        b'{"note":"to ada.lovelace@example.community"}',
    ],
)
def test_bodies_of_others_stay(store: Store, body: bytes) -> None:
    _record(store, _order(_person()))
    delivery = _delivery(store, body)

    _erase(store, _customer(store))

    assert _body(delivery) == body


def test_an_address_beyond_ascii_is_found_as_shops_write_it(store: Store) -> None:
    _record(store, _order(_person("Zoë@Bücher.example", None)))
    bodies = [
        '{"email":"zoë@bücher.example"}'.encode(),
        b'{"email":"zo\\u00eb@b\\u00fccher.example"}',
        b'{"email":"zo\\u00EB@xn--bcher-kva.example"}',
    ]
    deliveries = [_delivery(store, body) for body in bodies]

    _erase(store, _customer(store, "zoë@xn--bcher-kva.example"))

    assert [_body(delivery) for delivery in deliveries] == [None, None, None]


def test_out_of_a_batch_only_the_persons_own_events_go(store: Store) -> None:
    _record(store, _basket(_person()))
    theirs = '{"topic":"cart.updated","data":{"cart":"b","email":"ben@example.com","total":12.50}}'
    hers = f'{{"topic":"cart.updated","data":{{"cart":"a","email":"{ADA}"}}}}'
    body = f'{{"v":2,"events":[{hers},{theirs}]}}'.encode()
    delivery = _delivery(store, body, "companion", state="waiting", due_at=NOW)

    _erase(store, _customer(store))

    delivery.refresh_from_db()
    assert _body(delivery) == f'{{"v":2,"events":[{theirs}]}}'.encode()
    assert delivery.state == "waiting"


def test_news_of_the_person_that_still_waits_is_done_with(store: Store) -> None:
    _record(store, _basket(_person()))
    delivery = _delivery(store, f'{{"email":"{ADA}"}}'.encode(), state="waiting", due_at=NOW)

    _erase(store, _customer(store))

    delivery.refresh_from_db()
    assert (delivery.state, delivery.due_at, delivery.reason) == ("done", None, "erased")


# --- Requests ---------------------------------------------------------------------------------


def test_a_redaction_is_done_at_once_and_noted(store: Store) -> None:
    from apps.customers.models import PrivacyTask

    _life_of_ada(store)

    _record(store, _redaction())

    task = PrivacyTask.objects.get(action="redact")
    assert (task.customer_id, task.done_at) == (None, NOW)
    assert task.deadline == NOW + timedelta(days=30)
    assert _found() == set()


def test_a_redaction_is_taken_once(store: Store) -> None:
    from apps.customers.models import Customer, PrivacyTask

    _record(store, _redaction())
    _record(store, _basket(_person()))

    _record(store, _redaction())
    _record(store, _redaction(request_id=""), _redaction(request_id=""))

    assert PrivacyTask.objects.count() == 2
    assert not Customer.objects.filter(email_key=KEY).exists()


def test_a_redaction_finds_the_person_by_account_alone(store: Store) -> None:
    from apps.stores.snapshots import Person

    _record(store, _order(_person()), _basket(_person()))

    _record(store, _redaction(person=Person(account="acc-7711")))

    assert _found() == set()


def test_whom_we_never_knew_is_barred_all_the_same(store: Store) -> None:
    from apps.core.secrets import hash_of
    from apps.customers.erasure import is_erased

    delivery = _delivery(store, f'{{"email":"{ADA}"}}'.encode(), state="quarantined")

    _record(store, _redaction())

    assert is_erased(store.pk, hash_of(store.pk, KEY))
    assert _body(delivery) is None


def test_orders_the_request_names_are_emptied_whoever_had_them(store: Store) -> None:
    from apps.customers.models import CustomerTotal
    from apps.orders.models import Order
    from apps.stores.snapshots import Person

    _record(store, _order(_person("ben@example.com", None), "77"), _order(_person(), "78"))

    _record(store, _redaction(person=Person(), orders=("77",)))

    emptied, kept = Order.objects.order_by("external_id")
    assert (emptied.customer_id, emptied.email_key) == (None, None)
    assert kept.customer == _customer(store)
    assert not CustomerTotal.objects.filter(customer__email_key="ben@example.com").exists()


def test_a_wish_for_a_copy_is_a_task_for_the_owner(store: Store) -> None:
    from apps.customers.models import PrivacyTask

    _record(store, _basket(_person()))

    _record(store, _redaction(action="data_request"))

    task = PrivacyTask.objects.get()
    assert (task.customer_id, task.done_at, bool(task.note)) == (_customer(store).pk, None, True)
    assert _found(("ada.lovelace",))


def test_a_redaction_by_webhook_forgets_its_own_bytes_too() -> None:
    from apps.customers.models import PrivacyTask
    from apps.ingestion.processing import process_due

    store = _store("Shop", shop_domain="shop.myshopify.com")
    store.platform = "shopify"
    store.save()
    _record(store, _order(_person(account="191167")), _basket(_person(account="191167")))
    body = {
        "shop_id": 954889,
        "shop_domain": "shop.myshopify.com",
        "customer": {"id": 191167, "email": ADA, "phone": "555-625-1199"},
        "orders_to_redact": [1042],
    }
    values = {"topic": "customers/redact", "state": "waiting", "due_at": NOW, "received_at": NOW}
    delivery = _delivery(store, json.dumps(body).encode(), **values)

    process_due(NOW)

    delivery.refresh_from_db()
    assert PrivacyTask.objects.get().done_at == NOW
    assert (delivery.state, delivery.due_at) == ("done", None)
    assert _found((*NEEDLES, "191167", "555-625")) == set()


def test_a_shop_that_went_is_forgotten_by_the_retention_job(store: Store) -> None:
    from apps.core.retention import retain
    from apps.customers.models import PrivacyTask

    _life_of_ada(store)
    store.status = "uninstalled"
    store.save()
    later = NOW + timedelta(minutes=1)
    _record(store, _redaction(action="redact_shop", request_id=""))

    retain(later)

    assert _found() == set()
    assert PrivacyTask.objects.get(action="redact_shop").done_at == later


def test_a_shop_that_came_back_is_asked_about_first(store: Store) -> None:
    from apps.core.retention import retain
    from apps.customers.models import PrivacyTask

    _record(store, _basket(_person()))
    _record(store, _redaction(action="redact_shop", request_id=""))

    retain(NOW + timedelta(minutes=1))

    task = PrivacyTask.objects.get()
    assert (task.done_at, bool(task.note)) == (None, True)
    assert _customer(store).carts.count() == 1


# --- The copy ---------------------------------------------------------------------------------


def test_the_copy_is_whole_and_json(store: Store) -> None:
    from apps.core.following import all_followed
    from apps.customers import privacy

    ada = _life_of_ada(store)

    copy = json.loads(json.dumps(privacy.export(store.pk, ada.pk)))

    # Bodies speak of others too; what they said stands in the other tables.
    silent = {"ingestion.DeliveryBody", "ingestion.Quarantine", "consent.Suppression"}
    assert set(copy) == set(all_followed())
    assert {label for label, rows in copy.items() if not rows} == silent
    assert copy["customers.Customer"][0]["email"] == ADA
    assert copy["carts.Cart"][0]["lines"][0]["title"] == "Kettle"


def test_the_commands(store: Store) -> None:
    from django.core.management import CommandError, call_command

    _life_of_ada(store)
    out, done = StringIO(), StringIO()

    call_command("export_person", store.key, " ADA.lovelace@example.com", stdout=out)
    with pytest.raises(CommandError, match="--yes"):
        call_command("erase_person", store.key, ADA)
    call_command("erase_person", store.key, ADA, "--yes", stdout=done)

    assert json.loads(out.getvalue())["customers.Customer"][0]["first_name"] == "Augusta"
    assert json.loads(done.getvalue())["erased"] == 1
    assert _found() == set()
    with pytest.raises(CommandError, match="nothing"):
        call_command("export_person", store.key, ADA)


def test_recording_and_erasing_wait_for_the_same_lock() -> None:
    from apps.customers.erasure import RECORDING
    from apps.ingestion.processing import LOCK_CLASS

    assert RECORDING == LOCK_CLASS


# --- Merging ----------------------------------------------------------------------------------


def _two(store: Store) -> tuple[Customer, Customer]:
    from apps.customers.models import Customer

    return Customer.objects.create(store=store), Customer.objects.create(store=store)


def _merge(store: Store, kept: Customer, gone: Customer) -> None:
    from apps.customers.identity import merge

    merge(store.pk, kept=kept.pk, gone=gone.pk)


@pytest.mark.parametrize("older_is_gone", [True, False])
def test_the_older_lot_decides_after_a_merge(store: Store, older_is_gone: bool) -> None:
    from apps.flows.models import Draw

    kept, gone = _two(store)
    flow = _flow(store)
    for person, is_older in ((kept, not older_is_gone), (gone, older_is_gone)):
        Draw.objects.create(
            flow=flow,
            customer=person,
            ticket=1 if is_older else 99,
            held_out=is_older,
            drawn_at=NOW - timedelta(days=is_older),
        )

    _merge(store, kept, gone)

    lot = Draw.objects.get()
    assert (lot.customer, lot.held_out) == (kept, True)


def test_of_two_runs_in_one_matter_the_older_goes_on(store: Store) -> None:
    from apps.flows.models import Enrollment

    kept, gone = _two(store)
    flow = _flow(store)
    younger = _run(flow, kept, entered_at=NOW, occasion="event:1")
    older = _run(flow, gone, entered_at=NOW - timedelta(days=1), occasion="event:1")
    _run(flow, gone, subject="order:5", occasion="event:3")
    waiting = _message(kept, origin=f"run:{younger.pk}/step:0")

    _merge(store, kept, gone)

    waiting.refresh_from_db()
    active = Enrollment.objects.filter(status="active")
    assert {run.subject for run in active} == {"", "order:5"}
    assert older in active
    assert set(Enrollment.objects.values_list("customer", flat=True)) == {kept.pk}
    assert (waiting.status, waiting.reason) == ("skipped", "duplicate_run")


@pytest.mark.parametrize("newest", ["kept", "gone"])
def test_after_a_merge_the_newest_word_counts(store: Store, newest: str) -> None:
    from apps.consent.models import ConsentRecord, Permission

    kept, gone = _two(store)
    for person, name in ((kept, "kept"), (gone, "gone")):
        same = ConsentRecord.objects.create(customer=person, state="granted", at=NOW - timedelta(days=9), source="box")
        latest = ConsentRecord.objects.create(
            customer=person,
            state="denied" if name == newest else "granted",
            at=NOW - timedelta(days=name != newest),
            source="page",
        )
        Permission.objects.create(customer=person, state=latest.state, at=latest.at, record=latest)
        assert same.pk

    _merge(store, kept, gone)

    permission = Permission.objects.get()
    assert (permission.customer, permission.state, permission.at) == (kept, "denied", NOW)
    assert ConsentRecord.objects.filter(customer=kept).count() == 3


def test_an_account_that_gets_its_address_brings_its_orders_and_baskets(store: Store) -> None:
    from apps.carts.models import Cart
    from apps.customers.models import Customer, CustomerAlias
    from apps.events.models import Event
    from apps.orders.models import Order
    from apps.stores.snapshots import CustomerSeen, Person

    nameless = Person(account="acc-7711")
    _record(store, _basket(nameless, consent=None), _order(nameless))
    old = Customer.objects.get()

    _record(store, CustomerSeen(at=NOW, person=_person()))

    ada = _customer(store)
    assert list(Customer.objects.all()) == [ada]
    assert (Cart.objects.get().customer, Order.objects.get().customer) == (ada, ada)
    assert (ada.orders_count, ada.totals.get().spent) == (1, Decimal("25.50"))
    assert CustomerAlias.objects.get(old_id=old.pk).customer == ada
    assert set(Event.objects.values_list("customer_id", flat=True)) == {ada.pk}


def test_a_basket_that_changes_hands_is_ended_by_the_new_persons_order(store: Store) -> None:
    from apps.carts.models import Cart
    from apps.stores.snapshots import CustomerSeen, Person

    _record(store, _order(_person(account=None), placed_at=NOW, paid_at=NOW))
    _record(store, _basket(Person(account="acc-7711"), consent=None))
    assert Cart.objects.get().status == "active"

    _record(store, CustomerSeen(at=NOW, person=_person()))

    assert Cart.objects.get().status == "ordered"


def test_an_account_that_moves_takes_only_what_is_the_accounts(store: Store) -> None:
    from apps.carts.models import Cart
    from apps.orders.models import Order
    from apps.stores.snapshots import CustomerSeen

    _record(store, _order(_person()), _basket(_person()))
    first = _customer(store)
    _record(store, CustomerSeen(at=NOW, person=_person("countess@example.com")))

    second = _customer(store, "countess@example.com")
    first.refresh_from_db()
    assert (Cart.objects.get().customer, Order.objects.get().customer) == (first, second)
    assert (first.orders_count, second.orders_count) == (0, 1)


def test_mail_and_runs_about_a_joined_basket_are_about_the_one_that_stays(store: Store) -> None:
    from apps.carts.models import Cart

    _record(store, _basket(_person(), "one"), _basket(_person(), "two"))
    ada = _customer(store)
    flow = _flow(store)
    things = [
        (_message(ada, cart=cart), _run(flow, ada, cart=cart, subject=str(cart.pk))) for cart in Cart.objects.all()
    ]

    _record(store, _basket(_person(), keys=(("companion", "one"), ("companion", "two"))))

    left = Cart.objects.get()
    for message, run in things:
        message.refresh_from_db()
        run.refresh_from_db()
        assert (message.cart, run.cart) == (left, left)
