"""What publishing looks at: the gate of reliability.md 4.2 and the tone of product.md section 7.

Errors block, warnings show. Contrast, sizes and greetings are judged on rendered samples, where
colours and names are real; words and lengths on what the author wrote.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from liquid import BoundTemplate
from liquid.exceptions import LiquidError

from apps.mail import sizes
from apps.mail.blocks import Source
from apps.mail.colours import contrast, is_colour
from apps.mail.compiled import Compiled
from apps.mail.liquid import STRICT_HTML, STRICT_TEXT
from apps.mail.needs import missing
from apps.mail.problems import Part, Problem, position
from apps.mail.rendering import Rendered, RenderFailed, render
from apps.mail.samples import variants
from apps.mail.variables import opened

BANNED = re.compile(
    r"\b(vergeten|vergeet|forgot\w*|forget|nu of nooit|laatste kans|last chance|"
    r"hurry|haast je|wees er snel bij|"
    r"op=op|mis (?:het|dit) niet|don't miss|act now|we zagen je|we saw you)\b",
    re.IGNORECASE,
)
SHOUTING = re.compile(r"(?:\b[A-ZÀ-Þ]{4,}\b[ ,]+){1,}[A-ZÀ-Þ]{4,}\b|!{2,}")
BARE_GREETING = re.compile(
    r"(?<![\w,])(?:hi|hey|hallo|hoi|dag|beste|geachte|hello|dear|goedendag)\s+[,!.]", re.IGNORECASE
)
IMAGE = re.compile(r"<mj-image\b(?![^>]*\balt=)[^>]*>")
STRICTLY = ("full", "one line", "bare", "no basket")
"""Samples that between them take every branch; names were looked at before, one by one."""
# A link of the page that is more than the shop's name above it: then the text leads somewhere too.
BUTTON = re.compile(r"\{\{ (?!links\.shop )\S+ \| track \}\}")
ONWARD = re.compile(r"\| track \}\}|\{\{ links\.")
MARKS = re.compile(r"\{\{|\}\}|\{%|%\}")


def problems(source: Source, compiled: Compiled) -> list[Problem]:
    """Everything found, errors first."""
    found = [*_words(source), *_subject(source), *_images(source)]
    if BUTTON.search(compiled.html) and not ONWARD.search(compiled.text.partition("\n--\n")[0]):
        found.append(Problem(code="no_text_link", level="warning", part="text"))
    rendered = _samples(compiled, found)
    for mail in rendered.values():
        if len(mail.html.encode()) >= sizes.HTML_TARGET:
            found.append(_too_large(mail, "warning", sizes.HTML_TARGET))
            break
    full = rendered.get("full")
    if full:
        found += [*_lengths(full), *_reading(full.html)]
    return sorted(found, key=lambda p: (p.level, p.part, p.line))


def _too_large(mail: Rendered, level: str, limit: int) -> Problem:
    values = {"size": str(len(mail.html.encode())), "limit": str(limit)}
    return Problem(code="html_size", level="error" if level == "error" else "warning", values=values)


def _samples(compiled: Compiled, found: list[Problem]) -> dict[str, Rendered]:
    """Every variant rendered, strictly; what fails or reads badly is added to `found`."""
    done: dict[str, Rendered] = {}
    try:
        strict = _strict(compiled)
    except LiquidError as error:
        found.append(_unrendered("full", error))
        return done
    for name, context in variants(compiled.locale).items():
        try:
            data = context.data()
            if missing(compiled.needs, data):
                continue
            for template in strict if name in STRICTLY else ():
                template.render(opened(data))
            mail = render(compiled, context)
        except (LiquidError, RenderFailed) as error:
            _once(found, _unrendered(name, error))
            continue
        done[name] = mail
        for problem in _seen(name, mail):
            _once(found, problem)
    return done


def _once(found: list[Problem], problem: Problem) -> None:
    """The same mistake shows in many samples; it is told for the first."""

    def same(other: Problem) -> bool:
        told = {**other.values, "variant": problem.values.get("variant", "")}
        return (other.code, other.part, told) == (
            problem.code,
            problem.part,
            {"variant": "", **problem.values},
        )

    if not any(same(other) for other in found):
        found.append(problem)


def _unrendered(variant: str, error: Exception) -> Problem:
    reason = str(error.args[0]) if error.args else type(error).__name__
    return Problem(code="render", values={"variant": variant, "reason": reason[:200]})


def _strict(compiled: Compiled) -> list[BoundTemplate]:
    """All four parts, for which a name that does not exist is a mistake."""
    plain = (compiled.subject, compiled.preheader, compiled.text)
    return [*map(STRICT_TEXT.from_string, plain), STRICT_HTML.from_string(compiled.html)]


def _seen(variant: str, mail: Rendered) -> list[Problem]:
    parts: tuple[tuple[Part, str], ...] = (
        ("subject", mail.subject),
        ("mjml", mail.html),
        ("text", mail.text),
    )
    found = []
    for part, text in parts:
        plain = re.sub(r"<style.*?</style>|<[^>]+>", " ", text, flags=re.DOTALL) if part == "mjml" else text
        bare = BARE_GREETING.search(plain)
        if bare:
            found.append(Problem(code="bare_greeting", part=part, values={"variant": variant, "what": bare[0]}))
        mark = MARKS.search(plain)
        if mark:
            found.append(Problem(code="unresolved", part=part, values={"what": mark[0]}))
    if variant == "full" and not mail.subject:
        found.append(Problem(code="no_subject", part="subject"))
    return found


def _words(source: Source) -> list[Problem]:
    found = []
    parts: tuple[Part, ...] = ("subject", "preheader", "mjml", "text")
    for part in parts:
        text = getattr(source, part)
        plain = re.sub(r"<[^>]*>|\{[{%].*?[}%]\}", lambda m: " " * len(m[0]), text, flags=re.DOTALL)
        for code, pattern in (("banned_word", BANNED), ("shouting", SHOUTING)):
            for match in pattern.finditer(plain):
                line, column = position(text, match.start())
                values = {"what": match[0].strip()}
                found.append(
                    Problem(
                        code=code,
                        level="warning",
                        part=part,
                        line=line,
                        column=column,
                        values=values,
                    )
                )
    return found


def _subject(source: Source) -> list[Problem]:
    if source.subject.strip() and source.subject.strip().lower() == source.preheader.strip().lower():
        return [Problem(code="preheader_repeats", part="preheader")]
    return []


def _lengths(mail: Rendered) -> list[Problem]:
    found = []
    if not 30 <= len(mail.preheader) <= 110:
        values = {"size": str(len(mail.preheader))}
        found.append(Problem(code="preheader_length", level="warning", part="preheader", values=values))
    if len(mail.subject) > 60:
        values = {"size": str(len(mail.subject))}
        found.append(Problem(code="subject_length", level="warning", part="subject", values=values))
    return found


def _images(source: Source) -> list[Problem]:
    found = []
    for match in IMAGE.finditer(source.mjml):
        line, column = position(source.mjml, match.start())
        found.append(Problem(code="no_alt", line=line, column=column))
    return found


def _reading(page: str) -> list[Problem]:
    reader = Reader()
    reader.feed(page)
    return reader.problems


class Reader(HTMLParser):
    """Follows colour, background and size down to every piece of text."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[tuple[str, dict[str, str]]] = [("", {"color": "#000000", "background": "#ffffff"})]
        self.problems: list[Problem] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("br", "img", "meta", "hr", "link"):
            return
        attributes = {name: value or "" for name, value in attrs}
        style = dict(self.stack[-1][1])
        if attributes.get("bgcolor"):
            style["background"] = attributes["bgcolor"]
        for declaration in attributes.get("style", "").split(";"):
            name, _, value = declaration.partition(":")
            style[name.strip().replace("background-color", "background")] = value.strip()
        style["hidden"] = style.get("hidden", "") or ("yes" if style.get("display") == "none" else "")
        if tag in ("style", "title", "script"):
            style["hidden"] = "yes"
        self.stack.append((tag, style))

    def handle_endtag(self, tag: str) -> None:
        while len(self.stack) > 1:
            if self.stack.pop()[0] == tag:
                break

    def handle_data(self, data: str) -> None:
        style = self.stack[-1][1]
        if data.strip(" \n\t\u200a\u00a0") and not style.get("hidden"):
            self.judge(data.strip()[:40], style)

    def judge(self, words: str, style: dict[str, str]) -> None:
        size = float(re.sub(r"[^\d.]", "", style.get("font-size", "16")) or 16)
        if 0 < size < 14:
            self.problems.append(Problem(code="text_size", values={"what": words, "size": f"{size:g}"}))
        ink, paper = style["color"], style["background"]
        if is_colour(ink) and is_colour(paper):
            ratio = contrast(ink, paper)
            if ratio < (3 if size >= 24 else 4.5):
                self.problems.append(Problem(code="contrast", values={"what": words, "ratio": f"{ratio:.1f}"}))
