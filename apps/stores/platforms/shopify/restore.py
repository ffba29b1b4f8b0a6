"""The link that rebuilds a basket in a Shopify shop (decision 25, shopify.md 10.2)."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit, urlunsplit

from apps.stores.platforms.base import Basket, ShopLinks
from apps.stores.platforms.shopify.orders import CLICK_ATTRIBUTE


def restore(basket: Basket, shop: ShopLinks) -> str:
    """Shopify's own recovery link, else a permalink with the variants, else the shop."""
    recovery = _ours(basket.recovery_url, shop)
    if recovery is not None:
        return urlunsplit(_with(recovery, basket))
    home = urlsplit(shop.url.rstrip("/") or f"https://{shop.shop_domain}")
    if wanted := _variants(basket):
        attribute = {f"attributes[{CLICK_ATTRIBUTE}]": basket.message_ref}
        return urlunsplit(_with(home._replace(path=f"/cart/{wanted}", query=urlencode(attribute)), basket))
    if basket.code:
        return urlunsplit(_discounted(home, basket))
    return urlunsplit(_with(home._replace(path=home.path or "/"), basket))


def _discounted(home: SplitResult, basket: Basket) -> SplitResult:
    """A code on a bare address does nothing; `/discount/CODE?redirect=/…` keeps it for the visit (shopify.md 10.2)."""
    onward = _with(SplitResult("", "", home.path or "/", "", ""), replace(basket, code=""))
    path = f"{home.path}/discount/{quote(basket.code, safe='')}"
    return home._replace(path=path, query=urlencode({"redirect": urlunsplit(onward)}))


def _ours(address: str, shop: ShopLinks) -> SplitResult | None:
    """The link opens a buyer's details: it leads to this shop over https, or is not used."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme != "https" or parts.username is not None or port not in (None, 443):
        return None
    allowed = {host.lower() for host in (*shop.hosts, shop.shop_domain, urlsplit(shop.url).hostname or "") if host}
    return parts if parts.hostname in allowed else None


def _with(parts: SplitResult, basket: Basket) -> SplitResult:
    """Adds the code and where the click came from; what stands there stays, byte for byte."""
    present = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    added = {"utm_source": CLICK_ATTRIBUTE, "utm_medium": "email", "utm_id": basket.message_ref}
    if basket.code:
        added["discount"] = basket.code
    query = urlencode({name: value for name, value in added.items() if name not in present})
    return parts._replace(query="&".join(part for part in (parts.query, query) if part))


def _variants(basket: Basket) -> str:
    """`variant:quantity,…` in whole pieces; a line without a variant cannot be put back."""
    pairs = [
        f"{line.variant}:{max(1, int(line.quantity))}"
        for line in basket.lines
        if line.variant and line.variant.isascii() and line.variant.isdigit()
    ]
    return ",".join(pairs)
