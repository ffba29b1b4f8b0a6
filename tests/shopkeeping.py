"""The cast and the shops of every story: real payloads in, real rows and mails out.

    cart = shop.leaves_cart(ada, total="80.00 EUR")
    travel(hours=2)
    shop.places_order(ada, from_cart=cart)
    assert outbox.to(ada) == []

Nothing of ours is replaced. A shop signs what its platform would send, the platform's own code lets it in, and the
queues run at a moment that only `travel` moves.
"""

from __future__ import annotations

import email
import email.policy
import itertools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

import pytest

from tests.invariants import bodies
from tests.invariants.bodies import Post

if TYPE_CHECKING:
    from apps.carts.models import Cart
    from apps.customers.models import Customer
    from apps.mail.models import Message
    from apps.stores.models import Store

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
"""Ten in the morning in Amsterdam, in winter time."""
SECRET = "tulip-glass-harbour-9"
NOON_RULES = {"quiet": "off", "sunday": "on", "caps": "off", "max_age": "off"}
"""A shop that may mail at any hour, so that a story is about one thing."""
LONGEST_TRIP = timedelta(minutes=15)
_numbers = itertools.count(1000)


@dataclass(frozen=True)
class Person:
    """One of the cast. `account` is the platform's id, None for a guest."""

    name: str
    email: str
    account: int | None = None

    def with_account(self, account: int) -> Person:
        return replace(self, account=account)

    def at(self, address: str) -> Person:
        """The same person with another address in hand."""
        return replace(self, email=address)


ADA = Person("Ada", "ada@shopper.example")
BEN = Person("Ben", "ben@shopper.example")
CY = Person("Cy", "cy@shopper.example")


@dataclass
class World:
    """The clock all shops of a story share."""

    at: datetime = MONDAY

    def travel(self, **by: float) -> None:
        """Let time pass, and every queue run whenever something in it comes due."""
        goal = self.at + timedelta(**by)
        run_queues(self.at)
        while self.at < goal:
            self.at = min(goal, next_due(self.at))
            run_queues(self.at)


def run_queues(at: datetime) -> None:
    """Every queue, until none has anything due."""
    from apps.carts.abandonment import abandon_due
    from apps.core import clock
    from apps.events.announcing import announce_due
    from apps.flows.campaigns import plan_due
    from apps.flows.engine import advance_due
    from apps.flows.sweeping import sweep_due
    from apps.ingestion.processing import process_due
    from apps.ingestion.running import run_due
    from apps.mail.alerting import alert_due
    from apps.mail.dispatch import dispatch_due
    from apps.segments.keeping import keep_due

    with clock.travelled(at - clock.now()):
        for _ in range(50):
            queues = (process_due, abandon_due, announce_due, keep_due, sweep_due, advance_due, plan_due, alert_due)
            asked = run_due(lambda: at)
            if not asked + sum(queue(at) for queue in queues) + dispatch_due(lambda: at):
                return
    raise AssertionError("a queue does not come to rest")


_NEXT = """
SELECT min(due) FROM (
    SELECT min(due_at) AS due FROM ingestion_delivery WHERE state = 'waiting'
    UNION ALL SELECT min(due_at) FROM carts_cart
    UNION ALL SELECT min(due_at) FROM events_announcement
    UNION ALL SELECT min(g.due_at) FROM segments_shopfigures g
        WHERE EXISTS (SELECT 1 FROM segments_segment s WHERE s.store_id = g.store_id)
    UNION ALL SELECT min(due_at) FROM flows_enrollment WHERE status = 'active'
    UNION ALL SELECT min(due_at) FROM flows_sweep
    UNION ALL SELECT min(due_at) FROM flows_campaign
    UNION ALL SELECT min(greatest(m.due_at, s.transport_paused_until)) FROM mail_message m
        JOIN stores_store s ON s.id = m.store_id WHERE m.status IN ('planned', 'claimed')
    UNION ALL SELECT min(greatest(e.due_at, c.paused_until)) FROM ingestion_errand e
        JOIN stores_connection c ON c.store_id = e.store_id WHERE e.due_at IS NOT NULL
) AS queues
"""


def next_due(at: datetime) -> datetime:
    """When a queue has something to do next; what stays due although it was run is looked at after a while."""
    from apps.core import db

    found = db.rows(_NEXT)[0][0]
    return found if found is not None and found > at else at + (LONGEST_TRIP if found else timedelta(days=365))


