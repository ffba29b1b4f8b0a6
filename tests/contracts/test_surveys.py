"""Every kind of survey keeps the same promises, and so does every shipped survey."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest

from apps.feedback import parts, shipped
from apps.feedback.parts import MOST_ANSWERS, kinds
from apps.mail.blocks import LOCALES

parts.load()
KINDS = [kind for _, kind in kinds.items()]
OWN = ("a", "b", "c")


def codes_of(kind: Any) -> tuple[str, ...]:
    return kind.codes or OWN


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_a_kind_says_what_it_asks_and_nothing_twice(kind: Any) -> None:
    assert kind.label
    assert kind.__doc__
    assert len(set(kind.parts)) == len(kind.parts) >= 1
    assert len(set(kind.codes)) == len(kind.codes)
    assert all(code and len(code) <= 40 for code in kind.codes)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_scores_rise_along_the_answers_or_there_are_none(kind: Any) -> None:
    scores = [kind.score(code) for code in codes_of(kind)]

    if kind.low_mark is None:
        assert scores == [None] * len(scores)
    else:
        assert scores == sorted(set(scores))
        # Some answer is low, and not every one.
        assert scores[0] <= kind.low_mark < scores[-1]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_nobody_answered_is_no_number(kind: Any) -> None:
    empty = {part: {} for part in kind.parts}

    assert all((figure.value, figure.n) == (None, 0) for figure in kind.figures(empty, codes_of(kind)))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.kind)
def test_numbers_stay_within_their_range_and_have_two_decimals(kind: Any) -> None:
    dice = random.Random(7)
    for _ in range(50):
        counts = {part: {code: dice.randrange(40) for code in codes_of(kind)} for part in kind.parts}
        for figure in kind.figures(counts, codes_of(kind)):
            assert figure.n == sum(counts[figure.part].values())
            if figure.value is not None:
                assert -100 <= figure.value <= 100
                assert figure.value.as_tuple().exponent == -2


def test_the_formulas_are_those_of_the_product_page() -> None:
    nps = kinds.get("nps").figures({"": {"10": 30, "9": 20, "8": 30, "3": 20}}, ())
    csat = kinds.get("csat").figures({"": {"5": 40, "4": 33, "3": 27}}, ())
    effort = kinds.get("effort").figures({"order": {"far_too_much": 2, "little": 8}}, ())

    assert [(one.name, one.value, one.n) for one in nps] == [("nps", Decimal("30.00"), 100)]
    assert [(one.name, one.value, one.n) for one in csat] == [("csat", Decimal("73.00"), 100)]
    assert {one.part: one.value for one in effort} == {"find": None, "order": Decimal("20.00"), "receive": None}


@pytest.mark.parametrize("slug", shipped.known())
def test_a_shipped_survey_is_whole_in_every_language(slug: str) -> None:
    told = shipped.survey(slug)
    kind = kinds.get(told.kind)

    assert set(told.texts) == set(LOCALES)
    for words in told.texts.values():
        codes = tuple(code for code, _ in words["answers"])
        assert codes == (kind.codes or tuple(code for code, _ in told.texts["nl"]["answers"]))
        assert kind.codes or 2 <= len(codes) <= MOST_ANSWERS
        assert all(label.strip() for _, label in words["answers"])
        assert words["question"]
        assert set(words.get("parts", {"": ""})) == set(kind.parts)


@pytest.mark.parametrize("slug", shipped.known())
def test_a_shipped_survey_says_je_or_u_and_never_both(slug: str) -> None:
    import re

    def said(locale: str) -> str:
        return str(shipped.survey(slug).texts[locale]).lower()

    assert not re.search(r"\b(u|uw)\b", said("nl"))
    assert not re.search(r"\b(je|jij|jou|jouw)\b", said("nl-u"))
    assert "verget" not in said("nl") + said("nl-u")
