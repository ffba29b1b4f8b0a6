"""The gate's verdict and the statement that lets a mail go say the same (decision 22)."""

from __future__ import annotations

import json
import random
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.db import connection, transaction
from django.db.models import NOT_PROVIDED, Model

from apps.carts.models import Cart
from apps.consent import policy
from apps.consent.models import ConsentRecord, Permission, Suppression
from apps.core import db
from apps.core.secrets import hash_of
from apps.customers.models import Customer, Hold
from apps.mail import departing, gate
from apps.mail.departing import Leaving
from apps.mail.gate import Allowed, Asked
from apps.mail.models import Message
from apps.mail.transport import Parcel
from apps.mail.writing import Written
from apps.orders.models import Order
from apps.stores.models import Store
from tests.invariants import bodies
from tests.shopkeeping import ADA, MONDAY, Person, Shop, open_store, process_all, take_in

STATES = 10_000
SINCE = MONDAY - timedelta(hours=5)
MINE, THEIRS = uuid.uuid4(), uuid.uuid4()
CAPS = ["off", "1/16h", "2/7d", "1/16h,3/7d", "1/60d"]
AGO = [
    timedelta(minutes=1), timedelta(hours=16) - timedelta(seconds=1), timedelta(hours=16), timedelta(days=3),
    timedelta(days=7), timedelta(days=7, seconds=1), timedelta(days=45), timedelta(days=61),
]  # fmt: skip


@dataclass
class Deck:
    """Random shops and what is known in them, written at once."""

    dice: random.Random
    rows: dict[type, list[Any]] = field(default_factory=dict)
    token_is_mine: dict[int, bool] = field(default_factory=dict)

    def chance(self, share: float) -> bool:
        return self.dice.random() < share

    def add(self, row: Any) -> Any:
        self.rows.setdefault(type(row), []).append(row)
        return row

    def deal(self, store: Store, number: int) -> None:
        """One message, and everything that may stand in its way."""
        pick, key = self.dice.choice, f"p{number}@shopper.example"
        named = self.chance(0.95)
        customer = self.add(
            Customer(
                pk=number, store=store, email=key if named else None, email_key=key if named else None,
                address_hash=hash_of(store.pk, key) if named else None,
            )
        )  # fmt: skip
        if self.chance(0.3):
            self.add(
                Suppression(
                    store=store, address_hash=hash_of(store.pk, key), scope=pick(["marketing", "everything"]),
                    reason="objected", at=SINCE, lifted_at=pick([None, MONDAY]),
                )
            )  # fmt: skip
        self._permission(customer)
        cart = self._cart(store, customer)
        self._order(store, customer, cart)
        self._holds(store, customer)
        self._message(store, customer, cart)

    def _permission(self, customer: Customer) -> None:
        state = self.dice.choice([None, "granted", "granted", "denied", "pending", "erased"])
        if state:
            record = self.add(ConsentRecord(pk=customer.pk, customer=customer, state=state, at=SINCE, source="box"))
            self.add(Permission(customer=customer, state=state, at=SINCE, record=record))

    def _cart(self, store: Store, customer: Customer) -> Cart | None:
        if self.chance(0.3):
            return None
        status = self.dice.choice(["abandoned"] * 4 + ["active", "active", "ordered", "emptied"])
        due = MONDAY + self.dice.choice([-1, 0, 1]) * timedelta(minutes=10) if status == "active" else None
        return self.add(
            Cart(
                pk=customer.pk, store=store, customer=customer, status=status, started_at=SINCE,
                last_activity_at=SINCE, due_at=due, account=f"a{customer.pk}" if self.chance(0.5) else None,
            )
        )  # fmt: skip

    def _order(self, store: Store, customer: Customer, cart: Cart | None) -> None:
        if self.chance(0.6):
            return
        by = self.dice.choice(["customer", "address", "account", "nothing"])
        placed = SINCE + self.dice.choice([-1, 0, 1]) * timedelta(seconds=1)
        self.add(
            Order(
                store=store, external_id=str(customer.pk), stage="paid", currency="EUR", total=1, placed_at=placed,
                silences=self.chance(0.8), customer=customer if by == "customer" else None,
                email_key=customer.email_key if by == "address" else "other@shopper.example",
                account=cart.account if by == "account" and cart else "other",
            )
        )  # fmt: skip

    def _holds(self, store: Store, customer: Customer) -> None:
        for kind in self.dice.sample(Hold.Kind.values, self.dice.choice([0, 0, 1, 2])):
            began = MONDAY + self.dice.choice([-1, 0, 1]) * timedelta(seconds=1)
            ends = self.dice.choice([None, *(MONDAY + step * timedelta(seconds=1) for step in (-1, 0, 1))])
            self.add(Hold(store=store, customer=customer, kind=kind, began_at=began, ends_at=ends))

    def _message(self, store: Store, customer: Customer, cart: Cart | None) -> None:
        kind = self.dice.choice(["marketing"] * 5 + ["service"] * 2 + ["confirmation"])
        mine = self.chance(0.95)
        self.token_is_mine[customer.pk] = mine
        self.add(
            Message(
                pk=customer.pk, store=store, customer=customer, origin=f"o:{customer.pk}", kind=kind,
                purpose=self.dice.choice(["cart", "unpaid", "care", "review", "winback"]),
                template_slug="x", cart=cart, since=SINCE if self.chance(0.6) else None, status="claimed",
                planned_at=SINCE, wanted_at=SINCE, due_at=MONDAY, sending_epoch=self.dice.choice([1, 1, 1, 1, 2]),
                valid_until=MONDAY + self.dice.choice([-1, 0, 1, 1, 1, 1]) * timedelta(seconds=1),
                token=MINE if mine else THEIRS,
            )
        )  # fmt: skip
        for nth in range(self.dice.choice([0, 0, 0, 1, 1, 2, 3])):
            left = MONDAY - self.dice.choice(AGO)
            self.add(
                Message(
                    pk=STATES * (nth + 2) + customer.pk, store=store, customer=customer, purpose="cart",
                    kind="marketing",
                    origin=f"o:{customer.pk}:{nth}", template_slug="x", status="accepted", planned_at=left,
                    wanted_at=left, valid_until=left, sending_at=left, basis="consent", policy_version="1",
                )
            )  # fmt: skip

    def write(self) -> None:
        for kind, rows in self.rows.items():
            _copy(kind, rows)
        # Leases are the database's own time.
        db.run("UPDATE mail_message SET lease_until = clock_timestamp() + interval '1 hour' WHERE status = 'claimed'")
        db.run(
            "UPDATE mail_message SET lease_until = clock_timestamp() - interval '1 s'"
            " WHERE status = 'claimed' AND mod(id, 23) = 0"
        )
        db.run("ANALYZE")


