"""Mail of processes that died, and mail whose answer never came.

A `claimed` row of a dead process goes back to the queue: nothing had left. A row that stands in `sending` past its
deadline, or whose process is dead, becomes `unknown`: shown, counted, never sent again by itself. It keeps its
token, so that a process which only stood still can yet say how its mail ended. A transport that keeps our bytes can
prove what happened; then the doubt is closed.
"""

from __future__ import annotations

from datetime import datetime

from apps.core import db
from apps.mail import liveness

_IN_DOUBT = """
SELECT id, holder, lease_until < clock_timestamp() FROM mail_message WHERE status = 'sending'
ORDER BY lease_until, id LIMIT %s
"""

_PROVEN = """
UPDATE mail_message m SET status = 'accepted', ended_at = %(at)s, response = 'found in the outbox', token = NULL,
    lease_until = NULL, claims = 0
FROM mail_outboxmail o
WHERE o.message_id = m.id AND m.status IN ('sending', 'unknown') AND m.id = ANY(%(ids)s::bigint[])
"""

_DOUBT = """
UPDATE mail_message SET status = 'unknown', ended_at = %(at)s, lease_until = NULL,
    response = CASE WHEN response = '' THEN 'the sending process ended before the answer' ELSE response END
WHERE id = ANY(%(ids)s::bigint[]) AND status = 'sending'
"""

# By store, for the index of the status page; what is claimed at one moment is little.
_CLAIMERS = """
SELECT DISTINCT m.holder FROM stores_store s CROSS JOIN LATERAL (
    SELECT holder FROM mail_message WHERE store_id = s.id AND status = 'claimed') AS m
"""

_RELEASE = """
UPDATE mail_message t SET status = 'planned', due_at = %(at)s, token = NULL, lease_until = NULL
FROM (
    SELECT m.id FROM stores_store s CROSS JOIN LATERAL (
        SELECT id FROM mail_message WHERE store_id = s.id AND status = 'claimed' AND holder = ANY(%(dead)s::text[])
        FOR UPDATE SKIP LOCKED) AS m
) AS left_behind WHERE t.id = left_behind.id
"""


def reconcile(at: datetime, limit: int = 1000) -> int:
    """Close what can be proven and mark the rest unknown; returns how many rows changed hands."""
    return _release(at) + _doubt(at, limit)


def _release(at: datetime) -> int:
    """What a dead process had claimed waits for another one. How often that happened stays counted."""
    dead = liveness.dead(row[0] for row in db.rows(_CLAIMERS))
    return db.run(_RELEASE, {"dead": dead, "at": at}) if dead else 0


def _doubt(at: datetime, limit: int) -> int:
    found = db.rows(_IN_DOUBT, [limit])
    dead = set(liveness.dead(row[1] for row in found))
    ids = [row[0] for row in found if row[2] or row[1] in dead]
    if ids:
        db.run(_PROVEN, {"ids": ids, "at": at})
        db.run(_DOUBT, {"ids": ids, "at": at})
    return len(ids)
