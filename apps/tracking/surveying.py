"""The page behind an answer in a mail. Following the link chooses; only the page's button records."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from apps.core import clock
from apps.feedback import answering, reviewing
from apps.feedback.asking import Question, questions
from apps.feedback.models import Answer
from apps.mail import tokens
from apps.stores.models import Store
from apps.tracking import answers, words
from apps.tracking.asked import Asked
from apps.tracking.asked import find as find_asked
from apps.tracking.page_words import Survey, spoken
from apps.tracking.trails import Trail, find
from apps.tracking.words import spoken_in

LOOKING = ("GET", "HEAD", "OPTIONS")
ALLOWED = (*LOOKING, "POST")


# Pressed from a mail without a session or cookie: the link is the proof, and nothing of anybody is shown.
@csrf_exempt
def answer(request: HttpRequest, token: str) -> HttpResponse:
    """The survey of one mail, with the clicked answer chosen; a POST keeps what was chosen."""
    link = tokens.read_answer(token, ring=settings.ENV.link_keys)
    trail = find(link.store, link.message) if link else None
    if link is None or trail is None:
        return answers.unknown()
    if request.method not in ALLOWED:
        return answers.not_allowed(ALLOWED)
    asked = find_asked(link.store, link.message)
    question = _question(asked, trail.locale) if asked else None
    if asked is None or question is None:
        return answers.page(trail, words.EXPIRED, to_shop=True)
    if request.method == "POST":
        return _recorded(request, trail, asked, question)
    return _page(trail, question, _chosen(asked, question, link.slot))


def _question(asked: Asked, locale: str) -> Question | None:
    survey = asked.number("survey")
    return questions([(survey, locale)]).get((survey, locale)) if survey else None


def _kept(asked: Asked) -> Answer | None:
    return (
        Answer.objects.of(asked.store_id)
        .filter(message=asked.message_id, survey_id=asked.number("survey"), replaced_at__isnull=True)
        .first()
    )


def _chosen(asked: Asked, question: Question, slot: int) -> tuple[dict[str, str], str]:
    """What stands ready on the page: what was said before, and above it what was clicked now."""
    kept = _kept(asked)
    said = dict(kept.said) if kept else {}
    clicked = question.at_slot(slot)
    if clicked is not None:
        said[clicked.part] = clicked.code
    return said, kept.comment if kept else ""


def _page(
    trail: Trail, question: Question, chosen: tuple[dict[str, str], str], *, incomplete: bool = False
) -> HttpResponse:
    said, comment = chosen
    language = spoken_in(trail.locale)
    several = len(question.parts) > 1
    context = {
        "said": spoken(Survey(), locale=trail.locale, shop=trail.shop),
        "title": question.title,
        "several": several,
        "scale": question.kind == "nps",
        "ends": (question.low, question.high) if question.low or question.high else (),
        "parts": [
            {
                "name": f"answer.{part.part}",
                "question": part.question,
                "answers": [(one.code, one.label, said.get(part.part) == one.code) for one in part.answers],
            }
            for part in question.parts
        ],
        "comment": comment,
        "longest": answering.LONGEST,
        "incomplete": incomplete,
    }
    status = 400 if incomplete else 200
    return answers.form(trail, "tracking/survey.html", context, language=language, status=status, allow=ALLOWED)


def _recorded(request: HttpRequest, trail: Trail, asked: Asked, question: Question) -> HttpResponse:
    given = {part.part: request.POST.get(f"answer.{part.part}", "") for part in question.parts}
    said = {part: code for part, code in given.items() if code}
    comment = request.POST.get("comment", "")
    at = clock.now()
    try:
        answering.record(
            answering.Given(
                survey_id=question.survey,
                message_id=asked.message_id,
                customer_id=asked.customer_id,
                order_id=asked.order_id,
                said=said,
                comment=comment,
            ),
            at,
        )
    except answering.AnswerRefused:
        return _page(trail, question, (said, comment[: answering.LONGEST]), incomplete=True)
    context: dict[str, Any] = {
        "said": spoken(Survey(), locale=trail.locale, shop=trail.shop),
        "review_url": _review_url(asked, at),
    }
    return answers.form(trail, "tracking/survey_thanks.html", context, language=spoken_in(trail.locale), post=False)


def _review_url(asked: Asked, at: Any) -> str:
    """Where a review can be written: the same for whoever answered, whatever the answer was."""
    profile = Store.objects.values_list("profile", flat=True).get(pk=asked.store_id)
    public = reviewing.public_url(str(profile.get("review_url", "")))
    if public or asked.order_id is None:
        return public
    lines = reviewing.reviewable([asked.order_id], at)[asked.order_id]
    if not lines:
        return ""
    token = tokens.review(asked.store_id, asked.message_id, lines[0].position, ring=settings.ENV.link_keys)
    return lines[0].url or f"/b/{token}"
