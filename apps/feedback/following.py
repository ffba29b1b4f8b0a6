"""Answers, reviews and sign-ups when persons merge, ask for a copy, or are forgotten; and when they go."""

from __future__ import annotations

from datetime import datetime

from apps.core import db, retention
from apps.core.following import Erasing, Following, deleting, exporting, follow, repointing


def _empty_answers(who: Erasing) -> None:
    """The answer stays in the sums; who gave it, and in which words, goes."""
    db.run(
        "UPDATE feedback_answer SET customer_id = NULL, order_id = NULL, comment = ''"
        " WHERE customer_id = ANY(%s::bigint[])",
        [list(who.customers)],
    )


def _empty_reviews(who: Erasing) -> None:
    """The stars stay; the words, the name and the leave to publish go."""
    db.run(
        "UPDATE feedback_ownreview SET customer_id = NULL, order_id = NULL, author = '', text = '',"
        " may_publish = false WHERE customer_id = ANY(%s::bigint[])",
        [list(who.customers)],
    )


follow(
    Following(
        model="feedback.Answer",
        columns=("customer_id",),
        move=repointing("feedback_answer"),
        export=exporting(
            "feedback_answer a JOIN feedback_survey v ON v.id = a.survey_id",
            "a.answered_at, a.id, v.slug AS survey, a.said, a.score, a.comment, a.replaced_at",
            where="a.customer_id = %s",
            order="1, 2",
        ),
        erase=_empty_answers,
    )
)
follow(
    Following(
        model="feedback.OwnReview",
        columns=("customer_id",),
        move=repointing("feedback_ownreview"),
        export=exporting(
            "feedback_ownreview", "written_at, id, product, title, rating, text, author, may_publish", order="1, id"
        ),
        erase=_empty_reviews,
    )
)
follow(
    Following(
        model="feedback.LowScore",
        columns=("customer_id",),
        move=repointing("feedback_lowscore"),
        export=exporting("feedback_lowscore", "at, id, score, attended_at", order="1, id"),
        erase=deleting("feedback_lowscore"),
    )
)
follow(
    Following(
        model="feedback.SignUp",
        columns=("customer_id",),
        move=repointing("feedback_signup"),
        export=exporting(
            "feedback_signup u JOIN stores_notice n ON n.id = u.notice_id",
            "u.at, u.id, u.outcome, u.language, u.source_url, n.text, u.confirmed_at",
            where="u.customer_id = %s",
            order="1, 2",
        ),
        erase=deleting("feedback_signup"),
    )
)

_OLD_ANSWERS = """
UPDATE feedback_answer SET customer_id = NULL, order_id = NULL, comment = '' WHERE id IN (
    SELECT id FROM feedback_answer WHERE answered_at < %(before)s
      AND (customer_id IS NOT NULL OR order_id IS NOT NULL OR comment <> '') LIMIT %(limit)s)
"""
_REPLACED = """
WITH old AS (SELECT id FROM feedback_answer WHERE replaced_at < %(before)s LIMIT %(limit)s),
    rung AS (DELETE FROM feedback_lowscore WHERE answer_id IN (SELECT id FROM old))
DELETE FROM feedback_answer WHERE id IN (SELECT id FROM old)
"""
_UNCONFIRMED = """
DELETE FROM feedback_signup WHERE id IN (
    SELECT id FROM feedback_signup WHERE at < %(before)s AND outcome IN ('asked', 'known', 'ignored') LIMIT %(limit)s)
"""
_VISITORS = """
UPDATE feedback_signup SET visitor = '' WHERE id IN (
    SELECT id FROM feedback_signup WHERE at < %(before)s AND visitor <> '' LIMIT %(limit)s)
"""


@retention.rule("answers of persons", keep="24 months")
def _answers(before: datetime, limit: int) -> int:
    """The numbers stay comparable over the years; whose they were is nobody's matter any more."""
    return db.run(_OLD_ANSWERS, {"before": before, "limit": limit})


@retention.rule("replaced answers", keep="13 months")
def _replaced(before: datetime, limit: int) -> int:
    return db.run(_REPLACED, {"before": before, "limit": limit})


@retention.rule("unconfirmed sign-ups", keep="30 days")
def _unconfirmed(before: datetime, limit: int) -> int:
    return db.run(_UNCONFIRMED, {"before": before, "limit": limit})


@retention.rule("visitors of the sign-up page", keep="1 day")
def _visitors(before: datetime, limit: int) -> int:
    return db.run(_VISITORS, {"before": before, "limit": limit})
