"""When a shop could not be asked: how long to wait, whom it concerns, and when to stop."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from apps.core import db
from apps.customers.erasure import lock_store
from apps.ingestion import errands
from apps.ingestion.errands import Turn
from apps.ingestion.recording import News, record
from apps.stores import access, connecting
from apps.stores.errors import AccessRefused, AnswerUnreadable, NotOffered, ShopClosed, ShopTrouble
from apps.stores.snapshots import Uninstalled
from apps.stores.troubles import Trouble

LONGEST: Final = timedelta(hours=6)
SHOP_REOPENS: Final = timedelta(hours=6)
"""A shop that its platform closed is asked this seldom whether it is open again."""
ANEW_AFTER: Final = 5
"""So many unreadable answers to one place in a run, and the run begins again: places can expire."""


def note(turn: Turn, trouble: ShopTrouble, at: datetime) -> None:
    """Remember what went wrong, and decide when this is asked again."""
    if isinstance(trouble, NotOffered):
        errands.put_off(turn, None, trouble.trouble.value, trouble.values)
    elif connecting.closes(trouble) and _is_sure(turn, trouble):
        _stop(turn, trouble, at)
    else:
        if turn.vital or trouble.trouble is Trouble.TOO_MANY_REQUESTS:
            access.note_trouble(turn.store_id, trouble, at)
        if isinstance(trouble, AnswerUnreadable) and turn.failures + 1 >= ANEW_AFTER:
            _anew(turn)
        errands.put_off(turn, at + _pause(turn, trouble), trouble.trouble.value, trouble.values)


def _is_sure(turn: Turn, trouble: ShopTrouble) -> bool:
    """Keys that do not open one noun may open the others; whether they do is asked at once, of what matters most."""
    if turn.vital or trouble.trouble is not Trouble.KEYS_REFUSED:
        return True
    return not errands.hurry(turn.store_id, "poll", "orders")


def _pause(turn: Turn, trouble: ShopTrouble) -> timedelta:
    """Longer with every failure. What is asked every few minutes is tried as often as the connection's own pause."""
    if turn.vital:
        return min(trouble.retry_after or access.LONGEST_PAUSE, access.LONGEST_PAUSE)
    default = timedelta(minutes=30) if isinstance(trouble, AccessRefused) else timedelta(minutes=5)
    factor: int = 2 ** min(turn.failures, 10)
    return min((trouble.retry_after or default) * factor, LONGEST)


def _stop(turn: Turn, trouble: ShopTrouble, at: datetime) -> None:
    """Only the owner, or the shop's platform, can open it again."""
    access.note_trouble(turn.store_id, trouble, at)
    reopens = isinstance(trouble, ShopClosed) and trouble.trouble is Trouble.SHOP_CLOSED
    errands.stop_all(turn.store_id, trouble.trouble.value, trouble.values, but="audit" if reopens else "")
    if reopens:
        db.run(
            "UPDATE ingestion_errand SET due_at = %s, token = NULL, lease_until = NULL, trouble = %s"
            " WHERE store_id = %s AND kind = 'audit'",
            [at + SHOP_REOPENS, trouble.trouble.value, turn.store_id],
        )
    if trouble.trouble is Trouble.UNINSTALLED:
        uninstalled(turn.store_id, at)


def uninstalled(store_id: int, at: datetime) -> None:
    """The shop says that we were removed: as if its webhook had said so."""
    with transaction.atomic():
        lock_store(store_id)
        record([News(store_id=store_id, arrived_at=at, seen=Uninstalled(at=at))], at)


def _anew(turn: Turn) -> None:
    db.run(
        "UPDATE ingestion_errand SET cursor = '', begun_at = NULL WHERE id = %s AND token = %s AND cursor <> ''",
        [turn.id, turn.token],
    )
