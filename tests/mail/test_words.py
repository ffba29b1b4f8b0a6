"""What all shipped mails say, in every language and to everybody: product.md section 7, held to the letter.

One compile per mail and language, shared by all tests of this file; every test reads the mail as sparse and as full
as it may arrive.
"""

from __future__ import annotations

import html
import re
from functools import cache

import pytest

from apps.mail import blocks, library, lint, sizes
from apps.mail.needs import missing
from apps.mail.rendering import Rendered, render
from apps.mail.samples import variants

MAILS = list(library.shipped())
READ = ("full", "no first name", "one line", "forty lines", "bare", "nothing else", "no offer", "no basket")
BANNED = re.compile(
    r"vergeten|vergeet|vergat|forgot|forget|laatste kans|last chance|nu of nooit|hurry|haast je|op=op"
    r"|mis (?:het|dit) niet|don't miss|act now|we zagen je|we saw you|noreply|no-reply",
    re.IGNORECASE,
)
JE = re.compile(r"\b(je|jij|jou|jouw|jullie)\b", re.IGNORECASE)
U = re.compile(r"\b(u|uw)\b", re.IGNORECASE)
SHOUT = re.compile(r"\b[A-ZÀ-Þ]{4,}\b")
EMOJI = re.compile("[\U0001f000-\U0001faff\u2190-\u2bff\ufe0f]")
LEFT_OVER = re.compile(r"\{\{|\}\}|\{%|%\}|zqT|\[\[|\bNone\b|Undefined")
HOLE = re.compile(r"\s[,.](?:\s|$)|\(\s*\)|,,|\.\.(?!\.)")
LINK = re.compile(r"https?://[^\s<>\"]+")

SUBJECTS = {
    "abandoned-cart-1": (
        "Je winkelmandje staat nog voor je klaar",
        "Uw winkelmandje staat nog voor u klaar",
        "Your basket is ready when you are",
    ),
    "abandoned-cart-2": (
        "Nog een vraag voordat je bestelt?",
        "Nog een vraag voordat u bestelt?",
        "Any questions before you order?",
    ),
    "unpaid-order-1": (
        "Je betaling is nog niet afgerond",
        "Uw betaling is nog niet afgerond",
        "Your payment has not gone through yet",
    ),
    "thank-you-first-order-1": (
        "Bedankt voor je aankoop, een week later",
        "Bedankt voor uw aankoop, een week later",
        "Thank you again for your order",
    ),
    "review-request-1": (
        "Wat vind je van je bestelling?",
        "Wat vindt u van uw bestelling?",
        "What do you think of your order?",
    ),
    "replenishment-1": (
        "Is het al tijd om bij te bestellen?",
        "Is het al tijd om bij te bestellen?",
        "Time to restock?",
    ),
    "win-back-1": (
        "Dit is er nieuw sinds je laatste bestelling",
        "Dit is er nieuw sinds uw laatste bestelling",
        "What is new since your last order",
    ),
}


@cache
def mails(slug: str, locale: str) -> dict[str, Rendered]:
    """The mail as each of the readers gets it; those for whom it has nothing to say get none."""
    compiled = library.compiled(slug, locale)
    readers = variants(locale)
    return {name: render(compiled, readers[name]) for name in READ if not missing(compiled.needs, readers[name].data())}


