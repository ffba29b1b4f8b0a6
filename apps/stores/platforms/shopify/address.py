"""Where a Shopify shop is called: always at its myshopify.com name, never at the address its buyers know."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from shopify.utils.shop_url import sanitize_shop_domain

from apps.stores.errors import AddressForbidden
from apps.stores.network import permitted
from apps.stores.platforms.calling import Access
from apps.stores.troubles import Trouble

_DOMAIN: Final = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def shop_domain(typed: str) -> str:
    """`theepot`, `theepot.myshopify.com` or its https address → `theepot.myshopify.com`. Raises AddressForbidden.

    The library's own Session would make `theepot.myshopify.com` of `theepot.example.com` and worse (shopify.md 13),
    so what goes in there has passed here.
    """
    found = sanitize_shop_domain(typed.strip().rstrip("/"))
    if found is None or not _DOMAIN.fullmatch(found):
        raise AddressForbidden(Trouble.ADDRESS_FORBIDDEN, host=typed[:60])
    return str(found)


def base_of(access: Access) -> str:
    """What stands before `/admin`. Only where development or a test says so it is this machine."""
    if access.loopback and urlsplit(access.url).scheme == "http" and urlsplit(access.url).hostname in _LOOPBACK:
        return permitted(access.url.rstrip("/"), loopback=True)
    return f"https://{shop_domain(access.shop_domain)}"
