"""MJML looked at before it is compiled, and mended after: mrml is fast, forgiving and fragile.

Each rule here is a trap measured in performance.md section 6 ("mrml compared with npm mjml") or
reliability.md 3.2: deep nesting ends the process, unknown elements vanish, inline styles are not
inlined, images lack `alt`. All checks are one linear walk over the author's own text, so that
positions are the author's.
"""

from __future__ import annotations

import re

from apps.mail import sizes
from apps.mail.problems import Part, Problem, position

ELEMENTS = frozenset(
    [
        "mjml",
        "mj-head",
        "mj-body",
        "mj-attributes",
        "mj-all",
        "mj-class",
        "mj-breakpoint",
        "mj-preview",
        "mj-style",
        "mj-title",
        "mj-raw",
        "mj-accordion",
        "mj-accordion-element",
        "mj-accordion-text",
        "mj-accordion-title",
        "mj-button",
        "mj-carousel",
        "mj-carousel-image",
        "mj-column",
        "mj-divider",
        "mj-group",
        "mj-hero",
        "mj-image",
        "mj-navbar",
        "mj-navbar-link",
        "mj-section",
        "mj-social",
        "mj-social-element",
        "mj-spacer",
        "mj-table",
        "mj-text",
        "mj-wrapper",
    ]
)
HTML_ELEMENTS = frozenset(
    [
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "blockquote",
        "br",
        "center",
        "code",
        "del",
        "div",
        "em",
        "font",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "ins",
        "li",
        "meta",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "small",
        "span",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "time",
        "tr",
        "u",
        "ul",
        "wbr",
    ]
)
REFUSED = frozenset(
    [
        "mj-include",
        "mj-font",
        "mj-html-attributes",
        "mj-selector",
        "mj-html-attribute",
        "script",
        "iframe",
        "object",
        "embed",
        "form",
        "input",
        "button",
        "select",
        "textarea",
        "link",
        "base",
        "style",
        "svg",
        "math",
        "video",
        "audio",
    ]
)
VOID = frozenset(["br", "hr", "img", "meta", "wbr"])
TAG = re.compile(r"<!--.*?-->|<(/?)([A-Za-z][\w:.-]*+)((?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)>", re.DOTALL)
HANDLER = re.compile(r"[\s\"'](on[a-z]+|srcdoc|formaction|action)\s*=", re.IGNORECASE)


def spans(text: str) -> tuple[list[tuple[int, int]], int | None]:
    """Where Liquid stands, and the offset of the first piece that is never closed. Linear in the
    text.
    """
    found: list[tuple[int, int]] = []
    at = 0
    while True:
        start = min((i for i in (text.find("{{", at), text.find("{%", at)) if i >= 0), default=-1)
        if start < 0:
            return found, None
        end = text.find("}}" if text[start + 1] == "{" else "%}", start + 2)
        if end < 0:
            return found, start
        found.append((start, end + 2))
        at = end + 2


def unliquid(text: str, pieces: list[tuple[int, int]]) -> str:
    """The text with Liquid made harmless and every position kept."""
    out, at = [], 0
    for start, end in pieces:
        out += [text[at:start], "".join("\n" if c == "\n" else "x" for c in text[start:end])]
        at = end
    return "".join(out) + text[at:]


def basic(text: str, part: Part) -> list[Problem]:
    """Size and unclosed Liquid: what must be known before anything else looks at a part."""
    if len(text) > sizes.SOURCE_LIMIT:
        values = {"size": str(len(text)), "limit": str(sizes.SOURCE_LIMIT)}
        return [Problem(code="too_large", part=part, values=values)]
    _, broken = spans(text)
    if broken is None:
        return []
    line, column = position(text, broken)
    what = text[broken : broken + 20].split("\n", maxsplit=1)[0]
    return [Problem(code="unclosed_tag", part=part, line=line, column=column, values={"what": what})]


class Walk:
    """One pass over the elements of an author's MJML."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.problems: list[Problem] = []
        self.open: list[tuple[str, int]] = []

    def say(self, code: str, offset: int, **values: str) -> None:
        if len(self.problems) < 20:
            line, column = position(self.text, offset)
            self.problems.append(Problem(code=code, line=line, column=column, values=values))

    def run(self) -> list[Problem]:
        pieces, _ = spans(self.text)
        plain = unliquid(self.text, pieces)
        if not plain.lstrip().startswith("<mjml"):
            self.say("not_mjml", 0)
            return self.problems
        for found in TAG.finditer(plain):
            if found[2] is not None:
                self.element(found)
            if len(self.open) > sizes.DEPTH_LIMIT:
                self.say("too_deep", found.start(), limit=str(sizes.DEPTH_LIMIT))
                return self.problems
        for name, offset in self.open[-1:]:
            self.say("unclosed_element", offset, what=name)
        return self.problems

    def element(self, found: re.Match[str]) -> None:
        name, offset = found[2].lower(), found.start()
        if found[1]:
            self.close(name, offset)
            return
        self.allowed(name, found[3], offset)
        if name == "mj-raw" and any(n == "mj-wrapper" for n, _ in self.open):
            self.raw(found.end(), offset)
        if not found[3].rstrip().endswith("/") and name not in VOID:
            self.open.append((name, offset))

    def allowed(self, name: str, attributes: str, offset: int) -> None:
        if name in REFUSED:
            self.say("refused_element", offset, what=name)
        elif name not in ELEMENTS and name not in HTML_ELEMENTS:
            self.say("unknown_element", offset, what=name)
        handler = HANDLER.search(attributes)
        if handler:
            self.say("refused_attribute", offset, what=handler[1])

    def close(self, name: str, offset: int) -> None:
        if self.open and self.open[-1][0] == name:
            self.open.pop()
        elif name not in VOID:
            self.say("stray_close", offset, what=name, open=self.open[-1][0] if self.open else "-")

    def raw(self, start: int, offset: int) -> None:
        end = self.text.find("</mj-raw>", start)
        inside = self.text[start:end] if end >= 0 else ""
        pieces, _ = spans(inside)
        for begin, stop in reversed(pieces):
            inside = inside[:begin] + inside[stop:]
        if re.sub(r"<!--.*?-->", "", inside, flags=re.DOTALL).strip():
            self.say("raw_in_wrapper", offset)


def check(text: str) -> list[Problem]:
    """Everything wrong with the elements of a part that passed `basic`."""
    return Walk(text).run()
