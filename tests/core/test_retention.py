"""What is kept goes when its time is over, and not before."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from apps.stores.models import Store

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def _store() -> Store:
    from apps.stores.models import Store

    return Store.objects.create(platform="woocommerce", name="Shop", url="https://shop.example")


def _ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


def _delivery(store: Store, at: datetime, **more: Any) -> Any:
    from apps.ingestion.models import Delivery, DeliveryBody

    values = {"state": "done", "topic": "order.updated", "dedupe_key": uuid.uuid4().hex, "size": 2}
    row = Delivery.objects.create(store=store, received_at=at, **{**values, **more})
    DeliveryBody.objects.create(delivery=row, data=b"{}")
    return row


def _message(store: Store, **more: Any) -> Any:
    from apps.mail.models import Message

    values = {
        "origin": uuid.uuid4().hex,
        "purpose": "cart",
        "template_slug": "one",
        "status": "rejected",
        "planned_at": NOW,
        "wanted_at": NOW,
        "valid_until": NOW,
    }
    return Message.objects.create(store=store, **{**values, **more})


def _basket(store: Store, at: datetime, **more: Any) -> Any:
    from apps.carts.models import Cart, CartKey

    cart = Cart.objects.create(store=store, started_at=at, last_activity_at=at, **more)
    CartKey.objects.create(store=store, kind="cart", value=uuid.uuid4().hex, cart=cart)
    return cart


def _retain(**more: Any) -> dict[str, int]:
    from apps.core.retention import retain

    return retain(NOW, **more)


def test_the_promises_of_the_product_page() -> None:
    from apps.core.retention import rules

    assert {rule.name: rule.keep for rule in rules()} == {
        "delivery bodies": "14 days",
        "deliveries": "90 days",
        "letters": "30 days",
        "outbox": "30 days",
        "baskets without permission": "7 days",
        "events": "13 months",
        "custom events": "13 months",
        "holds that are over": "13 months",
        "answers of persons": "24 months",
        "replaced answers": "13 months",
        "unconfirmed sign-ups": "30 days",
        "addresses nobody confirmed": "30 days",
        "visitors of the sign-up page": "1 day",
        "simulations": "30 days",
        "tombstones": "90 days",
        "sunset suppressions whose days are over": "0",
        "shops to forget": "0",
    }


def test_bodies_go_after_fourteen_days_and_their_rows_after_ninety() -> None:
    from apps.ingestion.models import Delivery, DeliveryBody, Quarantine

    store = _store()
    old, middle = _delivery(store, _ago(days=91)), _delivery(store, _ago(days=15))
    fresh = _delivery(store, _ago(days=13))
    Quarantine.objects.create(delivery=old, reason="wrong_shape")

    _retain()

    assert set(Delivery.objects.all()) == {middle, fresh}
    assert [body.delivery for body in DeliveryBody.objects.all()] == [fresh]


def test_what_still_waits_is_never_dropped() -> None:
    from apps.ingestion.models import DeliveryBody

    _delivery(_store(), _ago(days=200), state="waiting", due_at=NOW)

    _retain()

    assert DeliveryBody.objects.count() == 1


def test_what_a_mail_said_goes_after_thirty_days_and_that_it_went_stays() -> None:
    from apps.mail.models import Letter, Message, OutboxMail

    store = _store()
    for days in (31, 29):
        message = _message(store)
        Letter.objects.create(message=message, subject="Hi", context={"name": "Ada"}, rendered_at=_ago(days=days))
        OutboxMail.objects.create(message=message, data=b"Hi Ada", at=_ago(days=days))

    _retain()

    newest = Message.objects.order_by("-pk")[:1]
    assert [letter.message for letter in Letter.objects.all()] == list(newest)
    assert [kept.message for kept in OutboxMail.objects.all()] == list(newest)
    assert Message.objects.count() == 2


def test_events_go_after_thirteen_calendar_months() -> None:
    from apps.events.models import Announcement, Event

    store = _store()
    moments = [datetime(2025, 10, 22, 8, 59, tzinfo=UTC), datetime(2025, 10, 22, 9, 1, tzinfo=UTC)]
    for number, moment in enumerate(moments):
        event = Event.objects.create(
            store_id=store.pk,
            subject="cart:1",
            kind="cart.abandoned",
            occurred_at=moment,
            recorded_at=moment,
            source_key=str(number),
        )
        Announcement.objects.create(event=event, due_at=moment)

    _retain()

    assert [event.recorded_at for event in Event.objects.all()] == moments[1:]


def test_the_diary_is_shut_again_after_the_sweep() -> None:
    from django.db import DatabaseError, transaction

    from apps.core import db
    from apps.events.models import Event

    store = _store()
    Event.objects.create(store_id=store.pk, subject="cart:1", kind="cart.abandoned", occurred_at=NOW, source_key="1")
    _retain()

    # The cursor below Django's raises the driver's own error.
    with pytest.raises(Exception, match="append-only") as refused, transaction.atomic():
        db.run("DELETE FROM events_event")

    assert not isinstance(refused.value, DatabaseError)


def test_tombstones_go_after_ninety_days() -> None:
    from apps.ingestion.models import Tombstone

    store = _store()
    for days in (91, 89):
        Tombstone.objects.create(store=store, noun="order", external_id=str(days), at=_ago(days=days))

    _retain()

    assert [stone.external_id for stone in Tombstone.objects.all()] == ["89"]


def test_a_basket_nobody_may_write_about_goes_after_seven_days() -> None:
    from apps.carts.models import Cart
    from apps.customers.models import Customer

    store = _store()
    stranger = Customer.objects.create(store=store)
    old = _basket(store, _ago(days=8), customer=stranger)
    young = _basket(store, _ago(days=6), customer=stranger)
    anonymous = _basket(store, _ago(days=8))
    message = _message(store, cart=old)

    _retain()

    message.refresh_from_db()
    assert set(Cart.objects.all()) == {young}
    assert message.cart_id is None
    assert not {old.pk, anonymous.pk} & {cart.pk for cart in Cart.objects.all()}


def test_baskets_of_people_who_said_yes_or_bought_stay() -> None:
    from apps.carts.models import Cart
    from apps.consent.models import ConsentRecord, Permission
    from apps.customers.models import Customer

    store = _store()
    willing, buyer = (
        Customer.objects.create(store=store),
        Customer.objects.create(store=store, orders_count=1),
    )
    word = ConsentRecord.objects.create(customer=willing, state="granted", at=NOW, source="box")
    Permission.objects.create(customer=willing, state="granted", at=NOW, record=word)
    refuser = Customer.objects.create(store=store)
    no = ConsentRecord.objects.create(customer=refuser, state="denied", at=NOW, source="box")
    Permission.objects.create(customer=refuser, state="denied", at=NOW, record=no)
    kept = {_basket(store, _ago(days=60), customer=person) for person in (willing, buyer)}
    waiting = _basket(store, _ago(days=60), customer=refuser)
    _message(store, cart=waiting, status="planned", due_at=NOW)
    _basket(store, _ago(days=60), customer=refuser)

    _retain()

    assert set(Cart.objects.all()) == {*kept, waiting}


def test_a_second_sweep_finds_nothing_and_batches_add_up() -> None:
    store = _store()
    for _ in range(7):
        _delivery(store, _ago(days=100))

    first, second = _retain(limit=3), _retain(limit=3)

    assert first["deliveries"] == 7
    assert not any(second.values())


def test_a_rule_that_fails_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    from apps.core import retention
    from apps.ingestion.models import Delivery

    def breaks(before: datetime, limit: int) -> int:
        raise RuntimeError("no")

    broken = retention.Rule(name="a broken rule", keep="1 day", sweep=breaks)
    monkeypatch.setitem(retention._rules, broken.name, broken)
    _delivery(_store(), _ago(days=100))

    went = _retain()

    assert not Delivery.objects.exists()
    assert broken.name not in went