def shown(page: str) -> str:
    """The words of a page as one reads them."""
    plain = re.sub(r"<style.*?</style>|<!--.*?-->|<[^>]*>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(plain))


def said(mail: Rendered) -> list[str]:
    """Everything a reader sees: subject, preview line, page and text, without addresses of pages."""
    return [mail.subject, mail.preheader, LINK.sub("", shown(mail.html)), LINK.sub("", mail.text)]


def sentences(mail: Rendered) -> list[str]:
    """What we say ourselves: without lists, labels of links and amounts, greeting, signature and footer."""
    body = mail.text.split("\n--\n")[0]
    lines = [line.strip() for line in body.splitlines()]
    kept = [line for line in lines if line and not re.match(r"- |https?://|.*:$|.*: .*\d|.*,$", line)]
    return [one for line in kept for one in re.split(r"(?<=[.?!:])\s+", line) if re.search(r"[.?!]$", one)]


@pytest.mark.parametrize("locale", blocks.LOCALES)
@pytest.mark.parametrize("slug", MAILS)
def test_every_mail_reads_well_for_everybody(slug: str, locale: str) -> None:
    assert lint.problems(library.source_of(slug, locale), library.compiled(slug, locale)) == []
    assert "full" in mails(slug, locale)
    stranger = {"nl": U, "nl-u": JE}.get(locale)
    for reader, mail in mails(slug, locale).items():
        where = f"{slug} {locale} {reader}"
        assert mail.subject, where
        for part in said(mail):
            assert not LEFT_OVER.search(part), where
            assert not HOLE.search(part.replace("\n", " ")), f"{where}: {part}"
            assert not BANNED.search(part), where
            assert "u heeft" not in part.lower(), where
            assert part.count("!") <= (0 if slug.startswith("abandoned") else 1), where
            assert not stranger or not stranger.search(part), f"{where}: {stranger and stranger.search(part)}"
        assert not EMOJI.search(mail.subject), where
        assert not SHOUT.search(mail.subject + mail.preheader), where
        assert mail.preheader, where
        assert mail.preheader.strip(" .?").lower() != mail.subject.strip(" .?").lower(), where
        assert not repeats(mail.preheader, mail.subject), where
        assert len(mail.html.encode()) < sizes.HTML_TARGET <= 102_000, where
        assert "\n\n\n" not in mail.text, where


def repeats(preheader: str, subject: str) -> bool:
    """Whether the preview line holds the whole subject, or begins like it."""
    first, second = (re.sub(r"\W+", " ", text).strip().lower() for text in (preheader, subject))
    return second in first or first.split()[:4] == second.split()[:4]


@pytest.mark.parametrize("slug", MAILS)
def test_a_name_is_said_where_there_is_one_and_missed_where_there_is_none(slug: str) -> None:
    for locale in blocks.LOCALES:
        read = mails(slug, locale)
        assert "Ada" in read["full"].text
        if "no first name" in read:
            assert "Ada" not in read["no first name"].text + read["no first name"].html


@pytest.mark.parametrize("slug", MAILS)
def test_sentences_are_short_and_the_first_basket_mail_is(slug: str) -> None:
    for locale in blocks.LOCALES:
        own = sentences(mails(slug, locale)["full"])
        lengths = [len(one.split()) for one in own]
        assert own, slug
        assert sum(lengths) / len(lengths) <= 15, f"{slug} {locale}: {own}"
        if re.fullmatch(r"abandoned-\w+-1b?", slug):
            assert sum(lengths) <= 90, f"{slug} {locale}"


@pytest.mark.parametrize("slug", MAILS)
def test_page_and_text_lead_to_the_same_places(slug: str) -> None:
    for mail in mails(slug, "nl").values():
        page = {html.unescape(link) for link in re.findall(r'href="(https?://[^"]*)"', mail.html)}
        text = {link.rstrip(".,") for link in LINK.findall(mail.text)}
        products = {link for link in page if re.search(r"/p/\w+$", link)}
        assert text <= page
        # A product's own page is a comfort of the page; what the mail is for stands in both.
        assert page - products - {"https://molenzicht.example"} <= text
        assert not re.search(r'href="(?!https?://|tel:|mailto:|")', mail.html)


@pytest.mark.parametrize("slug", MAILS)
def test_pictures_have_words_and_the_page_asks_nobody_else(slug: str) -> None:
    for mail in mails(slug, "en").values():
        assert all(" alt=" in image for image in re.findall(r"<img[^>]*>", mail.html))
        assert all(" role=" in table for table in re.findall(r"<table[^>]*>", mail.html))
        assert not re.search(r"<script|<link|fonts\.googleapis|javascript:|\son\w+=", mail.html)
        assert 'name="color-scheme" content="light dark"' in mail.html


@pytest.mark.parametrize("slug", SUBJECTS)
def test_subjects_stand_as_agreed(slug: str) -> None:
    assert tuple(mails(slug, locale)["full"].subject for locale in ("nl", "nl-u", "en")) == SUBJECTS[slug]


def test_every_mail_exists_in_every_language_with_a_name_and_both_parts() -> None:
    for slug, (preset, mail) in library.shipped().items():
        assert set(blocks.about(preset, mail)["name"]) >= {"nl", "en"}, slug
        for locale in blocks.LOCALES:
            for ending in ("mjml", "txt"):
                assert (blocks.ROOT / preset / mail / f"{locale}.{ending}").exists(), f"{slug} {locale}"
