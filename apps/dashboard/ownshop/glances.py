"""How often anybody may look: a count per visitor and one for all, kept in the database and for ten minutes.

A visitor is a keyed hash of their address, so that nobody can be known from the table.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.http import HttpRequest

from apps.core import db

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
    who = _hashed(visitor(request))
    counts: dict[str, int] = dict(db.rows(_COUNT, {"who": who, "all": EVERYBODY, "begun": begun, "window": WINDOW}))
    return counts[who] <= EACH and counts[EVERYBODY] <= ALL


def visitor(request: HttpRequest) -> str:
    """Where the request came from: behind our own proxies, what the outermost of them saw."""
    proxies: int = settings.ENV.trusted_proxies
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    address = hops[-proxies] if proxies and len(hops) >= proxies else request.META.get("REMOTE_ADDR", "")
    return _household(address)


def _household(address: str) -> str:
    """One connection has a whole /64 of IPv6."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address[:60]
    return str(ipaddress.ip_network((known, 64), strict=False)) if known.version == 6 else str(known)


def _hashed(visitor: str) -> str:
    return hmac.new(settings.SECRET_KEY.encode(), b"glance:" + visitor.encode(), hashlib.sha256).hexdigest()
