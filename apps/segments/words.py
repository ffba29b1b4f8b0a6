"""Conditions told in words: in the builder, the flow's page, the why of a mail and the difference of two versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext

from apps.core.plain import read_part
from apps.core.problems import Problem
from apps.segments.parts import Condition, conditions


def words(condition: Any) -> str:
    """“has ordered at least 3 times in the last 90 days”; a part of another family is told by its label."""
    sentence = getattr(condition, "sentence", None)
    return str(sentence()) if sentence is not None else str(condition.label)


def all_words(given: Sequence[Condition]) -> str:
    """All conditions in one line; a group of several stands in brackets."""
    return gettext(" and ").join(_bracketed(part) for part in given) or gettext("everybody")


def _bracketed(part: Condition) -> str:
    return f"({words(part)})" if len(getattr(part, "conditions", ())) > 1 else words(part)


def words_of_plain(plain: Any) -> str:
    """The sentence of a condition as a plan writes it; what cannot be read stands as it was written."""
    problems: list[Problem] = []
    part = read_part(conditions, plain, (), problems)
    return words(part) if part is not None and not problems else str(plain)