def take_in(store: Store, posts: Iterable[Post], received_at: datetime, *, again: bool = False) -> None:
    """Sign, let in and keep; `again` gives each another delivery id, as a second webhook would."""
    from apps.core import db
    from apps.ingestion import arrivals
    from apps.stores import secrets_ring
    from apps.stores.platforms.base import Request, platforms

    platform = platforms.get(store.platform)
    ring = secrets_ring.load(store.platform, store.key)
    assert ring is not None
    kept = []
    for post in posts:
        headers = dict(post.headers)
        if again:
            headers |= {"X-WC-Webhook-ID": str(next(_numbers)), "X-Shopify-Webhook-Id": f"again-{next(_numbers)}"}
        signed = platform.sign(post.topic, post.body, SECRET, received_at, headers)
        request = Request(headers={k.lower(): v for k, v in signed.items()}, body=post.body, at=received_at)
        admitted = platform.authenticate(request, ring)
        if arrivals.keep(store.pk, admitted, post.body):
            kept.append(admitted.dedupe_key)
    # The door writes the database's own time; the story's clock stands elsewhere.
    db.run(
        "UPDATE ingestion_delivery SET received_at = %s, due_at = %s"
        " WHERE store_id = %s AND state = 'waiting' AND dedupe_key = ANY(%s::text[])",
        [received_at, received_at, store.pk, kept],
    )


def process_all(at: datetime) -> None:
    """Record whatever was taken in."""
    from apps.ingestion.processing import process_due

    while process_due(at):
        pass


def open_store(platform: str = "woocommerce", **fields: Any) -> Store:
    """A store with its secret and the text of its box."""
    from apps.stores import notices
    from apps.stores.models import Store, StoreSecret

    values: dict[str, Any] = {
        "name": "Molenzicht", "platform": platform, "url": "https://molenzicht.example", "currency": "EUR",
        "from_email": "hallo@molenzicht.example", "postal_address": "Dijk 1, Delft", "rules": dict(NOON_RULES),
        "shop_domain": bodies.DOMAIN if platform == "shopify" else "",
    }  # fmt: skip
    store = Store.objects.create(**(values | fields))
    StoreSecret.make(store, SECRET).save()
    notices.standard_opt_in(store).save()
    return store


@dataclass
class Shop:
    """One shop and what happens in it."""

    store: Store
    world: World

    # --- what a platform says -------------------------------------------------------------------

    def sends(self, *posts: Post, again: bool = False) -> None:
        """These deliveries arrive now and are recorded."""
        take_in(self.store, posts, self.world.at, again=again)
        process_all(self.world.at)

    @property
    def is_shopify(self) -> bool:
        return self.store.platform == "shopify"

    def leaves_cart(
        self, person: Person | None, *, total: str = "80.00 EUR", name: str = "", consent: bool = True
    ) -> Cart:
        """Somebody fills a basket, reaches the checkout and goes quiet."""
        name, price = name or f"basket{next(_numbers)}", total.split(maxsplit=1)[0]
        things, at = [("13", 1, price)], self.world.at
        if self.is_shopify:
            self.sends(
                bodies.shopify_checkout(
                    name, at, things, email=person.email if person else None,
                    account=person.account if person else None, cart=f"cart-{name}",
                )
            )  # fmt: skip
            if consent and person:
                self.says_yes(person)
            return self.cart(name)
        self.sends(
            bodies.woo_cart(
                name, at, things, email=person.email if person else None, first_name=person.name if person else "",
                account=(person.account or 0) if person else 0,
                consent=("granted", at) if consent and person else None,
            )
        )  # fmt: skip
        return self.cart(name)

    def says_yes(self, person: Person) -> None:
        self._says(person, "granted", "subscribed")

    def says_no(self, person: Person) -> None:
        self._says(person, "denied", "unsubscribed")

    def _says(self, person: Person, plain: str, shopify: str) -> None:
        at = self.world.at
        if self.is_shopify:
            self.sends(bodies.shopify_consent(person.account or 700, person.email, at, shopify))
        else:
            self.sends(bodies.woo_consent(person.email, at, plain, account=person.account or 0))

    def places_order(
        self, person: Person, *, from_cart: Cart | None = None, total: str = "80.00 EUR", number: int | None = None
    ) -> int:
        """A paid order; returns its number."""
        number = number or next(_numbers)
        at, things = self.world.at, [("13", 1, total.split(maxsplit=1)[0])]
        name = self.name_of(from_cart) if from_cart else None
        if self.is_shopify:
            post = bodies.shopify_order(
                number, at, created=at, email=person.email, account=person.account, things=things, checkout=name
            )
        else:
            post = bodies.woo_order(
                number, at, "processing", created=at, email=person.email, account=person.account or 0, things=things,
                paid=at, cart=name, first_name=person.name,
            )  # fmt: skip
        self.sends(post)
        return number

    def empties(self, cart: Cart) -> None:
        name, at = self.name_of(cart), self.world.at
        self.sends(bodies.shopify_cart(f"cart-{name}", at, ()) if self.is_shopify else bodies.woo_cart(name, at, ()))

    # --- what we know ---------------------------------------------------------------------------

    def cart(self, name: str) -> Cart:
        from apps.carts.models import Cart

        kind = "checkout" if self.is_shopify else "companion"
        return Cart.objects.of(self.store).get(keys__kind=kind, keys__value=name)

    def name_of(self, cart: Cart) -> str:
        return cart.keys.get(kind="checkout" if self.is_shopify else "companion").value

    def customer(self, person: Person) -> Customer:
        from apps.core.addresses import email_key
        from apps.customers.models import Customer

        return Customer.objects.of(self.store).get(email_key=email_key(person.email))

    def messages(self, person: Person) -> list[Message]:
        from apps.mail.models import Message

        return list(Message.objects.of(self.store).filter(customer=self.customer(person)).order_by("id"))

    # --- what the owner does --------------------------------------------------------------------

    def switches_on(self, preset: str = "abandoned-checkout") -> None:
        """The preset's flow with its shipped mails, on since an hour."""
        from apps.flows import plans, presets, publishing

        plans.forget()
        flow = presets.install(self.store, preset, self.world.at)
        publishing.go_live(flow, self.world.at - timedelta(hours=1))

    def sets(self, **rules: str) -> None:
        """Rules in the owner's words: `shop.sets(caps="2/7d")`."""
        self.store.rules = {**self.store.rules, **rules}
        self.store.save(update_fields=["rules"])

    def sends_by(self, url: str) -> None:
        """The shop's own mail connection."""
        self.store.transport_url = url
        self.store.save(update_fields=["transport_sealed"])

    def suppresses(self, person: Person, *, scope: str = "marketing", reason: str = "unsubscribed") -> None:
        from django.db import transaction

        from apps.consent.suppressing import suppress

        with transaction.atomic():
            hashed = self.hashed(person)
            suppress(store_id=self.store.pk, address_hash=hashed, scope=scope, reason=reason, at=self.world.at)

    def hashed(self, person: Person) -> bytes:
        from apps.core.addresses import email_key
        from apps.core.secrets import hash_of

        key = email_key(person.email)
        assert key
        return hash_of(self.store.pk, key)

    def asks_for(self, person: Person, *, cart: Cart | None = None, after: timedelta = timedelta(), **wish: Any) -> int:
        """Somebody asks for one mail; returns the message."""
        from apps.mail.models import Message
        from apps.mail.planning import Wish, plan

        origin = f"story:{next(_numbers)}"
        due = self.world.at + after
        values: dict[str, Any] = {
            "store_id": self.store.pk, "customer_id": self.customer(person).pk, "origin": origin, "purpose": "cart",
            "template_slug": "abandoned-checkout-1", "due_at": due, "valid_until": due + timedelta(hours=24),
            "cart_id": cart.pk if cart else None, "since": cart.started_at if cart else None,
        }  # fmt: skip
        plan([Wish(**(values | wish))], self.world.at)
        return Message.objects.get(store=self.store, origin=origin).pk


