"""Names a template uses, held against the names there are.

Scenario 30: an unknown variable or a broken tag names its line. Loop variables are followed to the
list they walk, so `line.titel` is found as well.
"""

from __future__ import annotations

import difflib
import itertools
import re
from functools import lru_cache
from typing import Any

from liquid.exceptions import LiquidError

from apps.mail.liquid import FILTERS, TEXT
from apps.mail.problems import Part, Problem, position
from apps.mail.samples import sample

LOOP = re.compile(r"\{%-?\s*for\s+(\w+)\s+in\s+([\w.]+)")
OPENING = re.compile(r"\{%-?\s*((?:end)?(?:if|unless|for|case|capture|comment))\b")
OWN = ("forloop",)
OPEN = re.compile(r"(?:person\.properties|event)\.[a-z][a-z0-9_]*|person\.is\.[a-zA-Z0-9_-]+")
"""What is named by the shop: other apps' words and the owner's segments."""


@lru_cache(maxsize=1)
def known() -> frozenset[str]:
    """Every path of the context; a list's members are `basket.lines[]`. What a shop names itself is in OPEN."""
    return frozenset(_paths(sample("en").data(), ""))


def _paths(value: Any, prefix: str) -> list[str]:
    if isinstance(value, dict):
        return [p for name, inner in value.items() for p in (f"{prefix}{name}", *_paths(inner, f"{prefix}{name}."))]
    if isinstance(value, list) and value:
        return _paths(value[0], f"{prefix[:-1]}[].")
    return []


def check(text: str, part: Part) -> list[Problem]:
    """Syntax errors and unknown names of one part, by line."""
    try:
        analysis = TEXT.from_string(text).analyze()
    except LiquidError as error:
        return [_syntax(error, text, part)]
    names = Names(text, set(analysis.locals) | set(OWN))
    found = [
        _problem("unknown_filter", text, part, span.index, what=name, known=", ".join(sorted(FILTERS)))
        for name, spans in analysis.filters.items()
        if name not in FILTERS
        for span in spans
    ]
    for variable in itertools.chain.from_iterable(analysis.variables.values()):
        if not names.holds(variable.segments):
            what, near = ".".join(map(str, variable.segments)), names.near(variable.segments)
            found.append(_problem("unknown_variable", text, part, variable.span.index, what=what, near=near))
    return sorted(found, key=lambda p: (p.line, p.column))


def unknown(name: str, text: str, part: Part, at: int) -> Problem:
    """A name that is none, with the nearest there is."""
    found = difflib.get_close_matches(name, known(), 1, 0.5)
    return _problem("unknown_variable", text, part, at, what=name, near=found[0] if found else "")


class Open(dict[str, Any]):
    """Names a shop gives itself: each may be asked for, and holds nothing unless it is known."""

    def __missing__(self, name: str) -> None:
        return None


def opened(data: dict[str, Any]) -> dict[str, Any]:
    """The same data, in which names that only the shop knows are no mistake; for strict rendering."""
    person = {**data["person"], "is": Open(data["person"]["is"]), "properties": Open(data["person"]["properties"])}
    return {**data, "person": person, "event": Open(data["event"])}


def _problem(code: str, text: str, part: Part, at: int, **values: str) -> Problem:
    line, column = position(text, at)
    return Problem(code=code, part=part, line=line, column=column, values=values)


class Names:
    """What one part may call things: the context's names, its own, and those of its loops."""

    def __init__(self, text: str, own: set[str]) -> None:
        self.loops = {name: f"{path}[]" for name, path in LOOP.findall(text)}
        self.own = own

    def path(self, segments: list[Any]) -> str:
        head, rest = str(segments[0]), [s for s in segments[1:] if isinstance(s, str)]
        return ".".join([self.loops.get(head, head), *rest])

    def holds(self, segments: list[Any]) -> bool:
        head = str(segments[0])
        if head in self.own and head not in self.loops:
            return True
        path = re.sub(r"\.(size|first|last)$", "", self.path(segments))
        return path in known() or path.endswith("[]") or OPEN.fullmatch(path) is not None

    def near(self, segments: list[Any]) -> str:
        head = str(segments[0])
        found = difflib.get_close_matches(self.path(segments), known(), 1, 0.5)
        return found[0].replace(self.loops.get(head, head), head, 1) if found else ""


def _syntax(error: LiquidError, text: str, part: Part) -> Problem:
    """A Liquid error as a problem with its place; a tag that is never closed is named where it was
    opened.
    """
    token = error.token
    at = token.start_index if token is not None else -1
    if not 0 <= at < len(text):
        at = _opened(text)
    line, column = position(text, at)
    reason = str(error.args[0]) if error.args else type(error).__name__
    return Problem(code="liquid", part=part, line=line, column=column, values={"reason": reason[:200]})


def _opened(text: str) -> int:
    """Where the innermost tag that was never closed begins."""
    waiting: list[tuple[str, int]] = []
    for found in OPENING.finditer(text):
        name = found[1]
        if not name.startswith("end"):
            waiting.append((name, found.start()))
        elif waiting and waiting[-1][0] == name[3:]:
            waiting.pop()
    return waiting[-1][1] if waiting else 0
