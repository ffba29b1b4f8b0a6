"""One bad delivery harms nobody but itself, whatever it is made of."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from apps.carts.models import Cart
from apps.core import db
from apps.customers.models import Customer
from apps.ingestion import processing
from apps.ingestion.models import Delivery, Quarantine
from apps.ingestion.processing import LOCK_CLASS, process_again, process_due
from tests.invariants import bodies
from tests.invariants.bodies import Post
from tests.invariants.rows import difference, tale
from tests.shopkeeping import MONDAY, Person, Shop, process_all, take_in

HOSTILE = {
    "deep": b'{"id":' + b"[" * 100_000,
    "deep inside": b'{"id":1,"status":"pending","meta_data":' + b"[" * 2000 + b"]" * 2000 + b"}",
    "NUL": b'{"id":1,"status":"pending","currency":"EUR","number":"a\\u0000b"}',
    "NaN": b'{"id":1,"status":"pending","currency":"EUR","total":NaN}',
    "endless number": b'{"id":1,"status":"pending","currency":"EUR","total":' + b"9" * 5000 + b"}",
    "1e999": b'{"id":1,"status":"pending","currency":"EUR","total":"1e999"}',
    "broken UTF-8": b'{"id":1,"status":"pending","number":"\xff\xfe"}',
    "UTF-16": '{"id":1}'.encode("utf-16-le"),
    "lone surrogate": b'{"id":1,"status":"pending","currency":"EUR","number":"\\ud800"}',
    "error object": b'{"code":"woocommerce_rest_shop_order_invalid_id","message":"no","data":{"status":404}}',
    "not JSON": b"<html>Briefly unavailable</html>",
    "a list": b"[]",
    "nothing": b"",
    "no id": b'{"status":"pending","currency":"EUR","line_items":[]}',
}


def order(number: int, **fields: Any) -> Post:
    return bodies.woo_order(
        number, MONDAY, "processing", created=MONDAY, email=f"p{number}@shopper.example", paid=MONDAY, **fields
    )


def states(shop: Shop) -> dict[str, int]:
    found: dict[str, int] = {}
    for state in Delivery.objects.of(shop.store).values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


@pytest.mark.django_db
def test_hostile_bodies_are_set_apart_with_their_reason_and_499_others_are_recorded(shop: Shop) -> None:
    good = [order(number) for number in range(1000, 1499)]
    bad = [Post(topic="order.updated", body=body, at=MONDAY) for body in HOSTILE.values()]
    take_in(shop.store, [*good[:250], *bad, *good[250:]], shop.world.at)

    process_due(shop.world.at)
    process_all(shop.world.at)

    assert states(shop) == {"done": 499, "quarantined": len(HOSTILE)}
    assert shop.store.orders.count() == 499
    reasons = set(Delivery.objects.filter(state="quarantined").values_list("reason", flat=True))
    assert "" not in reasons
    assert not [reason for reason in reasons if "untranslatable" in reason or "unrecordable" in reason]


@pytest.mark.django_db
def test_an_unknown_topic_is_kept_and_ignored(shop: Shop) -> None:
    shop.sends(Post(topic="order.danced", body=b'{"id":1}', at=MONDAY))

    assert states(shop) == {"ignored": 1}


@pytest.mark.django_db
def test_a_bad_event_of_a_batch_is_set_apart_alone(shop: Shop, ada: Person) -> None:
    good = json.loads(bodies.woo_cart("k1", MONDAY, email=ada.email).body)
    bad = {"id": "x", "topic": "cart.updated", "created": bodies.iso(MONDAY), "data": {"at": bodies.iso(MONDAY)}}
    body = json.dumps({"events": [bad, *good["events"]]}).encode()

    shop.sends(Post(topic="cart.updated", body=body, at=MONDAY))

    assert states(shop) == {"done": 1}
    assert Quarantine.objects.count() == 1
    assert Cart.objects.get().email_key == ada.email


# A delivery that translates and that the database then refuses, as no body we know of does any more.
REFUSE = """
CREATE OR REPLACE FUNCTION refuse_poison() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN IF NEW.external_id = '666' THEN RAISE EXCEPTION 'poison'; END IF; RETURN NEW; END $$;
CREATE TRIGGER refuse_poison BEFORE INSERT ON orders_order FOR EACH ROW EXECUTE FUNCTION refuse_poison();
"""


@pytest.mark.django_db
def test_a_batch_the_database_refuses_is_halved_until_the_culprit_stands_alone(shop: Shop, caplog) -> None:
    db.run(REFUSE)
    take_in(shop.store, [*(order(number) for number in range(100, 140)), order(666)], shop.world.at)

    process_all(shop.world.at)
    assert shop.store.orders.count() == 40
    assert states(shop) == {"done": 40, "waiting": 1}

    for _ in range(3):
        shop.world.at += timedelta(minutes=30)
        process_all(shop.world.at)

    culprit = Delivery.objects.get(state="quarantined")
    assert "poison" in culprit.reason
    assert culprit.attempts == 3


@pytest.mark.django_db
def test_what_kills_the_process_three_times_is_set_apart_and_takes_nobody_along(shop: Shop) -> None:
    """The same batch is claimed and lost, again and again; only the one in hand is counted."""
    take_in(shop.store, [order(number) for number in range(100, 110)], shop.world.at)
    killer = Delivery.objects.order_by("id")[4].pk

    class Killed(BaseException):
        """As kill -9 would: nothing after it runs."""

    def dying(outcomes: Any, at: Any, _record: Callable[..., None] = processing._record) -> None:
        if any(one.delivery.id == killer for one in outcomes):
            raise Killed
        _record(outcomes, at)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processing, "_record", dying)
        deaths = 0
        for _ in range(12):
            try:
                process_due(shop.world.at)
            except Killed:
                deaths += 1
            shop.world.at += timedelta(minutes=3)

    assert deaths == 3
    assert states(shop) == {"done": 9, "quarantined": 1}
    assert Delivery.objects.get(pk=killer).reason == "crashed_three_times"


def test_a_store_somebody_else_records_is_put_back_unharmed(committed_shop: Shop, ada: Person) -> None:
    shop, held, done = committed_shop, threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            db.rows("SELECT pg_advisory_xact_lock(%s, %s::int)", [LOCK_CLASS, shop.store.pk])
            held.set()
            done.wait(20)
        connection.close()

    other = threading.Thread(target=hold)
    other.start()
    held.wait(20)
    take_in(shop.store, [bodies.woo_cart("k1", MONDAY, email=ada.email)], shop.world.at)
    process_due(shop.world.at)
    waiting = Delivery.objects.get()
    done.set()
    other.join(20)

    assert (waiting.state, waiting.attempts) == ("waiting", 0)
    assert waiting.due_at <= shop.world.at + timedelta(seconds=1)
    process_all(shop.world.at + timedelta(seconds=1))
    assert Cart.objects.of(shop.store).count() == 1


@pytest.mark.django_db
def test_processing_again_changes_nothing(shop: Shop, ada: Person) -> None:
    at = shop.world.at
    spoilt = json.loads(bodies.woo_cart("k1", at, email=ada.email, consent=("granted", at)).body)
    spoilt["events"].append({"id": "x", "topic": "cart.updated", "data": {}})
    shop.sends(
        Post(topic="cart.updated", body=json.dumps(spoilt).encode(), at=at),
        bodies.woo_order(30, at, "refunded", created=at, email=ada.email, paid=at, refunds=[(1, "59.90")]),
        Post(topic="order.updated", body=HOSTILE["NaN"], at=at),
    )
    told, apart = tale(shop.store.pk), Quarantine.objects.count()

    again = process_again(list(Delivery.objects.values_list("pk", flat=True)), at + timedelta(days=1))
    process_all(at + timedelta(days=1))

    assert again == 3
    assert tale(shop.store.pk) == told, difference(told, tale(shop.store.pk))
    assert Quarantine.objects.count() == apart == 1
    assert states(shop) == {"done": 2, "quarantined": 1}


def test_fifty_at_once_are_one(committed_shop: Shop, ada: Person) -> None:
    """F15: the same delivery in parallel, then two workers on it."""
    shop = committed_shop
    post = bodies.woo_cart("k1", MONDAY, email=ada.email)

    def again() -> None:
        take_in(shop.store, [post], shop.world.at)
        connection.close()

    senders = [threading.Thread(target=again) for _ in range(10)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(30)
    workers = [threading.Thread(target=_works, args=(shop,)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    process_all(shop.world.at + timedelta(seconds=1))

    assert Delivery.objects.count() == 1
    assert Cart.objects.of(shop.store).count() == Customer.objects.of(shop.store).count() == 1


def _works(shop: Shop) -> None:
    process_all(shop.world.at)
    connection.close()
