"""A story: a shop whose platform knocks at the door, a clock that travels, a mail server that keeps what it gets."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from apps.core import db
from apps.ingestion import door as doors
from apps.ingestion.processing import process_due
from apps.stores.platforms.base import platforms
from tests.invariants.bodies import Post
from tests.shopkeeping import ADA, SECRET, Person, Shop, run_queues
from tests.stories.receiver import Received, Receiver, is_well_made

Answer = tuple[int, dict[str, str], bytes]

# The next moment at which any queue has something to do.
_NEXT = """
SELECT min(due_at) FROM (
    SELECT due_at FROM ingestion_delivery WHERE due_at > %(at)s UNION ALL
    SELECT due_at FROM carts_cart WHERE due_at > %(at)s UNION ALL
    SELECT due_at FROM flows_enrollment WHERE due_at > %(at)s UNION ALL
    SELECT due_at FROM flows_sweep WHERE due_at > %(at)s UNION ALL
    SELECT due_at FROM mail_message WHERE due_at > %(at)s UNION ALL
    SELECT due_at FROM ingestion_errand WHERE due_at > %(at)s
) AS waiting
"""


@dataclass
class Story:
    """One shop, told from the outside."""

    shop: Shop
    receiver: Receiver
    _door: doors.Door = field(init=False)

    def __post_init__(self) -> None:
        self._door = doors.Door(_nobody)
        # Written by hand here: no thread outlives its story.
        self._door.notebook._wake = lambda: None  # type: ignore[method-assign]

    @property
    def at(self) -> datetime:
        return self.shop.world.at

    @property
    def is_shopify(self) -> bool:
        return self.shop.is_shopify

    # --- the platform -----------------------------------------------------------------------------

    def knock(self, post: Post, *, secret: str = SECRET, headers: dict[str, str] | None = None) -> int:
        """One delivery at the door, signed as its platform signs; the answer's status."""
        platform = platforms.get(self.shop.store.platform)
        signed = platform.sign(post.topic, post.body, secret, datetime.now(UTC), {**post.headers, **(headers or {})})
        path = f"/webhooks/{self.shop.store.platform}/{self.shop.store.key}/"
        status, _, _ = call(self._door, path, signed, post.body)
        self._door.notebook.flush()
        # The door writes the database's own time; the story's clock stands elsewhere.
        db.run(
            "UPDATE ingestion_delivery SET received_at = %(at)s, due_at = %(at)s"
            " WHERE store_id = %(store)s AND state = 'waiting'",
            {"at": self.at, "store": self.shop.store.pk},
        )
        return status

    def hears(self, *posts: Post, **how: Any) -> None:
        """These deliveries come in and are recorded."""
        for post in posts:
            assert self.knock(post, **how) == 200
        while process_due(self.at):
            pass

    # --- time -------------------------------------------------------------------------------------

    def waits(self, **by: float) -> None:
        """Let time pass from one due moment to the next, every queue running at each."""
        goal = self.at + timedelta(**by)
        run_queues(self.at)
        while (moment := self._next()) is not None and moment <= goal:
            self.shop.world.at = moment
            run_queues(moment)
        self.shop.world.at = goal
        run_queues(goal)

    def _next(self) -> datetime | None:
        found: datetime | None = db.rows(_NEXT, {"at": self.at})[0][0]
        return found

    # --- what came of it --------------------------------------------------------------------------

    def mails(self, person: Person) -> list[Received]:
        return self.receiver.to(person.email)

    def mail(self, person: Person) -> Received:
        """The only one this person got."""
        (only,) = self.mails(person)
        return only

    def reasons(self) -> list[str]:
        """Why what was not sent was not, and who was not let in."""
        skipped = db.rows(
            "SELECT reason FROM mail_message WHERE store_id = %s AND status = 'skipped'", [self.shop.store.pk]
        )
        declined = db.rows(
            "SELECT data ->> 'reason' FROM events_event WHERE store_id = %s AND kind = 'flow.declined'",
            [self.shop.store.pk],
        )
        return sorted(str(row[0]) for row in [*skipped, *declined])

    def ended(self) -> list[tuple[str, str]]:
        """How everybody's run ended."""
        return sorted(db.rows("SELECT status, reason FROM flows_enrollment WHERE store_id = %s", [self.shop.store.pk]))


def _nobody(environ: Any, start_response: Callable[..., Any]) -> list[bytes]:
    raise AssertionError("nobody stands behind this door")


def call(door: doors.Door, path: str, headers: dict[str, str], body: bytes) -> Answer:
    """The door's answer to one request."""
    said: dict[str, Any] = {}

    def start_response(status: str, answered: list[tuple[str, str]], exc_info: Any = None) -> None:
        said["status"], said["headers"] = int(status.split(maxsplit=1)[0]), dict(answered)

    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": path,
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": headers.get("Content-Type", ""),
        "wsgi.input": io.BytesIO(body),
        **{f"HTTP_{k.upper().replace('-', '_')}": v for k, v in headers.items() if k != "Content-Type"},
    }
    answer = b"".join(door(environ, start_response))  # type: ignore[arg-type]
    return said["status"], said["headers"], answer


def only_mail(story: Story, person: Person = ADA) -> Received:
    """Three hours on: the one mail this person got, as well made as all of ours."""
    story.waits(hours=3)
    mail = story.mail(person)
    is_well_made(mail)
    return mail


def nobody_is_mailed(story: Story) -> None:
    """Four days on, the mail server has nothing."""
    story.waits(days=4)
    assert story.receiver.mails == []
