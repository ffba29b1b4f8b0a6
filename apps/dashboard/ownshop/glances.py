"""How often anybody may look: a count per visitor and one for all, kept in the database and for ten minutes.

A visitor is a keyed hash of their address, so that nobody can be known from the table.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.http import HttpRequest

from apps.core import db
from apps.core.visitors import hashed

WINDOW: Final = timedelta(minutes=10)
EACH: Final = 10
ALL: Final = 120
EVERYBODY: Final = "all"

_COUNT: Final = """
WITH gone AS (DELETE FROM dashboard_glance WHERE begun_at < %(begun)s - %(window)s)
INSERT INTO dashboard_glance AS g (who, begun_at, count)
VALUES (%(who)s, %(begun)s, 1), (%(all)s, %(begun)s, 1)
ON CONFLICT (who, begun_at) DO UPDATE SET count = g.count + 1
RETURNING who, count
"""


def may_look(request: HttpRequest, at: datetime) -> bool:
    """Count this look; False when this visitor, or all together, looked too often."""
    begun = at - timedelta(seconds=at.timestamp() % WINDOW.total_seconds())
    who = hashed(request, purpose="glance")
    counts: dict[str, int] = dict(db.rows(_COUNT, {"who": who, "all": EVERYBODY, "begun": begun, "window": WINDOW}))
    return counts[who] <= EACH and counts[EVERYBODY] <= ALL
