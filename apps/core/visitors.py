"""Where a request came from, for counting how often somebody may do something; never kept as it is."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress

from django.conf import settings
from django.http import HttpRequest


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


def hashed(request: HttpRequest, *, purpose: str) -> str:
    """A keyed hash of the visitor, another one for each purpose: nobody can be known from a table of them."""
    said = f"{purpose}:{visitor(request)}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), said, hashlib.sha256).hexdigest()
