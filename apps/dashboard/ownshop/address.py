"""What an owner types for an address, as the one address we will ask."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from apps.stores.errors import AddressForbidden
from apps.stores.network import permitted
from apps.stores.troubles import Trouble

LONGEST: Final = 300
_SCHEME: Final = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def shop_address(typed: str, *, loopback: bool) -> str:
    """`Molenzicht.nl/winkel?x=1` as `https://molenzicht.nl/winkel`. Raises AddressForbidden.

    Only the web's own port: whoever could name another would have us knock on strangers' doors.
    """
    text = typed.strip()[: LONGEST + 1]
    if (
        not text
        or len(text) > LONGEST
        or any(sign.isspace() or sign == "\\" or not sign.isprintable() for sign in text)
    ):
        raise AddressForbidden(Trouble.ADDRESS_FORBIDDEN, host=text[:60])
    text = text if _SCHEME.match(text) else f"https://{text.lstrip('/')}"
    try:
        parts = urlsplit(text)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise AddressForbidden(Trouble.ADDRESS_FORBIDDEN, host=text[:60]) from None
    local = loopback and host in ("localhost", "127.0.0.1")
    if parts.scheme not in ("http", "https") or parts.username is not None or not (local or "." in host):
        raise AddressForbidden(Trouble.ADDRESS_FORBIDDEN, host=host or text[:60])
    if not local and port not in (None, 80, 443):
        raise AddressForbidden(Trouble.ADDRESS_FORBIDDEN, host=f"{host}:{port}")
    where = f"{host}:{port}" if local and port else host
    scheme = parts.scheme if local else "https"
    return permitted(urlunsplit((scheme, where, parts.path.rstrip("/"), "", "")), loopback=loopback)


def host_of(address: str) -> str:
    """The name a person knows it by."""
    return (urlsplit(address).hostname or "").removeprefix("www.")
