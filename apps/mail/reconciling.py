"""Mail in doubt: its process died, or the answer never came.

A row that stands in `sending` past its deadline, or whose process is dead, becomes `unknown`: shown, counted,
never sent again by itself. A transport that keeps our bytes can prove what happened; then the doubt is closed.
"""

from __future__ import annotations

from datetime import datetime

from apps.core import db
from apps.mail.liveness import is_dead

_IN_DOUBT = """
SELECT id, holder, lease_until < clock_timestamp() FROM mail_message WHERE status = 'sending'
ORDER BY lease_until, id LIMIT %s
"""

_PROVEN = """
UPDATE mail_message m SET status = 'accepted', ended_at = %(at)s, response = 'found in the outbox', token = NULL,
    lease_until = NULL, claims = 0
FROM mail_outboxmail o WHERE o.message_id = m.id AND m.status IN ('sending', 'unknown') AND m.id = ANY(%(ids)s::bigint[])
"""

_DOUBT = """
UPDATE mail_message SET status = 'unknown', ended_at = %(at)s, token = NULL, lease_until = NULL,
    response = CASE WHEN response = '' THEN 'the sending process ended before the answer' ELSE response END
WHERE id = ANY(%(ids)s::bigint[]) AND status = 'sending'
"""


def reconcile(at: datetime, limit: int = 1000) -> int:
    """Close what can be proven and mark the rest unknown; returns how many rows were in doubt."""
    found = db.rows(_IN_DOUBT, [limit])
    dead = {name: is_dead(name) for name in {row[1] for row in found}}
    ids = [row[0] for row in found if row[2] or dead[row[1]]]
    if ids:
        db.run(_PROVEN, {"ids": ids, "at": at})
        db.run(_DOUBT, {"ids": ids, "at": at})
    return len(ids)
