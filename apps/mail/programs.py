"""A settled template as one Python function.

Walking python-liquid's tree costs a microsecond or three at each of two hundred places, more than
everything else together. Templates that use only text, outputs, `if`, `unless` and plain `for` (all
that ship, and nearly all that people write) are turned into a function that does the same; any
other template is walked as before. Authors' words never become source: texts and keys are constants
handed to the function, names are numbered. A property test holds both ways equal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

from liquid import BoundTemplate, Environment, Node
from liquid.ast import BlockNode
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.expressions.logical import (
    BooleanExpression,
    EqExpression,
    GtExpression,
    LogicalAndExpression,
    LogicalOrExpression,
    LtExpression,
    NeExpression,
    _eq,
    _lt,
)
from liquid.builtin.expressions.primitive import Literal, Nil
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.for_tag import ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.exceptions import LoopIterationLimitError, OutputStreamLimitError
from liquid.expression import Expression
from liquid.stringify import to_liquid_string
from markupsafe import Markup, escape

from apps.mail import sizes
from apps.mail.links import web_address
from apps.mail.liquid import FILTERS, TRACKER, ascii_only

Program = Callable[[dict[str, Any]], list[str]]
UNSAFE = re.compile("[&<>\"']")
SPECIAL = ("size", "first", "last")


class Unsupported(Exception):
    """The template uses something that only the tree walk knows."""


def program(template: BoundTemplate) -> Program | None:
    """The function, or None when the template has to be walked."""
    try:
        return Writer(template.env).program(template.nodes)
    except Unsupported:
        return None


def member(value: Any, key: str) -> Any:
    """One step of a path, as Liquid takes it."""
    if type(value) is dict and key in value:
        return value[key]
    if key == "size":
        return len(value) if isinstance(value, (str, list, dict)) else None
    if isinstance(value, list) and value and key in SPECIAL:
        return value[0] if key == "first" else value[-1]
    return None


def true(value: Any) -> bool:
    """Liquid's truth: all but nothing and false, so 0 and '' too."""
    return value is not None and value is not False


def shown(value: Any) -> str:
    """An output in HTML."""
    if type(value) is str:
        safe = str(escape(value)) if UNSAFE.search(value) else value
        return safe if safe.isascii() else ascii_only(safe)
    return "" if value is None else ascii_only(str(to_liquid_string(value, True)))


def plain(value: Any) -> str:
    """An output in text."""
    return value if type(value) is str else to_liquid_string(value, False)


def target(keep: Callable[[str], str] | None, value: Any) -> str:
    """The `track` filter, without the walk."""
    found = web_address(unescape(value) if type(value) is Markup else value)
    return keep(found) if keep and found else found


def items(value: Any, budget: list[int]) -> Any:
    """What a loop walks, within the number of rounds a mail may take."""
    found = value if type(value) is list else []
    budget[0] -= len(found)
    if budget[0] < 0:
        raise LoopIterationLimitError("loop iteration limit reached", token=None)
    return found


def within(pieces: list[str]) -> list[str]:
    if sum(map(len, pieces)) > sizes.OUTPUT_LIMIT:
        raise OutputStreamLimitError("output stream limit reached", token=None)
    return pieces


