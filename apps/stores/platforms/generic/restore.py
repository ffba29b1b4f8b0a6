"""The shop's own link back to the basket, when it gave one that leads to itself; else the shop."""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

from apps.stores.platforms.base import Basket, ShopLinks

SOURCE = "mandje"


def restore(basket: Basket, shop: ShopLinks) -> str:
    parts = _ours(basket.recovery_url, shop) or urlsplit(shop.url)
    present = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    added = {"utm_source": SOURCE, "utm_medium": "email", "utm_id": basket.message_ref}
    if basket.code:
        added["code"] = basket.code
    query = urlencode({name: value for name, value in added.items() if name not in present})
    return urlunsplit(parts._replace(path=parts.path or "/", query="&".join(q for q in (parts.query, query) if q)))


def _ours(address: str, shop: ShopLinks) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    allowed = {host.lower() for host in (*shop.hosts, urlsplit(shop.url).hostname or "") if host}
    good = parts.scheme == "https" and parts.username is None and port in (None, 443) and parts.hostname in allowed
    return parts if good else None
