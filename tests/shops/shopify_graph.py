"""GraphQL as Shopify speaks it: reads a question, checks it against the schema, and answers from plain dicts.

Small on purpose: the fields, arguments and input types are those of `fixtures/shopify/graphql/schema.graphql`, a part
of Shopify's published one. What is not in there is answered as Shopify would: the field does not exist.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).parents[2] / "fixtures" / "shopify" / "graphql" / "schema.graphql"
DEAREST_QUESTION = 1000
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\.\.\.|[A-Za-z_]\w*|-?\d+(?:\.\d+)?|[!$():=\[\]{}|]')
_ESCAPE = re.compile(r"\\(.)")
_CHEAP = frozenset({"MoneyBag", "MoneyV2", "Attribute", "PageInfo"})


class Refused(Exception):
    """The question itself is wrong."""

    def __init__(self, message: str, code: str = "", **extensions: Any) -> None:
        super().__init__(message)
        self.error: dict[str, Any] = {"message": message}
        if code or extensions:
            self.error["extensions"] = {"code": code, **extensions}


class _Empty(Exception):
    """A value that may not be null is: what stands around it becomes null."""


@dataclass
class Field:
    name: str
    alias: str
    args: dict[str, Any]
    inside: list[Any]


@dataclass
class On:
    """`... on Type { … }`"""

    type: str
    inside: list[Any]


@dataclass(frozen=True)
class Variable:
    name: str


class Word(str):
    """An enum's value as written in a question."""


@dataclass
class Question:
    kind: str
    name: str
    variables: dict[str, str]
    inside: list[Any]


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[str] = _TOKEN.findall(text)
        self.place = 0

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        if not token or (wanted and token != wanted):
            raise Refused(f"syntax error, unexpected {token or 'end of file'!r}, expecting {wanted!r}")
        self.place += 1
        return token

    def follows(self, token: str) -> bool:
        if self.peek() != token:
            return False
        self.place += 1
        return True

    def question(self) -> Question:
        kind, name, variables = "query", "", {}
        if self.peek() in ("query", "mutation"):
            kind = self.take()
            name = self.take() if self.peek() not in ("(", "{") else ""
            if self.follows("("):
                while not self.follows(")"):
                    self.take("$")
                    word = self.take()
                    self.take(":")
                    variables[word] = self.type()
        return Question(kind, name, variables, self.selection())

    def type(self) -> str:
        if self.follows("["):
            word = f"[{self.type()}]"
            self.take("]")
        else:
            word = self.take()
        return word + self.take() if self.peek() == "!" else word

    def selection(self) -> list[Any]:
        self.take("{")
        found: list[Any] = []
        while not self.follows("}"):
            if self.follows("..."):
                self.take("on")
                found.append(On(self.take(), self.selection()))
            else:
                found.append(self.field())
        return found

    def field(self) -> Field:
        alias = name = self.take()
        if self.follows(":"):
            name = self.take()
        args: dict[str, Any] = {}
        if self.follows("("):
            while not self.follows(")"):
                word = self.take()
                self.take(":")
                args[word] = self.value()
        return Field(name, alias, args, self.selection() if self.peek() == "{" else [])

    def value(self) -> Any:
        if self.follows("$"):
            return Variable(self.take())
        if self.follows("{"):
            return self._members()
        if self.follows("["):
            listed = []
            while not self.follows("]"):
                listed.append(self.value())
            return listed
        return _literal(self.take())

    def _members(self) -> dict[str, Any]:
        made = {}
        while not self.follows("}"):
            word = self.take()
            self.take(":")
            made[word] = self.value()
        return made


def _literal(token: str) -> Any:
    if token.startswith('"'):
        return _ESCAPE.sub(r"\1", token[1:-1])
    if token in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[token]
    if re.fullmatch(r"-?\d+", token):
        return int(token)
    return float(token) if re.match(r"-?\d", token) else Word(token)


def read(text: str) -> Question:
    return _Reader(text).question()