def _copy(kind: type[Model], rows: list[Any]) -> None:
    """COPY, which is many times quicker than INSERT for so many."""
    fields = [one for one in kind._meta.concrete_fields if one.db_default is NOT_PROVIDED]
    if rows[0].pk is None:
        fields = [one for one in fields if not one.primary_key]
    names = ", ".join(one.column for one in fields)
    with db.cursor() as cursor, cursor.copy(f"COPY {kind._meta.db_table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([_plain(getattr(row, one.attname)) for one in fields])


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (dict, list)) else value


def leaving(asked: Asked) -> Leaving:
    """As if the gate had once allowed it and it was written since."""
    parcel = Parcel(message_id=asked.id, uid="u", sender="a@b.example", to="c@d.example", wire=b"")
    written = Written(parcel=parcel, subject="", context={}, targets=[], version_id=None)  # type: ignore[arg-type]
    allowed = Allowed(basis="consent", policy_version="1", evidence={}, until=gate.usable_until(asked))
    return Leaving(written=written, asked=asked, allowed=allowed, judged_at=MONDAY)


def changeable(asked: Asked) -> Asked:
    """Only what another writer can change between verdict and departure; the rest speaks for the mail."""
    said = asked.permission
    if asked.kind == "confirmation" and said.state not in (policy.State.DENIED, policy.State.ERASED):
        said = policy.Permission(state=policy.State.PENDING)
    return msgspec.structs.replace(
        asked, unmailable="", feed="none", outranked=False, person_country="US", permission=said
    )


@pytest.mark.django_db
def test_ten_thousand_states_are_judged_alike_by_gate_and_departure() -> None:
    deck = Deck(random.Random("gate"))
    stores = [
        open_store(name=f"{caps} {status}", status=status, rules={"quiet": "off", "sunday": "on", "caps": caps})
        for caps in CAPS
        for status in ("active", "active", "active", "paused", "uninstalled")
    ]
    for number in range(1, STATES + 1):
        deck.deal(stores[number % len(stores)], number)
    deck.write()

    wrong, went = [], 0
    for store in stores:
        ids = list(Message.objects.filter(store=store, status="claimed").values_list("pk", flat=True))
        found = gate.ask(ids, MONDAY)
        gone = departing.depart([leaving(asked) for asked in found], token=MINE, holder="1", at=MONDAY)
        went += len(gone)
        for asked in found:
            verdict = gate.judge(changeable(asked), MONDAY)
            may = isinstance(verdict, Allowed) and deck.token_is_mine[asked.id] and asked.id % 23 != 0
            if may != (asked.id in gone):
                wrong.append((asked.id in gone, verdict, asked))

    assert not wrong[:3], f"{len(wrong)} of {STATES} differ"
    assert STATES * 0.02 < went < STATES * 0.5


def test_both_ask_in_the_same_words() -> None:
    """Whoever changes a question must change it once."""
    from apps.mail import asked, asking

    for question in (asking.SUPPRESSED, asking.SUPPRESSED_ALL, asking.ORDERED, asking.STANDING):
        assert question in asked._FACTS
    both = (asking.SUPPRESSED, asking.ORDERED, asking.OBJECTED, asking.BASKET_STANDS, asking.STORE_SENDS, asking.HELD)
    for question in both:
        assert question in departing.STILL_MAY_GO


