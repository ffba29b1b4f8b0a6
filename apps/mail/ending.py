"""How a mail ended, into its row.

Only whoever sent it may say so, by its token: also when the row was called `unknown` in the meantime.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar, assert_never

import django.db
import psycopg
from django.db import connection, transaction

from apps.consent.suppressing import suppress
from apps.core import db
from apps.core.reasons import Reason
from apps.mail.transport import Accepted, Down, Later, Outcome, Rejected, Unknown

T = TypeVar("T")
Ended = tuple[int, Outcome]

FIRST_PAUSE = timedelta(minutes=5)
LONGEST_PAUSE = timedelta(hours=4)
AT_ONCE = timedelta()
CONNECTION_PAUSE = timedelta(seconds=30)
"""Where the connection itself does not work, the mail is not to blame: its pause does not grow."""
PATIENCE_SECONDS = 60.0

_CLOSE = """
UPDATE mail_message m SET status = t.status, ended_at = %(at)s, response = t.response, reason = t.reason,
    provider_id = t.provider_id, token = NULL, lease_until = NULL, claims = 0
FROM unnest(%(ids)s::bigint[], %(statuses)s::text[], %(responses)s::text[], %(reasons)s::text[],
    %(providers)s::text[]) AS t(id, status, response, reason, provider_id)
WHERE m.id = t.id AND m.status IN ('sending', 'unknown') AND m.token = %(token)s
"""

_RETURN = """
UPDATE mail_message m SET status = 'planned', sending_at = NULL, token = NULL, lease_until = NULL, claims = 0,
    ended_at = NULL, response = t.response, due_at = %(at)s::timestamptz + CASE WHEN %(grows)s
        THEN least(%(longest)s::interval, %(pause)s::interval * power(2, least(m.attempts, 10) - 1))
        ELSE %(pause)s::interval END
FROM unnest(%(ids)s::bigint[], %(responses)s::text[]) AS t(id, response)
WHERE m.id = t.id AND m.status IN ('sending', 'claimed', 'unknown') AND m.token = %(token)s
"""


def close(ended: Sequence[Ended], *, token: object, at: datetime) -> None:
    """Write the outcomes of one sub-batch. Dead addresses are suppressed in the same transaction."""
    with transaction.atomic():
        _close([item for item in ended if isinstance(item[1], (Accepted, Rejected, Unknown))], token, at)
        _put_off([item for item in ended if isinstance(item[1], Later)], token, at)
        hand_back([item for item in ended if isinstance(item[1], Down)], pause=AT_ONCE, token=token, at=at)
        dead = [message for message, end in ended if isinstance(end, Rejected) and end.dead_address]
        if dead:
            _suppress(dead, at)


def _close(ended: Sequence[Ended], token: object, at: datetime) -> None:
    if not ended:
        return
    rows = [(message, *_words(end)) for message, end in ended]
    db.run(
        _CLOSE,
        {
            "ids": [row[0] for row in rows],
            "statuses": [row[1] for row in rows],
            "reasons": [row[2] for row in rows],
            "responses": [row[3][:300] for row in rows],
            "providers": [row[4][:200] for row in rows],
            "token": token,
            "at": at,
        },
    )


def _words(end: Outcome) -> tuple[str, str, str, str]:
    """(status, reason, response, provider id)"""
    match end:
        case Accepted(response=said, provider_id=provider):
            return "accepted", "", said, provider
        case Rejected(response=said, dead_address=dead):
            reason = Reason.ADDRESS_REJECTED if dead else Reason.REJECTED_BY_SERVER
            return "rejected", reason.value, said, ""
        case Unknown(response=said):
            return "unknown", "", said, ""
        case Later() | Down():
            raise AssertionError("nothing ended")
        case never:
            assert_never(never)


def _put_off(ended: Sequence[Ended], token: object, at: datetime) -> None:
    """The server said "not now" about these: they wait, longer with every attempt."""
    _return(ended, FIRST_PAUSE, grows=True, token=token, at=at)


def hand_back(ended: Sequence[Ended], *, pause: timedelta, token: object, at: datetime) -> None:
    """Nothing left for these, and not for anything of theirs: they wait again."""
    _return(ended, pause, grows=False, token=token, at=at)


def _return(ended: Sequence[Ended], pause: timedelta, *, grows: bool, token: object, at: datetime) -> None:
    if ended:
        db.run(
            _RETURN,
            {
                "ids": [message for message, _ in ended],
                "responses": [end.response[:300] for _, end in ended],
                "pause": pause,
                "grows": grows,
                "longest": LONGEST_PAUSE,
                "token": token,
                "at": at,
            },
        )


def surely(write: Callable[[], T]) -> T:
    """What is known about a mail reaches its row, also when the database is away for a moment.

    Only for writes that may be repeated: a row is changed under its token, once.
    """
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return write()
        except (
            psycopg.OperationalError,
            psycopg.InterfaceError,
            django.db.OperationalError,
            django.db.InterfaceError,
        ):
            if connection.in_atomic_block or time.monotonic() > until:
                raise
            connection.close()
            time.sleep(0.5)


def _suppress(messages: Sequence[int], at: datetime) -> None:
    """Nothing more to an address that does not exist (reliability.md 4.4)."""
    found = db.rows(
        "SELECT m.id, m.store_id, c.address_hash FROM mail_message m JOIN customers_customer c ON c.id = m.customer_id"
        " WHERE m.id = ANY(%s::bigint[]) AND c.address_hash IS NOT NULL ORDER BY c.id",
        [list(messages)],
    )
    for message, store_id, hashed in found:
        suppress(
            store_id=store_id,
            address_hash=bytes(hashed),
            scope="everything",
            reason="hard_bounce",
            at=at,
            origin=f"message:{message}",
        )
