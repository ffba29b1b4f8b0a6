"""Our own form for a review, for shops that have none. Looking keeps nothing; the button does."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from apps.core import clock
from apps.feedback import reviewing
from apps.feedback.models import OwnReview
from apps.feedback.reviewing import ReviewLine
from apps.mail import tokens
from apps.mail.names import clean
from apps.tracking import answers, words
from apps.tracking.asked import Asked
from apps.tracking.asked import find as find_asked
from apps.tracking.page_words import Review, spoken
from apps.tracking.trails import Trail, find
from apps.tracking.words import spoken_in

ALLOWED = ("GET", "HEAD", "OPTIONS", "POST")
STARS = ("5", "4", "3", "2", "1")


@csrf_exempt
def review(request: HttpRequest, token: str) -> HttpResponse:
    """The form about one bought line."""
    link = tokens.read_review(token, ring=settings.ENV.link_keys)
    trail = find(link.store, link.message) if link else None
    if link is None or trail is None:
        return answers.unknown()
    if request.method not in ALLOWED:
        return answers.not_allowed(ALLOWED)
    asked = find_asked(link.store, link.message)
    line = _line(asked, link.slot) if asked else None
    if asked is None or line is None:
        return answers.page(trail, words.EXPIRED, to_shop=True)
    if request.method == "POST":
        return _written(request, trail, asked, line)
    return _page(trail, line, _before(asked, line))


def _line(asked: Asked, position: int) -> ReviewLine | None:
    if asked.order_id is None:
        return None
    return reviewing.line_of(asked.store_id, asked.order_id, position, clock.now())


def _before(asked: Asked, line: ReviewLine) -> dict[str, object]:
    """What this mail's reader wrote here before; nobody else has this link."""
    kept = OwnReview.objects.of(asked.store_id).filter(message=asked.message_id, position=line.position).first()
    if kept is None:
        return {}
    return {"rating": str(kept.rating), "text": kept.text, "author": kept.author, "may_publish": kept.may_publish}


def _page(trail: Trail, line: ReviewLine, filled: dict[str, object], *, incomplete: bool = False) -> HttpResponse:
    context = {
        "said": spoken(Review(), locale=trail.locale, shop=trail.shop),
        "product": clean(line.title, 120),
        "stars": [(star, filled.get("rating") == star) for star in STARS],
        "filled": filled,
        "longest": reviewing.LONGEST,
        "incomplete": incomplete,
    }
    language, status = spoken_in(trail.locale), 400 if incomplete else 200
    return answers.form(trail, "tracking/review.html", context, language=language, status=status, allow=ALLOWED)


def _written(request: HttpRequest, trail: Trail, asked: Asked, line: ReviewLine) -> HttpResponse:
    given = {name: request.POST.get(name, "") for name in ("rating", "text", "author")}
    may_publish = request.POST.get("may_publish") == "yes"
    if given["rating"] not in STARS or asked.order_id is None:
        filled = {**given, "text": given["text"][: reviewing.LONGEST], "may_publish": may_publish}
        return _page(trail, line, filled, incomplete=True)
    reviewing.write(
        reviewing.Written(
            store_id=asked.store_id,
            customer_id=asked.customer_id,
            order_id=asked.order_id,
            message_id=asked.message_id,
            line=line,
            rating=int(given["rating"]),
            text=given["text"],
            author=given["author"],
            may_publish=may_publish,
        ),
        clock.now(),
    )
    said, language = spoken(Review(), locale=trail.locale, shop=trail.shop), spoken_in(trail.locale)
    return answers.form(trail, "tracking/review_thanks.html", {"said": said}, language=language, post=False)
