"""The Liquid a shop's template may use: few tags, few filters, plain dicts, hard limits.

Rules of reliability.md 3.2 and decision 24: autoescape in HTML, no include, render or file loader,
nothing that grows text without bound. Publishing is strict (an unknown name is an error); sending
is lenient.
"""

from __future__ import annotations

import html
import itertools
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import quote

from liquid import Environment, Node, RenderContext, StrictUndefined, Undefined
from liquid.builtin.content import Literal
from liquid.builtin.illegal import Illegal
from liquid.builtin.output import Output
from liquid.builtin.tags.assign_tag import AssignTag
from liquid.builtin.tags.capture_tag import CaptureTag
from liquid.builtin.tags.case_tag import CaseTag
from liquid.builtin.tags.comment_tag import CommentTag
from liquid.builtin.tags.for_tag import BreakTag, ContinueTag, ForTag
from liquid.builtin.tags.if_tag import IfTag
from liquid.builtin.tags.unless_tag import UnlessTag
from liquid.exceptions import LiquidSyntaxError
from liquid.filter import with_context
from liquid.stream import TokenStream
from liquid.tag import Tag
from liquid.token import TOKEN_EXPRESSION, TOKEN_TAG, Token
from markupsafe import Markup

from apps.mail import sizes
from apps.mail.links import web_address

TRACKER = "track"


class BlockReference(Node):
    """`{% block items %}` in an author's source; expanded before a mail is compiled."""

    __slots__ = ("name",)

    def __init__(self, token: Token, name: str) -> None:
        super().__init__(token)
        self.name = name
        self.blank = False

    def render_to_output(self, context: RenderContext, buffer: Any) -> int:  # noqa: ARG002
        return 0


class BlockTag(Tag):
    name = "block"
    block = False

    def parse(self, stream: TokenStream) -> Node:
        token = stream.eat(TOKEN_TAG)
        if stream.current.kind != TOKEN_EXPRESSION:
            raise LiquidSyntaxError(f"{self.name} needs a name, such as {{% {self.name} items %}}", token=token)
        return BlockReference(token, stream.current.value.strip())


class NeedsTag(BlockTag):
    """`{% needs lines %}`: without these the mail is not sent; taken out before a mail is compiled."""

    name = "needs"


class Mailing(Environment):
    """One environment of three: HTML (escaped), text, and the strict ones used while publishing."""

    block_nesting_limit = sizes.NESTING_LIMIT
    context_depth_limit = sizes.NESTING_LIMIT
    loop_iteration_limit = sizes.LOOP_LIMIT
    local_namespace_limit = sizes.NAMESPACE_LIMIT
    output_stream_limit = sizes.OUTPUT_LIMIT

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:  # noqa: ARG002
        tags = (
            Literal, Output, Illegal, AssignTag, BreakTag, CaptureTag, CaseTag, CommentTag,
            ContinueTag, ForTag, IfTag, UnlessTag, BlockTag, NeedsTag,
        )  # fmt: skip
        for tag in tags:
            self.add_tag(tag)
        self.filters.update(FILTERS)


def ascii_only(markup: str) -> str:
    """HTML in which every sign beyond ASCII is a character reference.

    Nothing on the way can spoil it, and Python joins it four times as fast.
    """
    if markup.isascii():
        return markup
    return markup.encode("ascii", "xmlcharrefreplace").decode("ascii")


def bounded(text: object) -> str:
    """A value as text, never longer than a long paragraph."""
    if text is None or isinstance(text, Undefined):
        return ""
    if isinstance(text, (str, int, float)):
        return str(text)[: sizes.VALUE_LIMIT]
    return ""


def _default(value: object, instead: object = "") -> object:
    return value if value not in (None, "", False) and not isinstance(value, Undefined) else instead


def _truncated(value: object, length: object = 50) -> str:
    text, most = bounded(value), max(int(length) if isinstance(length, int) else 50, 1)
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def _replaced(value: object, old: object, new: object = "") -> str:
    # Markup in, text out: whoever prints it has it escaped again.
    text, sought = str(bounded(value)), bounded(old)
    return "".join(itertools.islice(text.replace(sought, bounded(new), 50), sizes.VALUE_LIMIT)) if sought else text


def _joined(value: object, between: object = ", ") -> str:
    words = value[:100] if isinstance(value, (list, tuple)) else []
    return bounded(between).join(bounded(w)[:200] for w in words)[: sizes.VALUE_LIMIT]


def _dated(value: object, pattern: object = "%d-%m-%Y") -> str:
    shape = bounded(pattern)[:40]
    return value.strftime(shape) if isinstance(value, date) and shape.count("%") <= 8 else bounded(value)


def _size(value: object) -> int:
    return len(value) if isinstance(value, (str, list, tuple, dict)) else 0


@with_context
def _tracked(value: object, *, context: RenderContext) -> Markup:
    """The address that stands in the mail for a target; the render keeps who leads where."""
    target = web_address(html.unescape(value) if isinstance(value, Markup) else value)
    keep: Callable[[str], str] | None = context.globals.get(TRACKER)  # type: ignore[assignment]
    shown = keep(target) if keep and target else target
    return Markup(html.escape(shown) if context.autoescape else shown)  # noqa: S704 - escaped just here


def _web(value: object) -> str:
    return web_address(html.unescape(value) if isinstance(value, Markup) else value)


FILTERS: dict[str, Callable[..., Any]] = {
    "append": lambda value, more="": (bounded(value) + bounded(more))[: sizes.VALUE_LIMIT],
    "capitalize": lambda value: bounded(value)[:1].upper() + bounded(value)[1:],
    "date": _dated,
    "default": _default,
    "downcase": lambda value: bounded(value).lower(),
    "first": lambda value: value[0] if isinstance(value, (list, tuple)) and value else "",
    "join": _joined,
    "money": bounded,
    "replace": _replaced,
    "size": _size,
    "strip": lambda value: bounded(value).strip(),
    "truncate": _truncated,
    "upcase": lambda value: bounded(value).upper(),
    "url": _web,
    "url_encode": lambda value: quote(bounded(value), safe=""),
    TRACKER: _tracked,
}

HTML = Mailing(autoescape=True)
TEXT = Mailing(autoescape=False)
STRICT_HTML = Mailing(autoescape=True, undefined=StrictUndefined)
STRICT_TEXT = Mailing(autoescape=False, undefined=StrictUndefined)
