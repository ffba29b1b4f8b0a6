"""Asking: which version of a survey, whether this person is in the sample, and the words for a mail or a page.

Nothing here makes a link: a link names a message, and messages stand a floor higher. What is given is the place
(`slot`) of each answer, which the link carries.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import msgspec

from apps.core import db
from apps.feedback import surveys
from apps.feedback.parts import kinds, load
from apps.feedback.surveys import Place, Present

FALLBACK: Final = "en"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One answer that may be given. `slot` is its place among all answers of the survey, from 0."""

    slot: int
    part: str
    code: str
    label: str


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One question with its answers; a survey of one question has one part, named ''."""

    part: str
    question: str
    answers: tuple[Choice, ...]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A survey in one language, as a mail or a page asks it."""

    survey: int
    slug: str
    kind: str
    title: str
    """What stands above it; with one part, that part's question."""
    parts: tuple[Part, ...]
    low: str = ""
    """What the lowest of a scale means, for scales whose answers are bare numbers."""
    high: str = ""

    @property
    def question(self) -> str:
        """The first part's: what a mail asks. The page asks the others."""
        return self.parts[0].question

    @property
    def answers(self) -> tuple[Choice, ...]:
        """The first part's: what can be clicked in a mail."""
        return self.parts[0].answers

    def at_slot(self, slot: int) -> Choice | None:
        """The answer that a link carries; None for a link to the page itself."""
        every = [choice for part in self.parts for choice in part.answers]
        return every[slot] if 0 <= slot < len(every) else None


def take(wanted: Collection[Place], at: datetime) -> dict[Place, Present]:
    """The versions to ask now, their words frozen: whoever asks plans a mail about {"survey": its id}."""
    found = surveys.present(wanted, at)
    if found:
        surveys.freeze([one.id for one in found.values()], at)
    return found


def sampled(survey: Present, customer_id: int) -> bool:
    """Whether this person is among those asked; the same answer in every version and at every time."""
    if survey.share >= 100:
        return True
    seed = f"{survey.store_id}:{survey.slug}:{customer_id}".encode()
    ticket = int.from_bytes(hashlib.blake2b(seed, digest_size=4).digest(), "big") % 10_000
    return Decimal(ticket) < survey.share * 100


_QUESTIONS = "SELECT id, slug, kind, texts::text FROM feedback_survey WHERE id = ANY(%s::bigint[])"


def questions(wanted: Collection[tuple[int, str]]) -> dict[tuple[int, str], Question]:
    """(survey, locale) → its words; `nl-u` falls back to `nl`, whatever else to English. A survey that is gone
    is not in the answer.
    """
    load()
    ids = sorted({survey for survey, _ in wanted})
    found = {row[0]: (row[1], row[2], row[3]) for row in db.rows(_QUESTIONS, [ids])}
    return {
        (survey, locale): _question(survey, found[survey], locale) for survey, locale in set(wanted) if survey in found
    }


def _question(survey: int, row: tuple[str, str, str], locale: str) -> Question:
    slug, kind, texts = row
    said = in_locale(msgspec.json.decode(texts), locale)
    return Question(
        survey=survey,
        slug=slug,
        kind=kind,
        title=said["question"],
        parts=tuple(_parts(kind, said)),
        low=said.get("low", ""),
        high=said.get("high", ""),
    )


def _parts(kind: str, said: dict[str, Any]) -> Iterator[Part]:
    slot = 0
    for part in kinds.get(kind).parts:
        choices = tuple(
            Choice(slot=slot + place, part=part, code=code, label=label)
            for place, (code, label) in enumerate(said["answers"])
        )
        slot += len(choices)
        yield Part(part=part, question=said["parts"][part] if part else said["question"], answers=choices)


def in_locale(texts: dict[str, dict[str, Any]], locale: str) -> dict[str, Any]:
    """The texts of a locale, else of its language, else English, else whatever there is."""
    tried = (locale, locale.partition("-")[0], FALLBACK, *texts)
    return next(texts[name] for name in tried if name in texts)
