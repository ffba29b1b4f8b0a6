"""Answers that a mail's links get: small pages that tell nobody where the reader came from."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.encoding import iri_to_uri

from apps.mail.colours import ACCENT, NIGHT, PAPER, is_colour, readable, text_on, whole
from apps.mail.names import clean
from apps.tracking.trails import Trail
from apps.tracking.words import Words, say

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
POLICY = "default-src 'none'; style-src 'self'{style}; form-action {form}; base-uri 'none'; frame-ancestors 'none'"


def page(
    trail: Trail,
    words: Words,
    *,
    post: bool = False,
    to_shop: bool = False,
    allow: Sequence[str] = (),
) -> HttpResponse:
    """A page in the shop's colour and the letter's language, with one button at most."""
    shop = clean(trail.shop, 80)
    said, look = say(words, locale=trail.locale, shop=shop), _look(trail.colour)
    context = {
        "said": said,
        "shop": shop,
        "look": look,
        "post": post,
        "shop_url": trail.shop_url if to_shop else "",
    }
    extra = {"Content-Language": said.language, **({"Allow": ", ".join(allow)} if allow else {})}
    return _answer(render_to_string("tracking/page.html", context), style=look, post=post, extra=extra)


def form(
    trail: Trail,
    template: str,
    context: dict[str, Any],
    *,
    language: str,
    status: int = 200,
    allow: Sequence[str] = (),
    post: bool = True,
) -> HttpResponse:
    """A page in the shop's colour that may be sent back to us: `context` goes to its template."""
    look = _look(trail.colour)
    whole = {"shop": clean(trail.shop, 80), "look": look, "language": language, **context}
    extra = {"Content-Language": language, **({"Allow": ", ".join(allow)} if allow else {})}
    return _answer(render_to_string(template, whole), status=status, style=look, post=post, extra=extra)


def unknown() -> HttpResponse:
    """The same for every link that is not ours, whatever is wrong with it."""
    return _answer(_unknown(), status=404, extra={"Content-Language": "nl, en"})


def not_allowed(methods: Sequence[str]) -> HttpResponse:
    return _answer("", status=405, extra={"Allow": ", ".join(methods)})


def redirect(target: str) -> HttpResponse:
    """To a stored web address; the letter's own, already judged."""
    return _answer("", status=302, extra={"Location": iri_to_uri(target) or ""})


def _answer(
    body: str,
    *,
    status: int = 200,
    style: str = "",
    post: bool = False,
    extra: dict[str, str] | None = None,
) -> HttpResponse:
    policy = POLICY.format(style=_allowed(style), form="'self'" if post else "'none'")
    headers = {**HEADERS, "Content-Security-Policy": policy, **(extra or {})}
    return HttpResponse(body, status=status, headers=headers)


@lru_cache(maxsize=1)
def _unknown() -> str:
    return render_to_string("tracking/unknown.html", {"look": ""})


@lru_cache(maxsize=512)
def _look(colour: str) -> str:
    """The shop's colour as readable pairs, by day and by night."""
    accent = whole(colour) if is_colour(colour) else ACCENT
    # A white shop still gets a button that is seen.
    accent, night = readable(accent, PAPER, 1.3), readable(accent, NIGHT)
    day = f"--day:{accent};--on-day:{text_on(accent)}"
    return f":root{{{day};--night:{night};--on-night:{text_on(night)}}}"


@lru_cache(maxsize=512)
def _allowed(style: str) -> str:
    """A style block is named by its hash, so that no other one can slip in."""
    if not style:
        return ""
    return f" 'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"
