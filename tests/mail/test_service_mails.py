"""Mail about an order (B39-B42, B59): what happened, sorry, whom to ask; in every language, with and without a date."""

from __future__ import annotations

import html
import re
from datetime import date
from functools import cache

import msgspec
import pytest

from apps.flows import presets
from apps.flows.words import SERVICE
from apps.mail import blocks, sizes
from apps.mail.compiled import Compiled
from apps.mail.compiling import compile_here
from apps.mail.context import MailContext
from apps.mail.rendering import Rendered, render
from apps.mail.samples import sample, variants

MAILS = ["order-delayed", "return-status", "order-status", "backlog"]
JE = re.compile(r"\b(je|jij|jou|jouw|jullie)\b", re.IGNORECASE)
U = re.compile(r"\b(u|uw)\b", re.IGNORECASE)
PROMOTION = re.compile(
    r"korting|aanbieding|cadeau|actiecode|ook leuk|nieuw in|vergeten|discount|promotion|gift|forgot|\boffer\b",
    re.IGNORECASE,
)
SUBJECTS = {
    "nl": "Je bestelling 1042 komt later aan",
    "nl-u": "Uw bestelling 1042 komt later aan",
    "en": "Your order 1042 will arrive later",
}


@cache
def compiled(mail: str, locale: str) -> Compiled:
    return compile_here(blocks.load(mail, "1", locale), locale)


def written(mail: str, locale: str, context: MailContext) -> Rendered:
    return render(compiled(mail, locale), msgspec.structs.replace(context, kind="service", offer=None))


def words(page: str) -> str:
    plain = re.sub(r"<style.*?</style>|<!--.*?-->|<[^>]*>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(plain))


@pytest.mark.parametrize("locale", blocks.LOCALES)
@pytest.mark.parametrize("mail", MAILS)
def test_it_reads_well_whatever_is_missing_and_sells_nothing(mail: str, locale: str) -> None:
    assert compiled(mail, locale).problems == ()
    for name, context in variants(locale).items():
        shown = written(mail, locale, context)
        said = re.sub(r"https?://\S+", "", shown.text)
        for part in (shown.subject, shown.preheader, shown.text, words(shown.html)):
            assert not re.search(r"\{\{|\}\}|\{%|zqT|\[\[|None|Undefined|!", part), name
            assert not re.search(r"\s[,.](?:\s|$)|\(\s*\)|: *$", part.replace("\n", " ")), (name, part)
            assert not PROMOTION.search(part), name
        for part in (shown.subject, shown.preheader, said, words(shown.html)):
            assert not (locale == "nl-u" and JE.search(part)), (name, part)
            assert not (locale == "nl" and U.search(part)), (name, part)
        assert shown.preheader != shown.subject
        assert len(shown.subject) <= 70
        assert len(shown.html.encode()) < sizes.HTML_TARGET
        assert "\n\n\n" not in shown.text


@pytest.mark.parametrize("locale", blocks.LOCALES)
def test_a_delay_says_what_happened_the_new_day_sorry_and_whom_to_ask(locale: str) -> None:
    full = sample(locale)
    assert full.order is not None
    order = msgspec.structs.replace(full.order, expected_on=date(2026, 12, 4))
    context = msgspec.structs.replace(full, order=order, event={"cause": "Storm op zee."})

    shown = written("order-delayed", locale, context)

    day = "4 December" if locale == "en" else "4 december"
    assert shown.subject == SUBJECTS[locale]
    assert day in shown.preheader
    for part in (shown.text, words(shown.html)):
        for seen in ("Storm op zee.", day, "+31 20 123 45 67", "sorry" if locale == "en" else "spijt ons"):
            assert seen in part
    silent = written("order-delayed", locale, msgspec.structs.replace(context, event={}, order=None))
    assert "Storm" not in silent.text
    assert ("As soon as we know" if locale == "en" else "Zodra we een nieuwe datum weten") in silent.text


@pytest.mark.parametrize("mail", MAILS)
@pytest.mark.parametrize("locale", blocks.LOCALES)
def test_sentences_are_short(mail: str, locale: str) -> None:
    body = written(mail, locale, sample(locale)).text.split("\n--\n")[0]
    kept = " ".join(line for line in body.splitlines() if line and not re.match(r"- |http|.*: .*\d", line))
    sentences = [one for one in re.split(r"(?<=[.?])\s+", kept) if one.strip()]

    assert sum(len(one.split()) for one in sentences) / len(sentences) <= 15


def test_their_flows_send_service_mail_with_nobody_held_out() -> None:
    for name in ("order-delayed", "return-status", "order-status"):
        plan = presets.preset(name)
        assert plan.purpose in SERVICE
        assert plan.holdout == 0