@dataclass(frozen=True)
class Mail:
    """A mail as its receiver reads it."""

    message_id: int
    parsed: EmailMessage

    @property
    def subject(self) -> str:
        return str(self.parsed["Subject"])

    @property
    def text(self) -> str:
        body = self.parsed.get_body(("plain",))
        assert body is not None
        return str(body.get_content())

    @property
    def links(self) -> list[str]:
        return re.findall(r"https?://[^\s>]+", self.text)


class Outbox:
    """What the transport took, oldest first."""

    def all(self) -> list[Mail]:
        from apps.mail.models import OutboxMail

        return [Mail(row.message_id, parsed(bytes(row.data))) for row in OutboxMail.objects.order_by("message_id")]

    def to(self, person: Person) -> list[Mail]:
        return [mail for mail in self.all() if person.email in str(mail.parsed["To"])]


def parsed(wire: bytes) -> EmailMessage:
    found = email.message_from_bytes(wire, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


# --- fixtures ------------------------------------------------------------------------------------


@pytest.fixture
def ada() -> Person:
    """She buys."""
    return ADA


@pytest.fixture
def cy() -> Person:
    """He belongs to another shop and must never be seen."""
    return CY


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def travel(world: World) -> Callable[..., None]:
    """Let time pass: `travel(hours=2)`."""
    return world.travel


@pytest.fixture
def shop(db: None, world: World) -> Shop:
    """A WooCommerce shop with our companion."""
    return Shop(open_store(), world)


@pytest.fixture
def shopify_shop(db: None, world: World) -> Shop:
    return Shop(open_store("shopify"), world)


@pytest.fixture
def other_shop(db: None, world: World) -> Shop:
    """Cy's shop."""
    return Shop(open_store(name="Zeezicht", url="https://zeezicht.example"), world)


@pytest.fixture
def committed_shop(transactional_db: None, world: World) -> Shop:
    """A shop that other connections see."""
    return Shop(open_store(), world)


@pytest.fixture
def ben(request: pytest.FixtureRequest) -> Person:
    """He has unsubscribed, in every shop of the story but Cy's."""
    for name in ("shop", "shopify_shop", "committed_shop"):
        if name in request.fixturenames:
            request.getfixturevalue(name).suppresses(BEN)
    return BEN


@pytest.fixture
def joins(db: None, world: World) -> Iterator[Callable[..., Any]]:
    """Join a shop to a pretended one: `shop = joins("shopify")`. Today, for those know no other day."""
    from tests.shops.connected import connecting, now

    world.at = now()
    with connecting() as joined:
        yield lambda kind, **fields: joined(kind, world, **fields)


@pytest.fixture
def outbox() -> Outbox:
    return Outbox()
