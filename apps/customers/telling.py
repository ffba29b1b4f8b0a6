"""New people, as lines in the diary."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from apps.customers.identity import People
from apps.events import kinds
from apps.events.log import Happened, append, as_history

NEW_FOR: Final = timedelta(days=2)
"""Whom the platform has known for longer is nobody's news, only ours."""


def tell(people: People, at: datetime, history_until: datetime | None = None) -> None:
    """Append an event for everybody whose address is new here; of who is long known to the shop nobody is told."""
    told = [
        Happened(
            store_id=store_id,
            customer_id=people.by_address[(store_id, key)],
            subject=f"customer:{people.by_address[(store_id, key)]}",
            kind=kinds.CUSTOMER_CREATED,
            occurred_at=min(since or at, at),
            source_key=str(people.by_address[(store_id, key)]),
            data={},
            # Of a past that is read in, only what says its own day can be news.
            announced=(since is not None or history_until is None) and at - (since or at) <= NEW_FOR,
        )
        for (store_id, key), since in people.made.items()
    ]
    append(as_history(told, history_until, at), at)
