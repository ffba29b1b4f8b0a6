"""The street before the demo shop: who comes in when, and what then goes over the wire."""

from __future__ import annotations

import heapq
import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, assert_never

from apps.dashboard.demo import payloads, visits
from apps.dashboard.demo.catalogue import PRODUCTS
from apps.dashboard.demo.mailbox import Mailbox
from apps.dashboard.demo.parts import Place, encoded
from apps.dashboard.demo.people import (
    ADA,
    BEN,
    CAST,
    CY,
    DORA,
    EVA,
    FINN,
    GRACE,
    Person,
    passer_by,
)
from apps.dashboard.demo.visits import Await, Follow, Pause, Push, Script, Story, Unsubscribe, Visit

# One round of the street: every second visitor or so leaves a basket behind. None is somebody new.
ROUND: Final[tuple[tuple[Person | None, Script], ...]] = (
    (ADA, visits.comes_back),
    (BEN, visits.refuses),
    (CY, visits.buys),
    (None, visits.stays_away),
    (DORA, visits.empties),
    (None, visits.comes_back),
    (EVA, visits.pays_late),
    (GRACE, visits.stays_away),
    (None, visits.buys),
    (FINN, visits.sends_back),
    (None, visits.says_nothing),
    (None, visits.unsubscribes),
)
LOOK_EVERY: Final = 1.0
_FIRST_ORDER: Final = datetime(2024, 1, 1, tzinfo=UTC)

Send = Callable[[Push], None]


@dataclass(order=True, slots=True)
class _Turn:
    """When a visitor does the next thing."""

    at: float
    order: int
    story: Story = field(compare=False)
    who: Person | None = field(compare=False, default=None)
    value: Any = field(compare=False, default=None)
    waiting: Await | None = field(compare=False, default=None)
    since: datetime | None = field(compare=False, default=None)
    until: float = field(compare=False, default=0.0)


@dataclass(slots=True, kw_only=True)
class Street:
    """Lets visitors in at a steady rate and carries out what they do, one thing at a time."""

    place: Place
    send: Send
    mailbox: Mailbox
    stop: threading.Event
    per_minute: float
    speed: float = 1.0
    seed: int | None = None
    _turns: list[_Turn] = field(default_factory=list)
    _count: Iterator[int] = field(default_factory=itertools.count)
    _inside: set[str] = field(default_factory=set)

    def walk(self, *, forever: bool) -> None:
        """Until told to stop, or until one round of visitors has come and gone."""
        chance = random.Random(self.seed)  # noqa: S311  a play, not a secret
        numbers = _numbers()
        arrivals = self._arrivals(chance, numbers, forever=forever)
        self._start(self._opening(), who=None, at=time.monotonic())
        coming = time.monotonic()
        more = True
        while not self.stop.is_set() and (more or self._turns):
            if more and coming <= time.monotonic():
                more = self._let_in(next(arrivals, None))
                # Nobody queued outside while the shop was away.
                coming = max(coming + 60.0 / self.per_minute / self.speed, time.monotonic())
            self._act()
            self._rest(coming if more else None)

    def _arrivals(
        self, chance: random.Random, numbers: Iterator[int], *, forever: bool
    ) -> Iterator[tuple[Person, Story]]:
        rounds = itertools.count() if forever else range(1)
        for _ in rounds:
            for person, script in ROUND:
                who = person or passer_by(chance, next(numbers) % 100_000)
                yield who, script(self._visit(who, chance, numbers))

    def _visit(self, who: Person, chance: random.Random, numbers: Iterator[int]) -> Visit:
        return Visit(place=self.place, who=who, chance=chance, now=_now, number=lambda: next(numbers))

    def _let_in(self, visitor: tuple[Person, Story] | None) -> bool:
        if visitor is None:
            return False
        who, story = visitor
        # One basket at a time: somebody of the cast who is still inside does not come in again.
        if who.email not in self._inside:
            self._inside.add(who.email)
            self._start(story, who=who, at=time.monotonic())
        return True

    def _start(self, story: Story, *, who: Person | None, at: float) -> None:
        heapq.heappush(self._turns, _Turn(at, next(self._count), story, who))

    def _opening(self) -> Story:
        """The shop tells what it sells and who has an account."""
        at = _now()
        for one in PRODUCTS:
            yield Push("product.updated", encoded(payloads.product(self.place, one, at)))
        for who in CAST:
            if who.account:
                body = payloads.customer(self.place, who, at - timedelta(days=200))
                yield Push("customer.updated", encoded(body))

    def _act(self) -> None:
        """Everything that is due now."""
        while self._turns and self._turns[0].at <= time.monotonic() and not self.stop.is_set():
            turn = heapq.heappop(self._turns)
            if turn.waiting is not None and not self._mail_came(turn):
                continue
            self._step(turn)

    def _mail_came(self, turn: _Turn) -> bool:
        """Whether the story can go on: a mail was found, or patience ran out."""
        waiting, since = turn.waiting, turn.since
        assert waiting is not None
        assert since is not None
        turn.value = self.mailbox.newest(waiting.email, since)
        if turn.value is None and time.monotonic() < turn.until:
            turn.at = time.monotonic() + LOOK_EVERY
            heapq.heappush(self._turns, turn)
            return False
        turn.waiting = None
        return True

    def _step(self, turn: _Turn) -> None:
        try:
            step = turn.story.send(turn.value)
        except StopIteration:
            if turn.who is not None:
                self._inside.discard(turn.who.email)
            return
        turn.value, turn.at = None, time.monotonic()
        match step:
            case Pause(seconds=seconds):
                turn.at += seconds / self.speed
            case Push():
                self.send(step)
            case Await(seconds=seconds):
                turn.waiting, turn.since = step, _now()
                turn.until = turn.at + seconds / self.speed
            case Follow(mail=mail):
                turn.value = self.mailbox.follow(mail)
            case Unsubscribe(mail=mail):
                self.mailbox.unsubscribe(mail)
            case never:
                assert_never(never)
        turn.order = next(self._count)
        heapq.heappush(self._turns, turn)

    def _rest(self, coming: float | None) -> None:
        moments = [self._turns[0].at] if self._turns else []
        moments += [] if coming is None else [coming]
        if moments:
            self.stop.wait(max(0.0, min(moments) - time.monotonic()))


def _now() -> datetime:
    # The shop's own clock: it is another computer than the engine's.
    return datetime.now(UTC)


def _numbers() -> Iterator[int]:
    """Order numbers that go on after a restart: tenths of a second since the shop opened."""
    return itertools.count(int((_now() - _FIRST_ORDER).total_seconds() * 10) % 2_000_000_000)