class Schema:
    """Types by name: of an object its fields with their arguments, of an input its members, of an enum its words."""

    def __init__(self, text: str) -> None:
        self.objects: dict[str, dict[str, tuple[dict[str, str], str]]] = {}
        self.inputs: dict[str, dict[str, str]] = {}
        self.enums: dict[str, set[str]] = {}
        self.unions: dict[str, set[str]] = {}
        for kind, name, body in re.findall(r"^(type|input|enum) (\w+) \{(.*?)\}", text, re.DOTALL | re.MULTILINE):
            if kind == "type":
                self.objects[name] = dict(self._fields(body))
            elif kind == "input":
                self.inputs[name] = dict(re.findall(r"(\w+): (\S+)", body))
            else:
                self.enums[name] = set(body.split())
        for name, members in re.findall(r"^union (\w+) = (.*)$", text, re.MULTILINE):
            self.unions[name] = set(members.split(" | "))

    @staticmethod
    def _fields(body: str) -> Iterator[tuple[str, tuple[dict[str, str], str]]]:
        for name, args, kind in re.findall(r"^  (\w+)(?:\((.*?)\))?: (\S+)$", body, re.MULTILINE):
            yield name, (dict(re.findall(r"(\w+): ([^,]+)", args)), kind)

    def field(self, parent: str, name: str) -> tuple[dict[str, str], str]:
        try:
            return self.objects[parent][name]
        except KeyError:
            raise Refused(f"Field '{name}' doesn't exist on type '{parent}'", "undefinedField") from None

    def check(self, value: Any, kind: str, what: str) -> None:
        """Whether a value fits a type, as far as Shopify would say so before doing anything."""
        if kind.endswith("!"):
            if value is None:
                raise Refused(f"Argument '{what}' may not be null", "argumentLiteralsIncompatible")
            kind = kind[:-1]
        if value is None:
            return
        if kind.startswith("["):
            for one in value if isinstance(value, list) else [value]:
                self.check(one, kind[1:-1], what)
        elif kind in self.inputs:
            self._check_input(value, kind, what)
        elif not self._fits(value, kind):
            raise Refused(f"{what}: {value!r} is not a {kind}", "argumentLiteralsIncompatible")

    def _fits(self, value: Any, kind: str) -> bool:
        if kind in self.enums:
            return str(value) in self.enums[kind]
        if kind == "Int":
            return isinstance(value, int) and not isinstance(value, bool)
        return kind not in ("String", "ID", "URL", "DateTime") or isinstance(value, str)

    def _check_input(self, value: Any, kind: str, what: str) -> None:
        members = self.inputs[kind]
        if not isinstance(value, dict):
            raise Refused(f"{what}: expected a {kind}", "argumentLiteralsIncompatible")
        for name in value.keys() - members.keys():
            raise Refused(f"{kind} has no member '{name}'", "argumentNotAccepted")
        for name, member in members.items():
            if name in value or member.endswith("!"):
                self.check(value.get(name), member, f"{what}.{name}")


def bare(kind: str) -> str:
    return kind.strip("[]!")


Resolve = Callable[[dict[str, Any]], Any]


