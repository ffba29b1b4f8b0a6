"""Keeping what was answered. The page's button ends here, and nothing else does: looking records nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from django.db import transaction

from apps.core import db
from apps.events import kinds as events
from apps.events.log import Happened, append
from apps.feedback.models import Answer, LowScore, Survey
from apps.feedback.parts import kinds, load

LONGEST = 2_000
"""Signs of a comment that are kept."""
KEPT = 20
"""Answers to one mail that the history keeps, the newest: whoever holds a link can press for ever."""


class AnswerRefused(ValueError):
    """This is not an answer to that survey; the message says what was expected."""


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What came in by the button. `said` maps each answered part ('' for a single question) to a code."""

    survey_id: int
    message_id: int
    customer_id: int
    said: Mapping[str, str]
    order_id: int | None = None
    comment: str = ""


def record(given: Given, at: datetime) -> Answer:
    """Keep it as the answer to this mail; an earlier one stays in the history. The same again changes nothing.

    Raises AnswerRefused for codes the survey does not have, Survey.DoesNotExist when it is gone.
    """
    load()
    survey = Survey.objects.get(pk=given.survey_id)
    said, score = _checked(survey, given.said)
    comment = given.comment.replace("\x00", "").strip()[:LONGEST]
    with transaction.atomic():
        # One mail is answered by one hand at a time; the number is the mail's own, so no other lock is met.
        db.rows("SELECT pg_advisory_xact_lock(%s, hashint8(%s))", [_ANSWERING, given.message_id])
        earlier = Answer.objects.of(survey.store_id).filter(
            survey=survey, message=given.message_id, replaced_at__isnull=True
        )
        kept = earlier.first()
        if kept is not None and (kept.said, kept.comment) == (said, comment):
            return kept
        earlier.update(replaced_at=at)
        answer = Answer.objects.create(
            store_id=survey.store_id,
            survey=survey,
            customer_id=given.customer_id,
            message=given.message_id,
            order_id=given.order_id,
            said=said,
            score=score,
            low=_is_low(survey, score),
            comment=comment,
            answered_at=at,
        )
        append(_told(survey, answer, kept, at), at)
        _ring(answer, at)
        _thin(survey.pk, given.message_id)
    return answer


# What has rung stays until it is looked after.
_THIN = """
DELETE FROM feedback_answer WHERE id IN (
    SELECT id FROM feedback_answer WHERE survey_id = %s AND message = %s AND replaced_at IS NOT NULL
    ORDER BY id DESC OFFSET %s)
AND NOT EXISTS (SELECT FROM feedback_lowscore l WHERE l.answer_id = feedback_answer.id)
"""


def _thin(survey: int, message: int) -> None:
    db.run(_THIN, [survey, message, KEPT])


def _ring(answer: Answer, at: datetime) -> None:
    """A low score rings once per mail, and again only when it sinks below what rang before."""
    if not answer.low:
        return
    score = _worth(answer)
    rung = LowScore.objects.of(answer.store_id).filter(answer__message=answer.message, answer__survey=answer.survey)
    known = rung.first()
    if known is None:
        LowScore.objects.create(
            store_id=answer.store_id, customer_id=answer.customer_id, answer=answer, score=score, at=at, due_at=at
        )
        return
    again = {"due_at": at, "attempts": 0, "attended_at": None} if score < known.score else {}
    # The newest words stand behind it; the lowest score is what has rung.
    rung.filter(pk=known.pk).update(answer=answer, score=min(score, known.score), **again)


def _worth(answer: Answer) -> int:
    assert answer.score is not None
    return answer.score


_ANSWERING = 1_330_004
"""First half of the advisory lock under which one mail is answered."""


def _checked(survey: Survey, said: Mapping[str, str]) -> tuple[dict[str, str], int | None]:
    """The parts and codes the survey knows, and the lowest of their scores."""
    kind, known = kinds.get(survey.kind), codes_of(survey)
    given = {part: code for part, code in said.items() if part in kind.parts and code in known}
    if not given or len(given) < len(said):
        raise AnswerRefused(f"expected one of {', '.join(known)} for {' or '.join(kind.parts) or 'the question'}")
    scores = [score for code in given.values() if (score := kind.score(code)) is not None]
    return given, min(scores, default=None)


def codes_of(survey: Survey) -> tuple[str, ...]:
    """The codes of a survey's answers, in the order they are shown."""
    words: dict[str, Any] = next(iter(survey.texts.values()))
    return tuple(code for code, _ in words["answers"])


def _is_low(survey: Survey, score: int | None) -> bool:
    return score is not None and survey.low_mark is not None and score <= survey.low_mark


def _told(survey: Survey, answer: Answer, earlier: Answer | None, at: datetime) -> list[Happened]:
    """One line per part that is new or another than before; and one more where the score turned low."""
    before = earlier.said if earlier is not None else {}
    kind = kinds.get(survey.kind)
    told = [
        _line(
            answer, events.SURVEY_ANSWERED, at, key=part,
            data={
                "survey": survey.slug, "part": part, "answer": code, "score": kind.score(code),
                "again": earlier is not None,
            },
        )
        for part, code in answer.said.items()
        if before.get(part) != code
    ]  # fmt: skip
    was_low = earlier is not None and earlier.low and earlier.score == answer.score
    if answer.low and not was_low:
        told.append(_line(answer, events.SCORE_LOW, at, data={"survey": survey.slug, "score": answer.score}))
    return told


def _line(answer: Answer, kind: str, at: datetime, *, data: dict[str, Any], key: str = "") -> Happened:
    return Happened(
        store_id=answer.store_id,
        customer_id=answer.customer_id,
        # An answer that is changed is one: they share the mail they came with.
        subject=f"message:{answer.message}",
        kind=kind,
        occurred_at=at,
        source_key=f"answer:{answer.pk}:{key}",
        data={**data, "message": answer.message, "order": answer.order_id, "id": answer.pk},
    )


def attend(score: LowScore, at: datetime) -> bool:
    """Somebody of the shop looked after this low score; False when that was said before."""
    return bool(
        LowScore.objects.of(score.store_id)
        .filter(pk=score.pk, attended_at__isnull=True)
        .update(attended_at=at, due_at=None)
    )
