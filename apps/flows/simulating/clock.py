"""The travelling clock: which moment comes next, for whom, and what happened then.

Nobody's fate depends on anybody else's, so people whose moments lie near each other are taken together, each with a
clock of their own. Where little happened every moment is taken by itself, as it was; a full past is taken in short
stretches, within which everybody's moments still come in their order.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from apps.core import db
from apps.events.listeners import Told

NOBODY: Final = 0
"""Whom something of the whole shop concerns."""
EXACT: Final = 3000
"""Up to so many events every moment stands by itself."""
STRETCHES: Final = 1200
"""A fuller past is cut into about so many."""
LENGTHS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 3, 5, 6, 10, 15, 30))
"""Divisors of half an hour: where shops open and close, a stretch begins."""
PAGE: Final = 5000

_HEARD: Final = """
SELECT id, store_id, customer_id, subject, kind, occurred_at, recorded_at, data::text, who, seen_at
FROM was_events_event WHERE kind = ANY(%(heard)s::text[]) AND seen_at >= %(began)s AND (seen_at, id) > (%(at)s, %(id)s)
ORDER BY seen_at, id LIMIT %(page)s
"""

_COUNT: Final = "SELECT count(*) FROM was_events_event WHERE kind = ANY(%s::text[]) AND seen_at >= %s"

# What was due before is done. Without that bound every look would walk through all that ever waited: nothing is
# cleared away behind a transaction that goes on.
_DUE: Final = """
SELECT customer_id, min(due_at) FROM (
    SELECT customer_id, due_at FROM flows_enrollment
    WHERE status = 'active' AND due_at >= %(began)s AND due_at < %(until)s
    UNION ALL SELECT customer_id, due_at FROM mail_message
    WHERE due_at >= %(began)s AND due_at < %(until)s
) AS waiting GROUP BY 1
"""

_STILL_DUE: Final = """
SELECT who, min(due_at) FROM (
    SELECT k.who, e.due_at FROM unnest(%(people)s::bigint[]) AS k(who)
    JOIN flows_enrollment e ON e.customer_id = k.who WHERE e.status = 'active' AND e.due_at < %(until)s
    UNION ALL SELECT k.who, m.due_at FROM unnest(%(people)s::bigint[]) AS k(who)
    JOIN mail_message m ON m.customer_id = k.who WHERE m.status = 'planned' AND m.due_at < %(until)s
) AS waiting GROUP BY 1
"""

_NEXT_DUE: Final = """
SELECT least((SELECT min(due_at) FROM flows_enrollment WHERE status = 'active' AND due_at >= %(at)s),
    (SELECT min(due_at) FROM mail_message WHERE due_at >= %(at)s))
