"""Telling a shop that somebody is not content: one mail per low score, to the shop's own address, at once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext, override

from apps.core import db
from apps.mail import internal

MOST_ATTEMPTS: Final = 5
PAUSE: Final = timedelta(minutes=5)

# Counted before it is tried: who dies while mailing has tried.
_CLAIM: Final = """
UPDATE feedback_lowscore l SET attempts = l.attempts + 1,
    due_at = CASE WHEN l.attempts + 1 < %(most)s THEN %(at)s::timestamptz + %(pause)s * (l.attempts + 1) END
FROM (
    SELECT id FROM feedback_lowscore WHERE due_at <= %(at)s ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
) AS due
WHERE l.id = due.id
RETURNING l.id, l.store_id, l.score, l.attempts, l.answer_id, l.review_id, l.customer_id
"""
_ABOUT: Final = """
SELECT s.language, coalesce(p.email, ''), coalesce(v.name, ''), coalesce(r.title, ''),
    coalesce(a.comment, r.text, '')
FROM stores_store s
LEFT JOIN customers_customer p ON p.id = %(customer)s
LEFT JOIN feedback_answer a ON a.id = %(answer)s
LEFT JOIN feedback_survey v ON v.id = a.survey_id
LEFT JOIN feedback_ownreview r ON r.id = %(review)s
WHERE s.id = %(store)s
"""


class Due(msgspec.Struct, frozen=True, kw_only=True):
    """A low score in hand."""

    id: int
    store_id: int
    score: int
    attempts: int
    answer_id: int | None
    review_id: int | None
    customer_id: int | None


def alert_due(at: datetime) -> int:
    """Mail one low score to its shop; returns whether there was one (1 or 0)."""
    with transaction.atomic():
        found = db.rows(_CLAIM, {"at": at, "most": MOST_ATTEMPTS, "pause": PAUSE})
    if not found:
        return 0
    due = Due(**dict(zip(Due.__struct_fields__, found[0], strict=True)))
    if internal.send(due.store_id, _note(due), at):
        db.run("UPDATE feedback_lowscore SET due_at = NULL WHERE id = %s", [due.id])
    return 1


def _note(due: Due) -> internal.Note:
    asked = {"store": due.store_id, "customer": due.customer_id, "answer": due.answer_id, "review": due.review_id}
    language, email, survey, product, words = db.rows(_ABOUT, asked)[0]
    with override(language):
        # The address stands in the text alone: a subject is shown on locked screens.
        subject = gettext("A low score: %(score)s for “%(what)s”") % {"score": due.score, "what": survey or product}
        lines = [
            gettext("%(who)s gave %(score)s for “%(what)s”.")
            % {"who": email or gettext("Somebody"), "score": due.score, "what": survey or product},
            words or gettext("No words were added."),
            gettext("Promotions to this person wait. A personal answer works best today."),
        ]
        if due.customer_id is not None:
            lines.append(f"{settings.ENV.public_url.rstrip('/')}/admin/customers/customer/{due.customer_id}/change/")
    return internal.Note(
        origin=f"low:{due.id}/{due.attempts}/{due.score}", subject=subject, text="\n\n".join(lines) + "\n"
    )
