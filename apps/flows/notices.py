"""What a flow tells the owner: a row that the shop's pages show, and a mail to the shop's own address.

The mail is internal: it goes past the gate, which guards shoppers, but by the same way out and with a row in the
outbox's list like any other. It is committed as leaving before the first byte, so the owner too is mailed at most
once; what could not be mailed stands on the page all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from django.db import transaction
from django.utils.translation import gettext, override

from apps.core import db
from apps.flows.taking import Run
from apps.mail import internal

MOST_ATTEMPTS: Final = 5
PAUSE: Final = timedelta(minutes=5)

_WRITE = """
INSERT INTO flows_notice (store_id, enrollment_id, position, text, at, due_at, attempts)
SELECT t.store_id, t.run, t.position, t.text, %(at)s, %(at)s, 0
FROM unnest(%(stores)s::bigint[], %(runs)s::bigint[], %(positions)s::smallint[], %(texts)s::text[])
    AS t(store_id, run, position, text)
ON CONFLICT (enrollment_id, position) DO NOTHING
"""

# Counted before it is tried: who dies while mailing has tried.
_CLAIM = """
UPDATE flows_notice n SET attempts = n.attempts + 1,
    due_at = CASE WHEN n.attempts + 1 < %(most)s THEN %(at)s::timestamptz + %(pause)s * (n.attempts + 1) END
FROM (
    SELECT id FROM flows_notice WHERE due_at <= %(at)s ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
) AS due, flows_enrollment e, flows_flow f, stores_store s, customers_customer p
WHERE n.id = due.id AND e.id = n.enrollment_id AND f.id = e.flow_id AND s.id = n.store_id AND p.id = e.customer_id
RETURNING n.id, n.store_id, n.text, f.name, s.language, coalesce(p.email, ''), p.id, n.attempts, e.id, n.position
"""


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A notice in hand."""

    id: int
    store_id: int
    text: str
    flow: str
    language: str
    email: str
    customer_id: int
    attempts: int
    run_id: int
    position: int


def write(told: Sequence[tuple[Run, int, str]], at: datetime) -> int:
    """Tell the owner, once per run and step, in the caller's transaction."""
    if not told:
        return 0
    columns = {
        "stores": [run.store_id for run, _, _ in told],
        "runs": [run.id for run, _, _ in told],
        "positions": [position for _, position, _ in told],
        "texts": [text for _, _, text in told],
    }
    return db.run(_WRITE, {**columns, "at": at})


def mail_due(at: datetime) -> int:
    """Mail one notice to its owner; returns whether there was one (1 or 0)."""
    with transaction.atomic():
        found = db.rows(_CLAIM, {"at": at, "most": MOST_ATTEMPTS, "pause": PAUSE})
    if not found:
        return 0
    due = Due(**dict(zip(Due.__struct_fields__, found[0], strict=True)))
    if internal.send(due.store_id, _mail(due), at):
        db.run("UPDATE flows_notice SET due_at = NULL WHERE id = %s", [due.id])
    return 1


def _mail(due: Due) -> internal.Note:
    with override(due.language):
        subject = gettext("%(flow)s: a word about a customer") % {"flow": due.flow}
        who = due.email or gettext("customer %(id)s") % {"id": due.customer_id}
        body = gettext("Your flow “%(flow)s” says about %(who)s:") % {"flow": due.flow, "who": who}
    return internal.Note(
        origin=f"notice:{due.run_id}/{due.position}/{due.attempts}",
        subject=subject,
        text=f"{body}\n\n{due.text}\n",
    )


_OF_STORE = """
SELECT n.id, n.at, n.text, n.seen_at, f.name, f.slug, e.customer_id, coalesce(p.email, '')
FROM flows_notice n JOIN flows_enrollment e ON e.id = n.enrollment_id JOIN flows_flow f ON f.id = e.flow_id
JOIN customers_customer p ON p.id = e.customer_id
WHERE n.store_id = %s AND (NOT %s OR n.seen_at IS NULL) ORDER BY n.at DESC, n.id DESC LIMIT %s
"""

_SEEN = """
UPDATE flows_notice SET seen_at = %(at)s
WHERE store_id = %(store)s AND seen_at IS NULL AND (%(notice)s::bigint IS NULL OR id = %(notice)s)
"""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A notice as the shop's pages show it."""

    id: int
    at: datetime
    text: str
    seen_at: datetime | None
    flow: str
    flow_slug: str
    customer_id: int
    email: str


def of_store(store_id: int, *, unseen: bool = False, limit: int = 50) -> list[Told]:
    """What the shop's flows told its owner, the newest first."""
    rows: list[tuple[Any, ...]] = db.rows(_OF_STORE, [store_id, unseen, limit])
    return [Told(**dict(zip(Told.__struct_fields__, row, strict=True))) for row in rows]


def seen(store_id: int, at: datetime, notice_id: int | None = None) -> int:
    """The owner has looked: at this one, or at all of the shop. Returns how many were not seen before."""
    return db.run(_SEEN, {"at": at, "store": store_id, "notice": notice_id})
