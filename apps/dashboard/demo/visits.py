"""What visitors do: each visit is a story told in steps, with time between them."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from apps.dashboard.demo import payloads
from apps.dashboard.demo.catalogue import PRODUCTS, Product
from apps.dashboard.demo.mailbox import Mail
from apps.dashboard.demo.parts import Lines, Place, encoded
from apps.dashboard.demo.payloads import Yes
from apps.dashboard.demo.people import Person

READS_WITHIN: Final = 75.0
"""How long somebody waits for our mail before they have forgotten the shop, in seconds of their time."""


@dataclass(frozen=True, slots=True)
class Pause:
    """The visitor thinks, types or walks away for a while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Push:
    """The shop sends a delivery."""

    topic: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Await:
    """The visitor waits for a mail; the story goes on with it, or with None."""

    email: str
    seconds: float = READS_WITHIN


@dataclass(frozen=True, slots=True)
class Follow:
    """The visitor presses the mail's button; the story goes on with our reference, or ''."""

    mail: Mail


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """The visitor presses the mail program's own unsubscribe button."""

    mail: Mail


Step = Pause | Push | Await | Follow | Unsubscribe
Story = Generator[Step, Any, None]
Script = Callable[["Visit"], Story]


@dataclass(slots=True, kw_only=True)
class Visit:
    """One visitor in the shop, with a basket of their own."""

    place: Place
    who: Person
    chance: random.Random
    now: Callable[[], datetime]
    number: Callable[[], int]
    cart: str = field(default_factory=lambda: secrets.token_hex(16))
    yes: Yes | None = None

    def picks(self, most: int = 3) -> Lines:
        """A few different things, one or two of each."""
        chosen = self.chance.sample(PRODUCTS, self.chance.randint(1, most))
        return tuple((one, self.chance.choice((1, 1, 1, 2))) for one in chosen)

    def basket(self, lines: Lines) -> Push:
        """The companion tells what is in the basket now."""
        topic = "cart.updated" if lines else "cart.emptied"
        return self._companion(topic, lines)

    def consents(self, *, granted: bool) -> None:
        """The box beside the address was ticked, or the notice answered with no."""
        self.yes = Yes(granted=granted, at=self.now())

    def consent_changed(self) -> Push:
        return self._companion("consent.changed", ())

    def order(self, topic: str, number: int, lines: Lines, **more: Any) -> Push:
        """WooCommerce tells of an order."""
        meta: dict[str, Any] = {"_rcv_cart": self.cart} | more.pop("meta", {})
        if self.yes:
            meta["_rcv_consent"] = self.yes.stamp()
        body = payloads.order(self.place, number, self.who, lines, changed=self.now(), meta=meta, **more)
        return Push(topic, encoded(body))

    def _companion(self, topic: str, lines: Lines) -> Push:
        at = self.now()
        data = payloads.basket(self.place, self.cart, self.who, lines, yes=self.yes, at=at)
        return Push(topic, payloads.batch(self.place, topic, data, at))


def fills(visit: Visit, *, granted: bool | None = True) -> Generator[Step, Any, Lines]:
    """Puts things in, types the address, answers the box, and changes their mind once."""
    lines = visit.picks()
    if granted is not None:
        visit.consents(granted=granted)
    yield visit.basket(lines[:1])
    yield Pause(1.2)
    if len(lines) > 1:
        yield visit.basket(lines)
        yield Pause(1.2)
    if visit.chance.random() < 0.3:
        lines = lines[:-1] or lines
        yield visit.basket(lines)
    return lines


def places(visit: Visit, lines: Lines, meta: dict[str, Any] | None = None) -> Story:
    """Orders and pays at once; the block checkout tells `updated` before `created`."""
    number, at = visit.number(), visit.now()
    for topic in ("order.updated", "order.created"):
        more: dict[str, Any] = {"created": at, "paid": at, "meta": dict(meta or {})}
        yield visit.order(topic, number, lines, status="processing", **more)


def buys(visit: Visit) -> Story:
    """Fills a basket and orders it."""
    lines = yield from fills(visit)
    yield Pause(2.5)
    yield from places(visit, lines)


def comes_back(visit: Visit) -> Story:
    """Leaves the basket, reads our mail, presses its button and orders."""
    lines = yield from fills(visit)
    mail = yield Await(visit.who.email)
    if mail is None:
        return
    yield Pause(4.0)
    reference = yield Follow(mail)
    yield Pause(3.0)
    yield from places(visit, lines, {"_rcv_rid": reference} if reference else None)


def stays_away(visit: Visit) -> Story:
    """Leaves a basket and does not come back."""
    yield from fills(visit)


def refuses(visit: Visit) -> Story:
    """Leaves a basket and said no to mail."""
    yield from fills(visit, granted=False)
    yield Pause(0.5)
    yield visit.consent_changed()


def says_nothing(visit: Visit) -> Story:
    """Leaves a basket and did not answer the box at all."""
    yield from fills(visit, granted=None)


def empties(visit: Visit) -> Story:
    """Takes everything out again."""
    yield from fills(visit)
    yield Pause(3.0)
    yield visit.basket(())


def pays_late(visit: Visit) -> Story:
    """Orders, is lost on the way to the bank, and pays after all."""
    lines = yield from fills(visit)
    number, at = visit.number(), visit.now()
    for topic in ("order.created", "order.updated"):
        yield visit.order(topic, number, lines, status="pending", created=at)
    yield Pause(12.0)
    yield visit.order("order.updated", number, lines, status="processing", created=at, paid=visit.now())


def sends_back(visit: Visit) -> Story:
    """Orders, receives, and gets money back for one thing."""
    lines = yield from fills(visit)
    yield Pause(1.0)
    number, at = visit.number(), visit.now()
    for status in ("processing", "completed"):
        yield visit.order("order.updated", number, lines, status=status, created=at, paid=at)
        yield Pause(6.0)
    back = _cheapest(lines).price
    refund: dict[str, Any] = {"created": at, "paid": at, "refunded": back.quantize(Decimal("0.01"))}
    yield visit.order("order.updated", number, lines, status="completed", **refund)


def unsubscribes(visit: Visit) -> Story:
    """Leaves a basket, gets the mail and wants no more of them."""
    yield from fills(visit)
    mail = yield Await(visit.who.email)
    if mail is not None:
        yield Pause(3.0)
        yield Unsubscribe(mail)


def _cheapest(lines: Lines) -> Product:
    return min((one for one, _ in lines), key=lambda one: one.price)