"""


class Heard(msgspec.Struct, frozen=True):
    """An event, whom it is about, and when we learned of it."""

    event: Told
    who: int
    seen_at: datetime


class Stretch(msgspec.Struct, frozen=True):
    """A piece of the past, up to but not including `until`, and what was told in it."""

    began: datetime
    until: datetime
    heard: dict[int, deque[Heard]]


class Diary:
    """The events some flow may hear, oldest first, a page at a time."""

    def __init__(self, heard: Sequence[str], began: datetime) -> None:
        self.heard, self.began = list(heard), began
        self.count: int = db.rows(_COUNT, [self.heard, began])[0][0]
        self.page: deque[Heard] = deque()
        self.last: tuple[datetime, int] = (began - timedelta(days=1), 0)
        self.finished = False

    def grain(self, ended: datetime) -> timedelta:
        """How long the stretches are into which this past is cut."""
        return length_for(self.count, self.began, ended)

    def peek(self) -> datetime | None:
        """When the next thing was told."""
        self._fill()
        return self.page[0].seen_at if self.page else None

    def until(self, moment: datetime) -> Iterator[Heard]:
        """Everything told before that moment."""
        while (at := self.peek()) is not None and at < moment:
            yield self.page.popleft()

    def _fill(self) -> None:
        if self.page or self.finished:
            return
        params = {"heard": self.heard, "began": self.began, "at": self.last[0], "id": self.last[1], "page": PAGE}
        self.page.extend(_heard(row) for row in db.rows(_HEARD, params))
        self.finished = len(self.page) < PAGE
        if self.page:
            self.last = (self.page[-1].seen_at, self.page[-1].event.id)


def _heard(row: tuple[Any, ...]) -> Heard:
    number, store_id, customer_id, subject, kind, occurred_at, recorded_at, data, who, seen_at = row
    told = Told(
        id=number, store_id=store_id, customer_id=customer_id, subject=subject, kind=kind, occurred_at=occurred_at,
        recorded_at=recorded_at, data=msgspec.json.decode(data),
    )  # fmt: skip
    return Heard(told, who, seen_at)


def length_for(events: int, began: datetime, ended: datetime) -> timedelta:
    """How long a stretch is; none at all where every moment is taken by itself."""
    if events <= EXACT:
        return timedelta()
    wanted = (ended - began) / STRETCHES
    return next((length for length in LENGTHS if length >= wanted), LENGTHS[-1])


def stretches(diary: Diary, began: datetime, ended: datetime, calls: Sequence[Call] = ()) -> Iterator[Stretch]:
    """The pieces in which anything happens. `calls` are moments that concern the whole shop, and stand alone."""
    length = diary.grain(ended)
    at = began
    while (at := _next(diary, at, calls)) < ended:
        until = min(_end(at, length), ended, *(call.at for call in calls if call.at > at))
        if any(call.at == at for call in calls):
            until = at + timedelta(microseconds=1)
        heard: dict[int, deque[Heard]] = defaultdict(deque)
        for one in diary.until(until):
            heard[one.who].append(one)
        yield Stretch(at, until, heard)
        at = until


class Call(msgspec.Struct):
    """When something of the whole shop comes due next; whoever answers moves it on."""

    at: datetime


def _next(diary: Diary, at: datetime, calls: Sequence[Call]) -> datetime:
    due = db.rows(_NEXT_DUE, {"at": at})[0][0]
    moments = [moment for moment in (diary.peek(), due, *(call.at for call in calls)) if moment is not None]
    return max(min(moments), at) if moments else datetime.max.replace(tzinfo=UTC)


def _end(at: datetime, length: timedelta) -> datetime:
    if not length:
        return at + timedelta(microseconds=1)
    begun = timedelta(seconds=at.timestamp()) // length
    return datetime.fromtimestamp(((begun + 1) * length).total_seconds(), UTC)


def due(stretch: Stretch) -> dict[int, datetime]:
    """Who has a step or a mail waiting in this stretch, and for when."""
    return dict(db.rows(_DUE, {"began": stretch.began, "until": stretch.until}))


def still_due(people: Sequence[int], stretch: Stretch) -> dict[int, datetime]:
    """Who of these, who were looked at already, has something more to do before the stretch is over."""
    return dict(db.rows(_STILL_DUE, {"people": list(people), "until": stretch.until})) if people else {}


def round_of(
    stretch: Stretch, waiting: dict[int, datetime], stood: dict[int, datetime]
) -> tuple[dict[int, datetime], list[Told]]:
    """Everybody's next moment in this stretch, and what is told to them then; taken off the stretch."""
    moments = {who: max(moment, stretch.began, stood.get(who, stretch.began)) for who, moment in waiting.items()}
    for who, queue in stretch.heard.items():
        if queue:
            moments[who] = min(queue[0].seen_at, moments.get(who, queue[0].seen_at))
    told = []
    for who, moment in moments.items():
        queue = stretch.heard.get(who, deque())
        while queue and queue[0].seen_at <= moment:
            told.append(queue.popleft().event)
    return moments, sorted(told, key=lambda event: event.id)
