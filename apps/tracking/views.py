"""The two public pages behind the links in a mail. No login, no cookie, no address shown."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from apps.core import clock
from apps.mail import tokens
from apps.tracking import answers, clicking, judging, leaving, words
from apps.tracking.trails import Trail, find

LOOKING = ("GET", "HEAD", "OPTIONS")


# A mail program presses the button by itself (RFC 8058), without a cookie; the token is the proof.
@csrf_exempt
def leave(request: HttpRequest, token: str) -> HttpResponse:
    """Looking shows a button; only a POST unsubscribes, at once and as often as it comes."""
    wish = tokens.read_unsubscribe(token, ring=settings.ENV.link_keys)
    trail = find(wish.store, wish.message) if wish else None
    if wish is None or trail is None:
        return answers.unknown()
    if request.method == "POST":
        leaving.leave(wish, clock.now())
        return answers.page(trail, words.LEFT)
    if request.method not in LOOKING:
        return answers.not_allowed((*LOOKING, "POST"))
    return answers.page(trail, words.LEAVE, post=True, allow=(*LOOKING, "POST"))


@csrf_exempt
def follow(request: HttpRequest, token: str) -> HttpResponse:
    """Lead to where this link of the letter leads, and nowhere else."""
    ring = settings.ENV.link_keys
    restore = tokens.read_restore(token, ring=ring)
    link = restore or tokens.read_click(token, ring=ring)
    trail = find(link.store, link.message, slot=link.slot) if link else None
    if link is None or trail is None or trail.leads_nowhere:
        return answers.unknown()
    if request.method not in ("GET", "HEAD"):
        return answers.not_allowed(("GET", "HEAD"))
    return _followed(trail, link.slot, judging.visit_of(request), for_basket=restore is not None)


def _followed(trail: Trail, slot: int, visit: judging.Visit, *, for_basket: bool) -> HttpResponse:
    at = clock.now()
    clicking.record(trail, slot, judging.machine(visit, trail.left_at, at), at)
    if not trail.target or (for_basket and trail.is_expired(at)):
        return answers.page(trail, words.EXPIRED, to_shop=True)
    return answers.redirect(trail.target)
