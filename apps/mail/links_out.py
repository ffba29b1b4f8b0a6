"""Where buttons lead besides the basket: our own pages of answers and reviews, and the order's payment."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from apps.mail import tokens
from apps.mail.shops import Shop

Ring = Sequence[bytes | str]


def answer(shop: Shop, message: int, slot: int | None, *, ring: Ring) -> str:
    """Our page with this answer chosen beforehand; the page's own button records it. None: nothing chosen."""
    place = tokens.NO_SLOT if slot is None else slot
    return f"{shop.base.rstrip('/')}/a/{tokens.answer(shop.id, message, place, ring=ring)}"


def review(shop: Shop, message: int, position: int, *, ring: Ring) -> str:
    """Our own form about the line of this place in the mail's order."""
    return f"{shop.base.rstrip('/')}/b/{tokens.review(shop.id, message, position, ring=ring)}"


def confirm(shop: Shop, message: int, *, ring: Ring) -> str:
    """The page on which whoever got this mail confirms a sign-up."""
    return f"{shop.base.rstrip('/')}/c/{tokens.confirm(shop.id, message, ring=ring)}"


def pay(url: str, shop: Shop) -> str:
    """Where an order can still be paid, as its shop said it: https, and in the shop itself; else ''."""
    try:
        there, home = urlsplit(url), urlsplit(shop.links.url)
    except ValueError:
        return ""
    ours = {home.hostname, *shop.links.hosts}
    safe = there.scheme == "https" and there.hostname in ours and there.username is None
    return url if safe else ""