class Writer:
    """Writes the function. Every line is made of our own words, numbers and names of constants."""

    def __init__(self, env: Environment) -> None:
        self.env = env
        self.lines: list[str] = []
        self.constants: dict[str, Any] = {}
        self.locals: dict[str, str] = {}
        self.heads: dict[str, str] = {}
        self.count = 0

    def program(self, nodes: list[Node]) -> Program:
        self.block(nodes, 1)
        head = [
            "def written(data):",
            " out = []; w = out.append; budget = [LIMIT]; keep = data.get(TRACKER)",
            *(f" {name} = data.get({self.constant(head)})" for head, name in self.heads.items()),
        ]
        names = {
            "member": member,
            "show": shown if self.env.autoescape else plain,
            "target": target,
            "items": items,
            "within": within,
            "true": true,
            "eq": _eq,
            "lt": _lt,
            "LIMIT": sizes.LOOP_LIMIT,
            "TRACKER": TRACKER,
            **self.constants,
        }
        source = "\n".join([*head, *self.lines, " return within(out)"])
        exec(compile(source, "<mail>", "exec"), names)  # noqa: S102 - no author's text is in the source
        written: Program = names["written"]
        return written

    def constant(self, value: Any) -> str:
        name = f"k{len(self.constants)}"
        self.constants[name] = value
        return name

    def line(self, depth: int, text: str) -> None:
        self.lines.append(" " * depth + text)

    def block(self, nodes: list[Node], depth: int) -> None:
        before = len(self.lines)
        for node in nodes:
            self.node(node, depth)
        if len(self.lines) == before:
            self.line(depth, "pass")

    def inner(self, block: Node, depth: int) -> None:
        if not isinstance(block, BlockNode):
            raise Unsupported
        # Blocks of nothing but white space print nothing in python-liquid.
        self.block([] if block.blank else block.nodes, depth)

    def node(self, node: Node, depth: int) -> None:
        kind = type(node)
        if kind is ContentNode:
            if node.text:  # type: ignore[attr-defined]
                self.line(depth, f"w({self.constant(node.text)})")  # type: ignore[attr-defined]
        elif isinstance(node, OutputNode):
            self.line(depth, f"w({self.output(node.expression)})")
        elif isinstance(node, (IfNode, UnlessNode)):
            self.choice(node, depth)
        elif isinstance(node, ForNode):
            self.loop(node, depth)
        else:
            raise Unsupported

    def choice(self, node: IfNode | UnlessNode, depth: int) -> None:
        condition = self.condition(node.condition)
        self.line(depth, f"if {'not ' if isinstance(node, UnlessNode) else ''}({condition}):")
        self.inner(node.consequence, depth + 1)
        for alternative in node.alternatives:
            self.line(depth, f"elif {self.condition(alternative.expression)}:")
            self.inner(alternative.block, depth + 1)
        if node.default:
            self.line(depth, "else:")
            self.inner(node.default, depth + 1)

    def loop(self, node: ForNode, depth: int) -> None:
        walk = node.expression
        extras = (walk.limit, walk.offset, walk.cols, walk.reversed or None, node.default)
        if any(extra is not None for extra in extras) or not isinstance(walk.iterable, Path):
            raise Unsupported
        self.count += 1
        name, before = f"v{self.count}", self.locals.get(walk.identifier)
        self.line(depth, f"for {name} in items({self.value(walk.iterable)}, budget):")
        self.locals[walk.identifier] = name
        self.inner(node.block, depth + 1)
        self.locals.pop(walk.identifier)
        if before:
            self.locals[walk.identifier] = before

    def output(self, expression: Expression) -> str:
        if not isinstance(expression, FilteredExpression):
            raise Unsupported
        filters = expression.filters or []
        if [f.name for f in filters] == [TRACKER]:
            safe = "show" if self.env.autoescape else ""
            return f"{safe}(target(keep, {self.value(expression.left)}))"
        value = self.value(expression.left)
        for step in filters:
            if step.args or step.name == TRACKER:
                raise Unsupported
            value = f"{self.constant(FILTERS[step.name])}({value})"
        return f"show({value})"

    def value(self, expression: Expression) -> str:
        if isinstance(expression, Nil):
            return "None"
        if isinstance(expression, Literal):
            value = expression.value
            safe = self.env.autoescape and isinstance(value, str)
            return self.constant(Markup(value) if safe else value)  # noqa: S704 - the author's own literal
        if not isinstance(expression, Path) or not all(isinstance(s, str) for s in expression.path):
            raise Unsupported
        head, *rest = (str(s) for s in expression.path)
        if head in ("forloop", "now", "today"):
            raise Unsupported
        found = self.locals.get(head) or self.heads.setdefault(head, f"g{len(self.heads)}")
        for key in rest:
            step = self.constant(key)
            found = (
                f"member({found}, {step})"
                if key in SPECIAL or found.startswith("(")
                else f"({found}.get({step}) if type({found}) is dict else None)"
            )
        return found

    def condition(self, expression: Expression) -> str:
        if isinstance(expression, BooleanExpression):
            return self.condition(expression.expression)
        if isinstance(expression, LogicalAndExpression):
            return f"({self.condition(expression.left)} and {self.condition(expression.right)})"
        if isinstance(expression, LogicalOrExpression):
            return f"({self.condition(expression.left)} or {self.condition(expression.right)})"
        comparison = "".join(self.comparison(expression))
        return comparison or f"true({self.value(expression)})"

    def comparison(self, expression: Expression) -> Iterator[str]:
        if isinstance(expression, (EqExpression, NeExpression)):
            sides = f"{self.value(expression.left)}, {self.value(expression.right)}"
            yield f"{'not ' if isinstance(expression, NeExpression) else ''}eq({sides})"
        elif isinstance(expression, GtExpression):
            yield f"lt(None, {self.value(expression.right)}, {self.value(expression.left)})"
        elif isinstance(expression, LtExpression):
            yield f"lt(None, {self.value(expression.left)}, {self.value(expression.right)})"
