"""What others told, made safe to stand in a mail: a question with its answers, another app's words, a person's own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from apps.mail.blanks import without_blanks
from apps.mail.links import web_address
from apps.mail.names import clean, spoken

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)
MOST: Final = 40
ANSWERS: Final = 11
"""Zero to ten, the longest row of buttons a survey has."""
SCALE: Final = 3
"""So many short answers stand beside each other, as a row of numbers."""

Plain = str | int | float | bool


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to click on. The page it leads to records it, not the click."""

    label: str
    url: str


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """A question with its answers, in the order in which they stand."""

    question: str
    answers: tuple[Answer, ...] = ()
    url: str = ""
    """The page with the whole survey, for answers that take more than a click."""
    low: str = ""
    high: str = ""
    """What the first and the last of a row of numbers mean."""


def survey_data(survey: Survey) -> dict[str, Any]:
    """Answers without an address are none."""
    answers = [
        {"label": spoken(answer.label, 60), "url": url}
        for answer in survey.answers[:ANSWERS]
        if (url := web_address(answer.url)) and answer.label.strip()
    ]
    return without_blanks(
        {
            "question": clean(survey.question, 200),
            "answers": answers,
            "url": web_address(survey.url),
            "low": clean(survey.low, 60),
            "high": clean(survey.high, 60),
            "is_scale": len(answers) >= SCALE and all(len(answer["label"]) <= len("10") for answer in answers),
        }
    )


def plain_values(told: Mapping[str, Any]) -> dict[str, Plain]:
    """Texts, numbers and booleans under names of [a-z0-9_]; whatever else was told is left out.

    What looks like an address stays one where it is a whole one on the web, so that a template may link to it;
    in running text no mail program makes a link of it.
    """
    found: dict[str, Plain] = {}
    for name, value in told.items():
        if not NAME.fullmatch(str(name)) or len(found) >= MOST:
            continue
        if isinstance(value, (bool, int, float)):
            found[name] = value
        elif isinstance(value, str) and (text := web_address(value) if _is_link(value) else spoken(value, 500)):
            found[name] = text
    return found


def _is_link(value: str) -> bool:
    return value.strip().lower().startswith(("https://", "http://"))
