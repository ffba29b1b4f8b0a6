"""A template made ready to send: checked, put together, compiled, tried on every sample.

`compile_template` runs in a child with bounds (decision 24): what an author writes never meets a
worker before it was proven harmless. `compile_here` is the same without the child, for templates
that ship with the engine.
"""

from __future__ import annotations

import hashlib
import re
from typing import Literal

import msgspec

from apps.mail import lint, mjml, sandbox, variables
from apps.mail.blocks import REQUIRED, Source, expand, names, needed, referenced
from apps.mail.compiled import Compiled
from apps.mail.html import to_html
from apps.mail.needs import names as names_of
from apps.mail.problems import Part, Problem, TemplateRefused, position

WEB_IN_TEXT = re.compile(r"(?<![\w'\"|/])https?://[^\s<>\"'{}]+")
URL_OUTPUT = re.compile(
    r"\{\{-?\s*(links\.(?:restore|shop|pay|review|account)|shop\.guide_url|offer\.link|\w+(?:\.\w+)*\.(?:\w+_)?url)\s*-?\}\}"
)


def compile_template(source: Source, locale: str) -> Compiled:
    """Compile in the sandbox; raises `TemplateRefused` naming every problem."""
    for part in ("subject", "preheader", "mjml", "text"):
        large = mjml.basic(getattr(source, part), part)
        if large:
            raise TemplateRefused(large)
    answer = sandbox.run("compile", {"source": msgspec.to_builtins(source), "locale": locale})
    return msgspec.convert(answer, Compiled)


def compile_here(source: Source, locale: str) -> Compiled:
    """The work itself. Only for the sandbox's child and for our own files."""
    compiled = compile_ours(source, locale)
    found = lint.problems(source, compiled)
    _refuse([p for p in found if p.level == "error"])
    return msgspec.structs.replace(compiled, problems=tuple(found))


def compile_ours(source: Source, locale: str) -> Compiled:
    """The same without trying it on every sample: what ships was tried by our tests, and a shop installs many."""
    _refuse(check(source))
    text = with_text_slots(expand(source.text, locale, ".txt"))
    page = to_html(expand(with_head(source.mjml), locale, ".mjml"))
    return _compiled(source, locale, page, text)


def _compiled(source: Source, locale: str, html: str, text: str) -> Compiled:
    subject, preheader = source.subject.strip(), source.preheader.strip()
    joined = f"{locale}\x00{subject}\x00{preheader}\x00{html}\x00{text}"
    checksum = hashlib.blake2b(joined.encode(), digest_size=16).hexdigest()
    needs = dict.fromkeys(name for part in (source.mjml, source.text) for name, _ in needed(part))
    return Compiled(
        locale=locale, subject=subject, preheader=preheader, html=html, text=text, checksum=checksum, needs=tuple(needs)
    )


def check(source: Source) -> list[Problem]:
    """Everything that can be said from the author's own text, at its own lines."""
    parts: tuple[Part, ...] = ("subject", "preheader", "mjml", "text")
    found = [p for part in parts for p in mjml.basic(getattr(source, part), part)]
    if found:
        return found
    found = mjml.check(source.mjml)
    for part in parts:
        found += variables.check(getattr(source, part), part)
    return found + [p for part in ("mjml", "text") for p in (*_blocks(source, part), *_needs(source, part))]


def _needs(source: Source, part: Literal["mjml", "text"]) -> list[Problem]:
    text: str = getattr(source, part)
    return [
        variables.unknown(name, text, part, at)
        for need, at in needed(text)
        for name in names_of(need)
        if name not in variables.known()
    ]


def _blocks(source: Source, part: Literal["mjml", "text"]) -> list[Problem]:
    text: str = getattr(source, part)
    asked = referenced(text)
    found = [
        Problem(
            code="unknown_block",
            part=part,
            line=position(text, at)[0],
            column=position(text, at)[1],
            values={"what": name, "known": ", ".join(names())},
        )
        for name, at in asked
        if name not in names()
    ]  # fmt: skip
    if REQUIRED not in [name for name, _ in asked]:
        found.append(Problem(code="no_footer", part=part, line=text.count("\n") + 1))
    return found


def with_head(text: str) -> str:
    """A template that brings no head gets ours: readable sizes, dark mode, no foreign fonts."""
    if "<mj-head" in text or "head" in [name for name, _ in referenced(text)]:
        return text
    return re.sub(r"(<mjml\b[^>]*>)", r"\1{% block head %}", text, count=1)


def with_text_slots(text: str) -> str:
    """The text part's links in slots, like those of the HTML."""
    text = URL_OUTPUT.sub(r"{{ \1 | track }}", text)
    pieces, _ = mjml.spans(text)
    out, at = [], 0
    for start, end in [*pieces, (len(text), len(text))]:
        out += [WEB_IN_TEXT.sub(_slotted, text[at:start]), text[start:end]]
        at = end
    return "".join(out)


def _slotted(found: re.Match[str]) -> str:
    url = found[0].rstrip(".,;:!?)")
    return f"{{{{ '{url}' | track }}}}{found[0][len(url) :]}"


def _refuse(problems: list[Problem]) -> None:
    if problems:
        raise TemplateRefused(problems)
