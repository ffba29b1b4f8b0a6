"""Shopify leaves fields out: what an app may not see, what a version dropped. Each in turn, at any depth."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.stores.errors import Ignored, Unreadable
from apps.stores.platforms.shopify import nodes
from apps.stores.snapshots import OrderSeen
from tests.stores.platforms.shopify_calls import FACTS

RECORDED = Path(__file__).resolve().parents[3] / "fixtures/shopify/graphql"
READERS = {
    "recovered": nodes.order, "cancelled": nodes.order, "product": nodes.product, "checkout": nodes.basket,
}  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every field stands, those inside lists too."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in inside:
        yield (*path, name)
        yield from places(inner, (*path, name))


@pytest.mark.parametrize("name", sorted(READERS))
@pytest.mark.parametrize("left", ["missing", "null"])
def test_any_field_may_be_missing_or_null(name: str, left: str) -> None:
    whole = json.loads((RECORDED / f"node.{name}.json").read_text("utf-8"))
    node = whole.get("node", whole)
    assert READERS[name](node, FACTS)

    for place in places(node):
        broken = copy.deepcopy(node)
        holder = broken
        for step in place[:-1]:
            holder = holder[step]
        if left == "missing":
            del holder[place[-1]]
        else:
            holder[place[-1]] = None
        try:
            seen = READERS[name](broken, FACTS)
        except (Unreadable, Ignored):
            continue
        # Whatever is still an order has kept its name: nothing joins an order without one.
        assert all(one.external_id for one in seen if isinstance(one, OrderSeen)), place