# --- F18: somebody else writes in the meantime -----------------------------------------------------


def claimed(shop: Shop, person: Person, **wish: Any) -> Leaving:
    """A mail that was judged and written, a breath before it leaves."""
    cart = shop.leaves_cart(person)
    message = shop.asks_for(person, cart=cart, **wish)
    db.run(
        "UPDATE mail_message SET status = 'claimed', token = %s, lease_until = clock_timestamp() + interval '60 s'"
        " WHERE id = %s",
        [MINE, message],
    )
    # The basket is long silent.
    db.run("UPDATE carts_cart SET status = 'abandoned', abandoned_at = %s, due_at = NULL", [shop.world.at])
    asked = gate.ask([message], shop.world.at)[0]
    assert isinstance(gate.judge(asked, shop.world.at), Allowed)
    return leaving(asked)


def orders(shop: Shop) -> None:
    at = shop.world.at
    order = bodies.woo_order(900, at, "processing", created=at, email=ADA.email, paid=at)
    take_in(shop.store, [order], at)
    process_all(at)


def orders_by_account(shop: Shop) -> None:
    """Logged in, and under another address than the one typed beside the basket."""
    at = shop.world.at
    order = bodies.woo_order(900, at, "processing", created=at, email="ada@work.example", account=7, paid=at)
    take_in(shop.store, [order], at)
    process_all(at)


def unsubscribes(shop: Shop) -> None:
    shop.suppresses(ADA)


def says_no(shop: Shop) -> None:
    shop.says_no(ADA)


def empties(shop: Shop) -> None:
    shop.empties(Cart.objects.get(email_key=ADA.email))


def uninstalls(shop: Shop) -> None:
    Store.objects.filter(pk=shop.store.pk).update(status="uninstalled")


def is_restored_from_a_backup(shop: Shop) -> None:
    Store.objects.filter(pk=shop.store.pk).update(sending_epoch=2)


WRITERS = [orders, orders_by_account, unsubscribes, says_no, empties, uninstalls, is_restored_from_a_backup]


@pytest.mark.parametrize("writer", WRITERS, ids=lambda one: one.__name__)
@pytest.mark.django_db
def test_what_was_committed_between_verdict_and_departure_stops_the_mail(
    shop: Shop, writer: Callable[[Shop], None]
) -> None:
    item = claimed(shop, ADA.with_account(7))

    writer(shop)

    assert departing.depart([item], token=MINE, holder="1", at=shop.world.at) == set()


@pytest.mark.django_db
def test_what_changed_nothing_stops_nothing(shop: Shop, ada: Person) -> None:
    item = claimed(shop, ada)

    shop.places_order(Person("Dan", "dan@shopper.example"))

    assert departing.depart([item], token=MINE, holder="1", at=shop.world.at) == {item.asked.id}


@pytest.mark.parametrize("writer", [orders, orders_by_account, unsubscribes], ids=lambda one: one.__name__)
def test_an_uncommitted_order_or_unsubscribe_is_waited_for(
    committed_shop: Shop, writer: Callable[[Shop], None]
) -> None:
    """F18: the sender comes while the writer has written and not committed; it waits, and does not send."""
    shop, outcome = committed_shop, {}
    item = claimed(shop, ADA.with_account(7))
    sender = threading.Thread(target=_departs, args=(item, shop.world.at, outcome))

    with transaction.atomic():
        writer(shop)
        sender.start()
        _until(lambda: _blocked_by_us() or not sender.is_alive())
        assert "gone" not in outcome
    sender.join(20)

    assert outcome["gone"] == set()
    assert Message.objects.get(pk=item.asked.id).status == "claimed"


def test_a_mail_that_was_first_is_counted_by_the_other_worker(committed_shop: Shop, ada: Person) -> None:
    """Two mails for one person in two workers' hands, and room for one."""
    shop, outcome = committed_shop, {}
    shop.sets(caps="1/16h")
    first = claimed(shop, ada)
    second = claimed(shop, ada)
    sender = threading.Thread(target=_departs, args=(second, shop.world.at, outcome))

    with transaction.atomic():
        assert departing.depart([first], token=MINE, holder="1", at=shop.world.at) == {first.asked.id}
        sender.start()
        _until(lambda: _blocked_by_us() or not sender.is_alive())
    sender.join(20)

    assert outcome["gone"] == set()


def _departs(item: Leaving, at: datetime, outcome: dict[str, Any]) -> None:
    try:
        outcome["gone"] = departing.depart([item], token=MINE, holder="2", at=at)
    finally:
        connection.close()


def _blocked_by_us() -> bool:
    # Within a transaction the view would go on showing what it showed first.
    db.rows("SELECT pg_stat_clear_snapshot()")
    return bool(db.rows("SELECT 1 FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))"))


def _until(holds: Callable[[], bool]) -> None:
    tick = threading.Event()
    for _ in range(1000):
        if holds():
            return
        tick.wait(0.01)
    raise AssertionError("it never came")
