"""A small shop as plain rows, drawn at random: written to the database for us, and read in Python by the judge."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
# Both days on which the clock changes in Amsterdam, their neighbours, and some others.
DAYS = [
    date(2026, 3, 28), date(2026, 3, 29), date(2026, 3, 30), date(2026, 10, 24), date(2026, 10, 25),
    date(2026, 10, 26), date(2026, 10, 31), date(2026, 11, 1), date(2025, 9, 1), date(2026, 6, 15),
]  # fmt: skip
PRODUCTS = {"70": (["Soap"], ["gift"], "Ida"), "71": (["Soap", "Bath"], [], "Ida"), "72": (["Tea"], ["gift"], "Ko")}
VARIANT = ("701", "70")
TAGS = ["vip", "press", "wholesale"]


@dataclass
class Order:
    at: datetime
    total: Decimal
    refunded: Decimal
    refund_at: datetime | None
    currency: str
    stage: str
    test: bool
    lines: list[tuple[str, Decimal]]

    @property
    def counts(self) -> bool:
        return not self.test and self.stage not in ("cancelled", "refunded")


@dataclass
class Mail:
    kind: str
    slug: str
    at: datetime
    status: str
    shadow: bool
    clicks: list[tuple[datetime, str]]
    opens: list[tuple[datetime, str]]


@dataclass
class Person:
    id: int
    locale: str
    country: str
    tags: list[str]
    properties: dict[str, Any]
    permission: str | None
    barred: bool
    orders: list[Order] = field(default_factory=list)
    carts: list[tuple[datetime, Decimal, str, bool, bool]] = field(default_factory=list)
    """(left behind at, total, currency, reached the checkout, really left)"""
    mails: list[Mail] = field(default_factory=list)
    reviews: list[tuple[datetime, int, str]] = field(default_factory=list)
    answers: list[tuple[datetime, str, str, int, bool]] = field(default_factory=list)
    """(at, survey, code, score, replaced)"""
    told: list[tuple[datetime, str, dict[str, Any]]] = field(default_factory=list)
    """(at, event, properties)"""
    segments: set[str] = field(default_factory=set)


@dataclass
class Shop:
    zone: ZoneInfo
    people: list[Person]
    currency: str = "EUR"
    language: str = "nl"


def draw_shop(seed: int) -> Shop:
    """A shop of a dozen people; the same seed is the same shop."""
    chance = random.Random(seed)
    zone = ZoneInfo(chance.choice(["Europe/Amsterdam", "America/New_York"]))
    return Shop(zone=zone, people=[_person(chance, zone, number) for number in range(12)])


def moment(chance: random.Random, zone: ZoneInfo) -> datetime:
    """Often close to a midnight of one of the days that the conditions name."""
    hour, minute = chance.choice([(0, 0), (0, 1), (23, 59), (1, 30), (3, 30), (10, 30), (10, 31), (14, 0)])
    day = chance.choice(DAYS) - timedelta(days=chance.choice([0, 0, 0, 1, 7, 30, 90]))
    return min(datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).astimezone(UTC), AT)


def _person(chance: random.Random, zone: ZoneInfo, number: int) -> Person:
    person = Person(
        id=0,
        locale=chance.choice(["", "nl_NL", "en-GB", "de"]),
        country=chance.choice(["", "NL", "BE"]),
        tags=chance.sample(TAGS, chance.randint(0, 3)),
        properties=chance.choice([{}, {"points": 120}, {"points": "many", "skin": "Dry"}, {"skin": "oily"}]),
        permission=chance.choice([None, "granted", "denied", "pending"]),
        barred=chance.random() < 0.2,
        segments={"picked"} if chance.random() < 0.4 else set(),
    )
    person.orders = [_order(chance, zone) for _ in range(chance.choice([0, 0, 1, 2, 3, 5]))]
    person.carts = [
        (moment(chance, zone), Decimal(chance.randint(1, 9) * 10), chance.choice(["EUR", "USD"]), chance.random() < 0.5,
         chance.random() < 0.8)
        for _ in range(chance.choice([0, 1, 2]))
    ]  # fmt: skip
    person.mails = [_mail(chance, zone) for _ in range(chance.choice([0, 1, 3, 7]))]
    person.reviews = [
        (moment(chance, zone), chance.randint(1, 5), chance.choice(list(PRODUCTS)))
        for _ in range(chance.choice([0, 0, 2]))
    ]
    person.answers = [
        (moment(chance, zone), chance.choice(["nps", "silent"]), chance.choice(["not_used", "dear", "9"]),
         chance.randint(0, 10), chance.random() < 0.3)
        for _ in range(chance.choice([0, 0, 2]))
    ]  # fmt: skip
    person.told = [
        (moment(chance, zone), chance.choice(["ticket.closed", "quiz.done"]),
         chance.choice([{}, {"skin": "Dry"}, {"points": 120, "skin": "oily"}]))
        for _ in range(chance.choice([0, 0, 1, 2]))
    ]  # fmt: skip
    return person


def _order(chance: random.Random, zone: ZoneInfo) -> Order:
    total = Decimal(chance.randint(1, 12) * 10)
    refunded = total / 2 if chance.random() < 0.2 else Decimal(0)
    at = moment(chance, zone)
    lines = chance.sample([*PRODUCTS, VARIANT[0], "99"], chance.randint(1, 3))
    return Order(
        at=at,
        total=total,
        refunded=refunded,
        refund_at=at + timedelta(days=chance.randint(0, 9)) if refunded and chance.random() < 0.7 else None,
        currency="EUR" if chance.random() < 0.8 else "USD",
        stage=chance.choice(["paid", "paid", "fulfilled", "cancelled", "refunded"]),
        test=chance.random() < 0.05,
        lines=[(product, Decimal(chance.randint(1, 6) * 10)) for product in lines],
    )


def _mail(chance: random.Random, zone: ZoneInfo) -> Mail:
    at = moment(chance, zone)
    later = at + timedelta(minutes=7)
    return Mail(
        kind=chance.choice(["marketing", "marketing", "service"]),
        slug=chance.choice(["cart-1", "win-back-1"]),
        at=at,
        status=chance.choice(["accepted", "accepted", "accepted", "rejected"]),
        shadow=chance.random() < 0.1,
        clicks=[(later, chance.choice(["", "burst"]))] * chance.choice([0, 0, 1, 2]),
        opens=[(later, chance.choice(["", "proxy"]))] * chance.choice([0, 0, 1]),
    )


def write(shop: Shop) -> Any:
    """The rows in the database; returns the store. People get their ids."""
    from apps.segments.models import Membership, Segment
    from tests.shopkeeping import open_store

    store = open_store(time_zone=str(shop.zone), currency=shop.currency, language=shop.language)
    _write_products(store)
    picked = Segment.objects.create(store=store, slug="picked", name="Picked")
    for number, person in enumerate(shop.people):
        _write_person(store, person, number)
    Membership.objects.bulk_create(
        Membership(segment=picked, customer_id=person.id, entered_at=AT) for person in shop.people if person.segments
    )
    _write_orders(store, shop)
    _write_carts_and_words(store, shop)
    _write_mails(store, shop)
    return store


def _write_products(store: Any) -> None:
    from apps.catalog.models import Product

    Product.objects.bulk_create(
        [
            Product(store=store, external_id=name, categories=categories, tags=tags, brand=brand)
            for name, (categories, tags, brand) in PRODUCTS.items()
        ]
        + [Product(store=store, external_id=VARIANT[0], parent=VARIANT[1])]
    )


def _write_person(store: Any, person: Person, number: int) -> None:
    from apps.consent.models import ConsentRecord, Permission, Suppression
    from apps.customers.models import Customer

    key = f"person{number}@shopper.example"
    row = Customer.objects.create(
        store=store, email=key, email_key=key, address_hash=number.to_bytes(16, "big"), locale=person.locale,
        country=person.country, tags=person.tags, properties=person.properties,
    )  # fmt: skip
    person.id = row.pk
    if person.permission:
        record = ConsentRecord.objects.create(customer=row, state=person.permission, at=AT, source="test")
        Permission.objects.create(customer=row, state=person.permission, at=AT, record=record)
    if person.barred:
        Suppression.objects.create(
            store=store, address_hash=number.to_bytes(16, "big"), scope="marketing", reason="unsubscribed", at=AT
        )


def _write_orders(store: Any, shop: Shop) -> None:
    from apps.orders.models import Order as Row
    from apps.orders.models import OrderLine, Refund

    orders = [(person, order) for person in shop.people for order in person.orders]
    rows = Row.objects.bulk_create(
        Row(
            store=store, external_id=str(number), customer_id=person.id, stage=order.stage, created_at=order.at,
            placed_at=order.at, paid_at=order.at, currency=order.currency, total=order.total, refunded=order.refunded,
            test=order.test, silences=not order.test, counts=order.counts, modified_at=order.at + timedelta(days=1),
        )
        for number, (person, order) in enumerate(orders)
    )  # fmt: skip
    OrderLine.objects.bulk_create(
        OrderLine(order=row, position=place, product=product, title=product, quantity=1, unit_price=total, total=total)
        for row, (_, order) in zip(rows, orders, strict=True)
        for place, (product, total) in enumerate(order.lines)
    )
    Refund.objects.bulk_create(
        Refund(
            store=store, external_id="1", order_external_id=row.external_id, amount=order.refunded, at=order.refund_at
        )
        for row, (_, order) in zip(rows, orders, strict=True)
        if order.refund_at
    )


def _write_carts_and_words(store: Any, shop: Shop) -> None:
    from apps.carts.models import Cart
    from apps.customers.models import CustomEvent
    from apps.feedback.models import Answer, Survey
    from apps.orders.models import Review

    Cart.objects.bulk_create(
        Cart(
            store=store, customer_id=person.id, status="abandoned" if left else "active", started_at=at,
            last_activity_at=at, abandoned_at=at if left else None, total=total, currency=currency,
            reached_checkout=reached,
        )
        for person in shop.people
        for at, total, currency, reached, left in person.carts
    )  # fmt: skip
    reviews = [(person, *review) for person in shop.people for review in person.reviews]
    Review.objects.bulk_create(
        Review(store=store, external_id=str(n), product=product, customer_id=person.id, rating=stars, written_at=at)
        for n, (person, at, stars, product) in enumerate(reviews)
    )
    surveys = {
        slug: Survey.objects.create(store=store, slug=slug, kind="nps", name=slug, texts={})
        for slug in ("nps", "silent")
    }
    answers = [(person, *answer) for person in shop.people for answer in person.answers]
    Answer.objects.bulk_create(
        Answer(
            store=store, survey=surveys[slug], customer_id=person.id, message=n, said={"": code}, score=score,
            answered_at=at, replaced_at=AT if replaced else None,
        )
        for n, (person, at, slug, code, score, replaced) in enumerate(answers)
    )  # fmt: skip
    told = [(person, *event) for person in shop.people for event in person.told]
    CustomEvent.objects.bulk_create(
        CustomEvent(store=store, customer_id=person.id, name=name, properties=properties, occurred_at=at, key=str(n))
        for n, (person, at, name, properties) in enumerate(told)
    )


def _write_mails(store: Any, shop: Shop) -> None:
    from apps.events.models import Event
    from apps.mail.models import Message
    from apps.tracking.models import Click

    mails = [(person, mail) for person in shop.people for mail in person.mails]
    rows = Message.objects.bulk_create(
        Message(
            store=store, customer_id=person.id, origin=f"m{n}", kind=mail.kind, purpose="cart", template_slug=mail.slug,
            status=mail.status, shadow=mail.shadow, planned_at=mail.at, wanted_at=mail.at, valid_until=mail.at,
            sending_at=mail.at, ended_at=mail.at, basis="consent", policy_version="1",
        )
        for n, (person, mail) in enumerate(mails)
    )  # fmt: skip
    both = list(zip(rows, mails, strict=True))
    Click.objects.bulk_create(
        Click(message=row, slot=1, at=at, machine=machine) for row, (_, mail) in both for at, machine in mail.clicks
    )
    Event.objects.bulk_create(
        Event(
            store_id=store.pk, customer_id=person.id, subject=f"message:{row.pk}", kind="mail.opened", occurred_at=at,
            source_key=f"{row.pk}:{n}", data={"machine": machine},
        )
        for row, (person, mail) in both
        for n, (at, machine) in enumerate(mail.opens)
    )  # fmt: skip
