"""Shopify's search, as far as we use it: `(email:"a@b" OR customer_id:5) updated_at:>='2026-11-22T12:00:00Z'`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.shops.shopify_graph import Refused

_ESCAPE = re.compile(r"\\(.)")
_SEARCH = re.compile(
    r"""\(|\)|\w+:(?:>=|<=|>|<)?(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[^\s()]+)|AND\b|OR\b|[^\s()]+"""
)
Reads = Mapping[str, Callable[[Mapping[str, Any]], Any]]


def searched(query: str | None, things: list[dict[str, Any]], known: Reads) -> list[dict[str, Any]]:
    """Those that match. A filter this noun does not know is refused here; Shopify leaves it out without a word."""
    if not query:
        return things
    matches = _Search(query, known).whole()
    return [one for one in things if matches(one)]


class _Search:
    def __init__(self, text: str, known: Reads) -> None:
        self.tokens, self.place, self.known = _SEARCH.findall(text), 0, known

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def whole(self) -> Callable[[Any], bool]:
        found = self.either()
        if self.peek():
            raise Refused(f"search: unexpected {self.peek()!r}", "BAD_REQUEST")
        return found

    def either(self) -> Callable[[Any], bool]:
        parts = [self.both()]
        while self.peek() == "OR":
            self.place += 1
            parts.append(self.both())
        return lambda one: any(part(one) for part in parts)

    def both(self) -> Callable[[Any], bool]:
        parts = [self.term()]
        while self.peek() not in ("", ")", "OR"):
            if self.peek() == "AND":
                self.place += 1
            parts.append(self.term())
        return lambda one: all(part(one) for part in parts)

    def term(self) -> Callable[[Any], bool]:
        token = self.peek()
        self.place += 1
        if token == "(":
            inner = self.either()
            if self.peek() != ")":
                raise Refused("search: unbalanced", "BAD_REQUEST")
            self.place += 1
            return inner
        name, colon, rest = token.partition(":")
        if not colon or name not in self.known:
            raise Refused(f"search: no filter {token!r}", "BAD_REQUEST")
        sign, word = re.match(r"(>=|<=|>|<)?(.*)", rest, re.DOTALL).groups()  # type: ignore[union-attr]
        if word[:1] in "\"'" and word:
            word = _ESCAPE.sub(r"\1", word[1:-1])
        return lambda one: _compares(self.known[name](one), sign or "", word)


def _compares(value: Any, sign: str, word: str) -> bool:
    if value is None:
        return False
    if isinstance(value, (list, tuple, set)):
        return any(_compares(one, sign, word) for one in value)
    left, right = str(value), word
    if re.match(r"\d{4}-\d\d-\d\dT", left):
        left, right = left.replace("Z", "+00:00"), right.replace("Z", "+00:00")
    compares = _SIGNS.get(sign)
    return compares(left, right) if compares else left.lower() == right.lower()


_SIGNS: dict[str, Callable[[str, str], bool]] = {
    ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt
}  # fmt: skip
