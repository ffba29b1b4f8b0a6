"""Whether everything runs: how long the oldest of each queue waits, and when beat was last seen."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from apps.core import db
from apps.dashboard.models import Heartbeat

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

BEAT: Final = "beat"
LATE: Final = timedelta(minutes=2)
UNSEEN: Final = timedelta(seconds=90)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One of the six queues. `oldest` is how long its oldest due row waits; zero when nothing is due."""

    name: str
    label: StrPromise
    due: int
    oldest: timedelta

    @property
    def late(self) -> bool:
        return self.oldest > LATE


_QUEUES: Final[tuple[tuple[str, StrPromise, str], ...]] = (
    (
        "deliveries",
        _("deliveries"),
        "ingestion_delivery q WHERE q.state = 'waiting' AND q.store_id = ANY(%(stores)s::bigint[])",
    ),
    (
        "announcements",
        _("announcements"),
        "events_announcement q JOIN events_event e ON e.id = q.event_id WHERE e.store_id = ANY(%(stores)s::bigint[])",
    ),
    ("baskets", _("baskets"), "carts_cart q WHERE q.store_id = ANY(%(stores)s::bigint[])"),
    (
        "enrollments",
        _("people in flows"),
        """flows_enrollment q JOIN flows_flow f ON f.id = q.flow_id JOIN stores_store s ON s.id = q.store_id
        WHERE q.status = 'active' AND f.live AND s.status = 'active' AND q.store_id = ANY(%(stores)s::bigint[])""",
    ),
    (
        "messages",
        _("messages"),
        """mail_message q JOIN stores_store s ON s.id = q.store_id WHERE q.status IN ('planned', 'claimed')
        AND s.status = 'active' AND q.store_id = ANY(%(stores)s::bigint[])""",
    ),
    (
        "errands",
        _("questions to shops"),
        """ingestion_errand q JOIN stores_connection c ON c.store_id = q.store_id
        WHERE (c.paused_until IS NULL OR c.paused_until <= %(at)s) AND q.kind <> 'backfill' AND q.begun_at IS NULL
        AND q.store_id = ANY(%(stores)s::bigint[])""",
    ),
)


def queues(stores: Collection[int], at: datetime) -> list[Queue]:
    """The six queues of these shops."""
    return [_queue(name, label, rows, stores, at) for name, label, rows in _QUEUES]


def _queue(name: str, label: StrPromise, rows: str, stores: Collection[int], at: datetime) -> Queue:
    sql = f"SELECT count(*), min(q.due_at) FROM {rows} AND q.due_at <= %(at)s"
    due, oldest = db.rows(sql, {"stores": sorted(stores), "at": at})[0]
    return Queue(name=name, label=label, due=due, oldest=at - oldest if oldest else timedelta())


def beat(at: datetime) -> None:
    """Beat lives, and a worker heard it."""
    Heartbeat.objects.update_or_create(name=BEAT, defaults={"at": at})


def beat_seen() -> datetime | None:
    """When that was last so; None if never."""
    return Heartbeat.objects.filter(name=BEAT).values_list("at", flat=True).first()


def beat_lives(at: datetime) -> bool:
    seen = beat_seen()
    return seen is not None and at - seen < UNSEEN