class Answering:
    """One question being answered. `denied`: "Type.field" that the app may not see."""

    def __init__(
        self, schema: Schema, question: Question, variables: Mapping[str, Any], denied: Mapping[str, str], *, bulk: bool
    ) -> None:
        self.schema, self.question, self.denied, self.bulk = schema, question, denied, bulk
        self.variables = variables
        self.errors: list[dict[str, Any]] = []
        for name, kind in question.variables.items():
            schema.check(variables.get(name), kind, f"${name}")
        for name in variables.keys() - question.variables.keys():
            raise Refused(f"Variable ${name} is not declared", "variableNotDefined")

    @property
    def root(self) -> str:
        return "Mutation" if self.question.kind == "mutation" else "QueryRoot"

    def cost(self) -> int:
        return self._cost(self.question.inside, self.root) + (10 if self.question.kind == "mutation" else 0)

    def _cost(self, inside: list[Any], parent: str) -> int:
        """Objects a point each, connections two and their most (shopify.dev rate limits)."""
        total = 0
        for one in inside:
            if isinstance(one, On):
                total += self._cost(one.inside, one.type)
                continue
            if one.name == "__typename":
                continue
            args, kind = self.schema.field(parent, one.name)
            name = bare(kind)
            if not one.inside or name in _CHEAP:
                continue
            each = self._cost(one.inside, name)
            if "first" in args and name.endswith("Connection"):
                total += 2 + each * int(self._given(one, args).get("first") or 1)
            else:
                total += each + (0 if name.endswith(("Connection", "Edge")) else 1)
        return total

    def answer(self, resolve: Callable[[str, dict[str, Any]], Any]) -> dict[str, Any] | None:
        """The data, None when a refusal reached the top."""
        parent = {one.name: (lambda args, name=one.name: resolve(name, args)) for one in self.question.inside}
        try:
            return self._object(parent, self.root, self.question.inside, [])
        except _Empty:
            return None

    def _given(self, one: Field, args: Mapping[str, str]) -> dict[str, Any]:
        for name in one.args.keys() - args.keys():
            raise Refused(f"Field '{one.name}' doesn't accept argument '{name}'", "argumentNotAccepted")
        given = {name: self._filled(value) for name, value in one.args.items()}
        for name, kind in args.items():
            if name in given or (kind.endswith("!") and name != "groupObjects"):
                self.schema.check(given.get(name), kind, name)
        return given

    def _filled(self, value: Any) -> Any:
        if isinstance(value, Variable):
            if value.name not in self.question.variables:
                raise Refused(f"Variable ${value.name} is not declared", "variableNotDefined")
            return self.variables.get(value.name)
        if isinstance(value, dict):
            return {name: self._filled(one) for name, one in value.items()}
        return [self._filled(one) for one in value] if isinstance(value, list) else value

    def _object(self, value: Mapping[str, Any], kind: str, inside: list[Any], path: list[Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for one in inside:
            if isinstance(one, On):
                if value.get("__typename") == one.type:
                    made |= self._object(value, one.type, one.inside, path)
            elif one.name == "__typename":
                made[one.alias] = value.get("__typename", kind)
            else:
                args, wanted = self.schema.field(kind, one.name)
                made[one.alias] = self._field(value, kind, one, args, wanted, [*path, one.alias])
        return made

    def _field(
        self, value: Mapping[str, Any], kind: str, one: Field, args: Mapping[str, str], wanted: str, path: list[Any]
    ) -> Any:
        given = self._given(one, args)
        if why := self.denied.get(f"{kind}.{one.name}"):
            self.errors.append({"message": why, "path": path, "extensions": {"code": "ACCESS_DENIED"}})
            found = None
        else:
            found = value.get(one.name)
            if callable(found):
                found = found(given)
        try:
            return self._fitted(found, wanted, one, given, path)
        except _Empty:
            if wanted.endswith("!"):
                raise
            return None

    def _fitted(self, found: Any, wanted: str, one: Field, given: Mapping[str, Any], path: list[Any]) -> Any:
        if found is None:
            if wanted.endswith("!"):
                raise _Empty
            return None
        wanted = wanted.rstrip("!")
        if wanted.startswith("["):
            # A null in a list of things that may not be null empties the list.
            return [self._fitted(each, wanted[1:-1], one, given, [*path, n]) for n, each in enumerate(found)]
        name = bare(wanted)
        if name.endswith("Connection") and isinstance(found, list):
            found = self._page(found, given, one.name)
        if not one.inside:
            if name in self.schema.objects or name in self.schema.unions:
                raise Refused(f"Field must have selections (field '{one.name}' returns {name})", "selectionMismatch")
            return found
        return self._object(found, name, one.inside, path)

    def _page(self, things: list[Any], given: Mapping[str, Any], name: str) -> dict[str, Any]:
        first = given.get("first")
        if first is None:
            if not self.bulk:
                raise Refused(f"you must provide one of first or last ({name})", "BAD_REQUEST")
            first = len(things)
        elif not 0 < first <= 250:
            raise Refused(f"first of {first} is not between 1 and 250", "BAD_REQUEST")
        start = 0
        if after := given.get("after"):
            try:
                start = int(base64.b64decode(after, validate=True))
            except ValueError:
                raise Refused(f"Invalid cursor for current pagination sort ({name})", "BAD_REQUEST") from None
        ordered = things[::-1] if given.get("reverse") else things
        shown = ordered[start : start + first]
        end = base64.b64encode(str(start + len(shown)).encode()).decode()
        turn = {"hasNextPage": start + first < len(things), "endCursor": end if shown else None}
        return {"nodes": shown, "edges": [{"node": one} for one in shown], "pageInfo": turn}


def things_in(data: Any) -> int:
    """How many objects an answer holds."""
    if isinstance(data, dict):
        return 1 + sum(things_in(one) for one in data.values())
    return sum(things_in(one) for one in data) if isinstance(data, list) else 0


def flattened(tree: Any) -> Iterator[dict[str, Any]]:
    """A bulk operation's lines: each node by itself, its children after it under `__parentId`."""
    for connection in tree.values():
        yield from _lines(connection, None)


def _lines(connection: Mapping[str, Any], parent: str | None) -> Iterator[dict[str, Any]]:
    for edge in connection["edges"]:
        node = edge["node"]
        nested = {name: one for name, one in node.items() if isinstance(one, dict) and "edges" in one}
        line = {name: one for name, one in node.items() if name not in nested}
        yield line if parent is None else line | {"__parentId": parent}
        for one in nested.values():
            yield from _lines(one, node["id"])
