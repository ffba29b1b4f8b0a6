"""Running errands: one turn of the shop that waited longest.

No transaction is open while a shop is asked. A page is recorded and its place kept before the next is asked, so
whoever dies loses one answer at most, and asks it again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, assert_never

import msgspec

from apps.core import db
from apps.ingestion import errands, passing_on, setbacks
from apps.ingestion.errands import Turn
from apps.ingestion.taking_in import take_in
from apps.stores import access, connecting, network
from apps.stores.errors import AnswerUnreadable, ShopTrouble
from apps.stores.models import Store
from apps.stores.platforms.base import Platform, ShopFacts, platforms
from apps.stores.platforms.calling import Access, Noun, Page, Report
from apps.stores.shopfacts import facts_of
from apps.stores.troubles import Trouble

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

SLICE_SECONDS: Final = 5.0
"""A long history hands its thread back after this long: other shops wait too."""
PAGE_SECONDS: Final = 60.0
"""One page may take this long in all, repeated tries included; less than the lease."""
HISTORY_PAGE_SECONDS: Final = 200.0
NEWS: Final = timedelta(days=7)
"""What happened longer ago is history, also when a shop of years brings it: nobody is thanked for it now."""
FIRST_POLL: Final = timedelta(hours=48)
OVERLAP: Final = {"poll": timedelta(minutes=10), "reconcile": timedelta(hours=2)}
"""By the shop's own clock: saves that took long, and clocks that were set."""


def run_due(now: Clock, limit: int = 1000) -> int:
    """One turn, of at most `limit` pages, of the shop that waited longest; 0 when nobody waits."""
    turn = errands.claim(now())
    if turn is None:
        return 0
    try:
        _run(turn, now, limit)
    except ShopTrouble as trouble:
        setbacks.note(turn, trouble, now())
    except Exception as fault:
        log.exception("an errand at store %s failed", turn.store_id)
        unknown = AnswerUnreadable(Trouble.UNEXPECTED_ANSWER, detail=type(fault).__name__)
        setbacks.note(turn, unknown, now())
    return 1


def _run(turn: Turn, now: Clock, limit: int) -> None:
    match turn.kind:
        case "poll" | "reconcile" | "backfill":
            _fetch(turn, now, limit)
        case "audit":
            _audit(turn, now)
        case "tell":
            passing_on.tell(turn, now)
        case never:
            assert_never(never)


# --- pages ---


def _fetch(turn: Turn, now: Clock, limit: int) -> None:
    store = Store.objects.get(pk=turn.store_id)
    platform, opened = platforms.get(store.platform), access.access_of(store.pk)
    facts = facts_of([store.pk])[store.pk]
    stop, more, asked = time.monotonic() + SLICE_SECONDS, True, 0
    if turn.begins:
        turn = _begun(turn, now())
    while more:
        asked += 1
        begun = now()
        page = _page(platform, opened, facts, turn)
        turn, more = _keep(turn, page, store, begun, now())
        if more and (time.monotonic() > stop or asked >= limit):
            errands.hand_back(turn, now())
            return


_BEGIN = """
UPDATE ingestion_errand SET begun_at = %(at)s, since = %(since)s, asked_at = NULL, done = 0, spoiled = 0, total = NULL
WHERE id = %(id)s AND token = %(token)s
"""


def _begun(turn: Turn, at: datetime) -> Turn:
    """A new run, from where the last whole one knows."""
    since = turn.since
    if since is None and turn.kind != "backfill":
        since = turn.watermark - OVERLAP[turn.kind] if turn.watermark else turn.started_at - FIRST_POLL
    db.run(_BEGIN, {"at": at, "since": since, "id": turn.id, "token": turn.token})
    return msgspec.structs.replace(turn, begun_at=at, since=since, asked_at=None, done=0, cursor="")


def _page(platform: Platform, opened: Access, facts: ShopFacts, turn: Turn) -> Page:
    noun: Noun = turn.what  # type: ignore[assignment]  # only nouns of the list are opened
    if turn.kind == "backfill":
        with network.within(HISTORY_PAGE_SECONDS):
            page = platform.backfill(opened, facts, noun, since=turn.since, cursor=turn.cursor)
    else:
        with network.within(PAGE_SECONDS):
            page = platform.fetch(opened, facts, noun, since=turn.since, cursor=turn.cursor)
    if page.cursor and page.cursor == turn.cursor and page.pause is None:
        # A shop that shows the same page for ever.
        raise AnswerUnreadable(Trouble.UNEXPECTED_ANSWER, detail="the same page again")
    return page


_ADVANCE = """
UPDATE ingestion_errand SET cursor = %(cursor)s, done = %(done)s, spoiled = spoiled + %(spoiled)s,
    total = coalesce(%(total)s, total), asked_at = %(asked)s, failures = 0, trouble = '', trouble_values = '{}',
    lease_until = clock_timestamp() + %(lease)s::interval
WHERE id = %(id)s AND token = %(token)s
"""


def _keep(turn: Turn, page: Page, store: Store, begun: datetime, at: datetime) -> tuple[Turn, bool]:
    """Record the page and its place; whether there is more to ask now."""
    spoiled = take_in(store.pk, page.seen, asked_at=begun, history_until=max(turn.started_at, at - NEWS), at=at)
    turn = msgspec.structs.replace(
        turn,
        cursor=page.cursor,
        done=turn.done + len(page.seen),
        asked_at=turn.asked_at or page.asked_at or turn.begun_at,
    )
    db.run(
        _ADVANCE,
        {
            "cursor": turn.cursor, "done": turn.done, "spoiled": spoiled, "total": page.total, "asked": turn.asked_at,
            "lease": errands.LEASE, "id": turn.id, "token": turn.token,
        },
    )  # fmt: skip
    if page.pause is not None:
        errands.hand_back(turn, at + page.pause)
        return turn, False
    if page.cursor:
        return turn, True
    _whole(turn, store, at)
    return turn, False


_POLLED = "UPDATE stores_store SET orders_polled_at = greatest(orders_polled_at, %s) WHERE id = %s"


def _whole(turn: Turn, store: Store, at: datetime) -> None:
    """The last page of a run: only now do we know all there was when it began."""
    ours = errands.finish(turn, errands.due_again(turn, store, at), at)
    if ours and turn.vital:
        db.run(_POLLED, [turn.begun_at, store.pk])
        access.note_answer(store.pk, at)


# --- looking after the connection ---


def _audit(turn: Turn, now: Clock) -> None:
    with network.within(PAGE_SECONDS):
        audit(turn.store_id, now())
    store, at = Store.objects.get(pk=turn.store_id), now()
    errands.finish(turn, errands.due_again(turn, store, at), at)


LOST: Final = {Trouble.HOOK_MISSING, Trouble.HOOK_DISABLED}


def audit(store_id: int, at: datetime) -> Report:
    """Look after our webhooks; where some were gone, what they would have told is fetched."""
    last = Store.objects.get(pk=store_id).last_delivery_at
    report = connecting.audit(store_id, at)
    errands.reawaken(store_id, at)
    if any(found.trouble in LOST for found in report.findings):
        errands.fetch_missed(store_id, last, at)
    return report
