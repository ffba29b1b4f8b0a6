"""The parts of a template that are the same for every customer of a shop, rendered once.

Header, footer, delivery, returns and colours depend on the shop alone. Before the first mail such
pieces are evaluated with the shop's data and become plain text; what is left for each person is a
few dozen values. The evaluation is python-liquid's own, only earlier; a test holds settled and
unsettled renders equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from liquid import BoundTemplate, Node, RenderContext
from liquid.ast import BlockNode, ConditionalBlockNode
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.case_tag import CaseNode
from liquid.builtin.tags.comment_tag import CommentNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.expression import Expression

from apps.mail.liquid import TRACKER, ascii_only

ROOT = "shop"
PURE = (
    OutputNode,
    IfNode,
    UnlessNode,
    CaseNode,
    BlockNode,
    ConditionalBlockNode,
    ContentNode,
    CommentNode,
)


def settle(template: BoundTemplate, shop: dict[str, Any]) -> BoundTemplate:
    """The template with everything evaluated that only asks for the shop. Changes the template it
    is given.
    """
    nodes = list(_all(template, template.nodes))
    if any(str(name) == ROOT for node in nodes for name in (*node.template_scope(), *node.block_scope())):
        return template
    template.nodes = Settler(template, shop).nodes(template.nodes)
    return template


def _all(template: BoundTemplate, nodes: Iterable[Node]) -> Iterator[Node]:
    context = RenderContext(template)
    for node in nodes:
        yield node
        yield from _all(template, node.children(context))


def fixed_texts(template: BoundTemplate) -> list[str]:
    """The pieces that are the same in every mail."""
    return [node.text for node in _all(template, template.nodes) if isinstance(node, ContentNode)]


class Settler:
    def __init__(self, template: BoundTemplate, shop: dict[str, Any]) -> None:
        self.context = RenderContext(template, globals={ROOT: shop})

    def nodes(self, nodes: list[Node]) -> list[Node]:
        done: list[Node] = []
        for node in nodes:
            for settled in self.node(node):
                if isinstance(settled, ContentNode) and done and isinstance(done[-1], ContentNode):
                    done[-1] = ContentNode(done[-1].token, done[-1].text + settled.text)
                else:
                    done.append(settled)
        return done

    def node(self, node: Node) -> list[Node]:
        if isinstance(node, CommentNode):
            return []
        if isinstance(node, ContentNode):
            return [node]
        if self.settled(node):
            return [ContentNode(node.token, self.rendered(node))]
        if type(node) is IfNode and _asks_shop_only(node.condition):
            return self.branch(node)
        for child in node.children(self.context):
            self.inside(child)
        return [node]

    def branch(self, node: IfNode) -> list[Node]:
        """An `if` about the shop around something about the person: only the branch that holds
        stays.
        """
        if node.condition.evaluate(self.context):
            return self.nodes(node.consequence.nodes)
        if not node.alternatives:
            return self.nodes(node.default.nodes) if node.default else []
        for child in node.children(self.context):
            self.inside(child)
        return [node]

    def inside(self, child: Node) -> None:
        if isinstance(child, ConditionalBlockNode):
            child = child.block
        if isinstance(child, BlockNode):
            child.nodes = self.nodes(child.nodes)

    def settled(self, node: Node) -> bool:
        if not isinstance(node, PURE) or not all(_asks_shop_only(e) for e in node.expressions()):
            return False
        return all(self.settled(child) for child in node.children(self.context))

    def rendered(self, node: Node) -> str:
        buffer = self.context.template._get_buffer()  # noqa: SLF001 - python-liquid has no public name for it
        node.render(self.context, buffer)
        text = buffer.getvalue()
        return ascii_only(text) if self.context.autoescape else text


def _asks_shop_only(expression: Expression) -> bool:
    if isinstance(expression, Path) and expression.path[0] != ROOT:
        return False
    if isinstance(expression, FilteredExpression) and any(f.name == TRACKER for f in expression.filters or ()):
        return False
    return all(_asks_shop_only(child) for child in expression.children())
