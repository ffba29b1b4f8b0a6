"""What changed in a shop since a moment, one thing as it is now, and the last look before a mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from apps.stores.errors import Ignored, NotOffered, ShopTrouble, Unreadable
from apps.stores.platforms.base import ShopFacts
from apps.stores.platforms.calling import LookedFor, Noun, Page
from apps.stores.platforms.shopify import nodes, questions
from apps.stores.platforms.shopify.client import Answered, Client
from apps.stores.platforms.shopify.refusals import TooDear
from apps.stores.platforms.shopify.shapes import Node, listed
from apps.stores.snapshots import Snapshot
from apps.stores.troubles import Trouble

MOST_BASKETS: Final = 20
MOST_PAGES: Final = 40
_LINES: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where one noun is read, and by how many at once to begin with."""

    root: str
    question: str
    read: Callable[[Node, ShopFacts], list[Snapshot]]
    first: int
    inner: str = ""
    """What is inside of it, a page of its own."""
    more: str = ""
    gid: str = ""
    by_id: str = ""


SOURCES: Final[Mapping[str, Source]] = {
    "orders": Source(
        root="orders", question=questions.ORDERS, read=nodes.order, first=15, inner="lineItems",
        more=questions.MORE_ORDER_LINES, gid="Order", by_id=questions.ORDER_BY_ID,
    ),
    "customers": Source(
        root="customers", question=questions.CUSTOMERS, read=nodes.customer, first=100,
        gid="Customer", by_id=questions.CUSTOMER_BY_ID,
    ),
    "products": Source(
        root="products", question=questions.PRODUCTS, read=nodes.product, first=20, inner="variants",
        more=questions.MORE_VARIANTS, gid="Product", by_id=questions.PRODUCT_BY_ID,
    ),
    "baskets": Source(root="abandonedCheckouts", question=questions.BASKETS, read=nodes.basket, first=25),
}  # fmt: skip


_AFFORDABLE: Final[dict[str, int]] = {}
"""How many at once a shop would answer: the price of a question is the same in all."""


class Place(msgspec.Struct, frozen=True):
    """How far we are. `size`: how many at once turned out to be affordable."""

    after: str | None = None
    size: int = 0


def fetch(client: Client, shop: ShopFacts, what: Noun, *, since: datetime | None, cursor: str) -> Page:
    """One page of what changed, oldest change first; of baskets oldest first."""
    source = _source(what)
    place = msgspec.json.decode(cursor, type=Place) if cursor else Place()
    query = f"updated_at:>='{second(since)}'" if since else None
    answer, size = _affordable(client, source, query, place)
    connection = answer[source.root] or {}
    found = [_whole(client, source, node) for node in listed(connection)]
    if what == "baskets":
        found = _with_links(client, found, query, place.after, size)
    turn = connection.get("pageInfo") or {}
    onward = Place(after=turn.get("endCursor"), size=size) if turn.get("hasNextPage") else None
    return Page(
        seen=tuple(_read(source, found, shop)),
        cursor=msgspec.json.encode(onward).decode() if onward else "",
        asked_at=answer.at,
    )


def one(client: Client, shop: ShopFacts, what: Noun, external_id: str) -> list[Snapshot]:
    """One order, customer or product as it is now. A single abandoned checkout cannot be asked for."""
    source = _source(what)
    if not source.by_id:
        raise NotOffered(Trouble.NOT_OFFERED, platform="Shopify", what=f"one of {what}")
    if not external_id.isdigit():
        return []
    inside = {"lines": 50} if source.inner else {}
    answer = client.ask(source.by_id, id=f"gid://shopify/{source.gid}/{external_id}", **inside)
    node = answer[source.gid.lower()]
    return list(_read(source, [_whole(client, source, node)], shop)) if node else []


def _source(what: Noun) -> Source:
    if what not in SOURCES:
        raise NotOffered(Trouble.NOT_OFFERED, platform="Shopify", what=what)
    return SOURCES[what]


