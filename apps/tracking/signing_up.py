"""The sign-up page of a shop, and the page behind the mail that asks to confirm. Only their buttons do anything."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from apps.core import clock, visitors
from apps.feedback import signing_up
from apps.feedback.models import SignUp
from apps.mail import tokens
from apps.mail.library import install_templates
from apps.mail.models import Template
from apps.mail.planning import Wish, plan
from apps.stores.models import Notice, Store
from apps.tracking import answers
from apps.tracking.asked import find as find_asked
from apps.tracking.page_words import SignUp as Said
from apps.tracking.page_words import spoken
from apps.tracking.trails import Trail, find
from apps.tracking.words import spoken_in

ALLOWED = ("GET", "HEAD", "OPTIONS", "POST")
TRAP: Final = "website"
"""A field no person sees: whoever fills it in is a machine."""
PRESET: Final = "confirmation"
TEMPLATE: Final = "confirmation-1"
OF_USE: Final = timedelta(days=1)
"""A mail to confirm that could not leave within a day surprises more than it serves."""


# Also posted by the plain form on the shop's own site, without a session or cookie of ours.
@csrf_exempt
def sign_up(request: HttpRequest, key: str) -> HttpResponse:
    """One field, one box, one button. What happens to the address, nobody is told on screen."""
    store = Store.objects.filter(key=key, status=Store.Status.ACTIVE).first()
    notice = signing_up.text_in_force(store) if store else None
    trail = find(store.pk, 0) if store else None
    if store is None or notice is None or trail is None:
        return answers.unknown()
    if request.method not in ALLOWED:
        return answers.not_allowed(ALLOWED)
    if request.method == "POST":
        return _taken(request, store, trail, notice)
    return _page(trail, notice)


def _page(trail: Trail, notice: Notice, *, problem: str = "", email: str = "", status: int = 200) -> HttpResponse:
    said = spoken(Said(), locale=trail.locale, shop=trail.shop)
    context = {
        "said": said,
        "notice": notice,
        "email": email[:320],
        "problem": said[problem] if problem else "",
        "trap": TRAP,
    }
    language = spoken_in(trail.locale)
    return answers.form(trail, "tracking/signup.html", context, language=language, status=status, allow=ALLOWED)


def _taken(request: HttpRequest, store: Store, trail: Trail, notice: Notice) -> HttpResponse:
    email = request.POST.get("email", "")
    if request.POST.get(TRAP):
        return _thanks(trail)
    if request.POST.get("consent") != "yes":
        return _page(trail, notice, problem="untouched", email=email, status=400)
    shown = request.POST.get("notice", "")
    wish = signing_up.Wish(
        email=email,
        language=spoken_in(trail.locale),
        visitor=visitors.hashed(request, purpose="signup"),
        notice_id=int(shown) if shown.isascii() and shown.isdigit() and len(shown) < 19 else None,
        source_url=_source(request),
    )
    try:
        take(store, wish, clock.now())
    except signing_up.AddressRefused:
        return _page(trail, notice, problem="wrong", email=email, status=400)
    except signing_up.TooOften:
        return _page(trail, notice, problem="too_often", email=email, status=429)
    return _thanks(trail)


def take(store: Store, wish: signing_up.Wish, at: datetime) -> SignUp:
    """Keep the wish, and ask the mailbox where that is needed. Raises what `signing_up.sign_up` raises."""
    if not Template.objects.of(store).filter(slug=TEMPLATE, live__isnull=False).exists():
        install_templates(store, PRESET)
    with transaction.atomic():
        row = signing_up.sign_up(store, wish, at)
        if row.outcome == SignUp.Outcome.ASKED and row.customer_id is not None:
            plan([_confirmation(row, row.customer_id, at)], at)
    return row


def _confirmation(row: SignUp, customer_id: int, at: datetime) -> Wish:
    return Wish(
        store_id=row.store_id,
        customer_id=customer_id,
        origin=f"doi:{row.pk}",
        kind="confirmation",
        purpose="confirmation",
        template_slug=TEMPLATE,
        due_at=at,
        valid_until=at + OF_USE,
        priority=0,
        about={"signup": row.pk},
    )


def _source(request: HttpRequest) -> str:
    """The page the form stood on: ours, or the shop's own, as far as its browser says."""
    said = request.headers.get("Referer", "") or request.headers.get("Origin", "")
    return said.partition("?")[0][:300] if said.startswith(("https://", "http://")) else request.path


def _thanks(trail: Trail) -> HttpResponse:
    said = spoken(Said(), locale=trail.locale, shop=trail.shop)
    context = {"said": said, "heading": said["thanks"], "text": said["look"]}
    return _told(trail, context)


def _told(trail: Trail, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    language = spoken_in(trail.locale)
    post = bool(context.get("button"))
    return answers.form(trail, "tracking/signup_told.html", context, language=language, status=status, post=post)


@csrf_exempt
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Looking shows a button; pressing it signs up. A scanner that follows the link confirms nothing."""
    link = tokens.read_confirm(token, ring=settings.ENV.link_keys)
    trail = find(link.store, link.message) if link else None
    if link is None or trail is None:
        return answers.unknown()
    if request.method not in ALLOWED:
        return answers.not_allowed(ALLOWED)
    asked, at = find_asked(link.store, link.message), clock.now()
    row = SignUp.objects.of(link.store).filter(pk=asked.number("signup")).first() if asked else None
    said = spoken(Said(), locale=trail.locale, shop=trail.shop)
    if row is None or not signing_up.can_confirm(row, at):
        return _told(trail, {"said": said, "heading": said["late"], "text": said["again"]}, status=410)
    if request.method == "POST":
        signing_up.confirm(link.store, row.pk, at)
        return _told(trail, {"said": said, "heading": said["confirmed"], "text": said["welcome"]})
    context = {
        "said": said,
        "heading": said["confirm_heading"],
        "text": said["confirm_about"],
        "button": said["confirm"],
    }
    return _told(trail, context)