def second(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _affordable(client: Client, source: Source, query: str | None, place: Place) -> tuple[Answered, int]:
    """The page, with fewer at once when the shop finds the question too dear (shopify.md 8)."""
    size = min(place.size or _AFFORDABLE.get(source.root, source.first), 250)
    inside = {"lines": _LINES} if source.inner or source.root == "abandonedCheckouts" else {}
    while True:
        try:
            return client.ask(source.question, first=size, after=place.after, query=query, **inside), size
        except TooDear as dear:
            if size == 1:
                raise
            size = _AFFORDABLE[source.root] = max(1, min(size - 1, int(size * dear.share * 0.95)))


def _whole(client: Client, source: Source, node: Node) -> Node:
    """With all that is inside of it, however much that is."""
    if not source.inner or not node.get(source.inner):
        return node
    inside, turn = list(listed(node[source.inner])), node[source.inner].get("pageInfo") or {}
    for _ in range(MOST_PAGES):
        if not turn.get("hasNextPage"):
            break
        more = client.ask(source.more, id=node["id"], after=turn.get("endCursor"))[source.gid.lower()] or {}
        connection = more.get(source.inner) or {}
        inside += listed(connection)
        turn = connection.get("pageInfo") or {}
    return {**node, source.inner: {"nodes": inside}}


def _with_links(client: Client, found: Sequence[Node], query: str | None, after: str | None, size: int) -> list[Node]:
    """The recovery links are asked apart, so that their refusal costs nothing but them."""
    if not found:
        return []
    try:
        answer = client.ask(questions.BASKET_LINKS, first=size, after=after, query=query)
    except ShopTrouble as trouble:
        if trouble.trouble not in (Trouble.PROTECTED_DATA, Trouble.SCOPE_MISSING):
            raise
        return list(found)
    links = {one["id"]: one.get("abandonedCheckoutUrl") for one in listed(answer["abandonedCheckouts"])}
    return [{**one, "abandonedCheckoutUrl": links.get(one["id"])} for one in found]


def _read(source: Source, found: Sequence[Node], shop: ShopFacts) -> Iterator[Snapshot]:
    """What can be read; one bad thing takes no good one along."""
    for node in found:
        try:
            yield from source.read(node, shop)
        except (Unreadable, Ignored):
            continue


# --- the last look ---


def look(client: Client, shop: ShopFacts, baskets: Sequence[LookedFor], *, since: datetime) -> list[Snapshot]:
    """Orders of these baskets and people, and whatever else was ordered or changed since we last heard."""
    if not baskets:
        return []
    queries = [
        query
        for start in range(0, len(baskets), MOST_BASKETS)
        if (query := _query(baskets[start : start + MOST_BASKETS]))
    ]
    queries.append(f"updated_at:>='{second(since)}'")
    found = {str(node["id"]): node for query in queries for node in _all(client, query)}
    return list(_read(SOURCES["orders"], list(found.values()), shop))


def _all(client: Client, query: str) -> Iterator[Node]:
    source, place = SOURCES["orders"], Place()
    for _ in range(MOST_PAGES):
        answer, size = _affordable(client, source, query, place)
        connection = answer["orders"] or {}
        yield from (_whole(client, source, node) for node in listed(connection))
        turn = connection.get("pageInfo") or {}
        if not turn.get("hasNextPage"):
            return
        place = Place(after=turn.get("endCursor"), size=size)


_TOKENS: Final = {"checkout": "checkout_token", "cart": "cart_token"}


def _query(baskets: Sequence[LookedFor]) -> str:
    """`(checkout_token:"…" OR email:"…") updated_at:>='…'`; what is not known asks for nothing."""
    terms: dict[str, None] = {}
    for basket in baskets:
        for kind, value in basket.keys:
            if kind in _TOKENS and value:
                terms[f"{_TOKENS[kind]}:{_quoted(value)}"] = None
        if basket.account and basket.account.isdigit():
            terms[f"customer_id:{basket.account}"] = None
        if basket.email:
            terms[f"email:{_quoted(basket.email)}"] = None
    earliest = min(basket.since for basket in baskets)
    return f"({' OR '.join(terms)}) updated_at:>='{second(earliest)}'" if terms else ""


def _quoted(value: str) -> str:
    """Search text in which nothing has a meaning of its own."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
