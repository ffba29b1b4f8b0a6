"""Years of orders, people and products: the shop writes a file, and we read it line by line (shopify.md 8).

The cursor holds which operation and up to which byte its file was read, so a process that dies goes on there. Never
more than one page is held in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from apps.stores import network
from apps.stores.errors import AddressForbidden, AnswerUnreadable, Ignored, ShopUnreachable, Unreadable
from apps.stores.platforms.base import ShopFacts
from apps.stores.platforms.calling import Access, Noun, Page
from apps.stores.platforms.shopify import fetching, nodes, questions
from apps.stores.platforms.shopify.client import Client
from apps.stores.platforms.shopify.refusals import objections, told
from apps.stores.platforms.shopify.shapes import Node
from apps.stores.snapshots import Snapshot
from apps.stores.troubles import Trouble

PAGE: Final = 2_000
"""Things a page; with their lines inside them."""
LOOK_AGAIN: Final = timedelta(seconds=30)
OTHERS_RUN: Final = timedelta(minutes=2)
_HOSTS: Final = (".googleapis.com", ".shopify.com", ".shopifycloud.com", ".shopifycdn.com")
_BUSY: Final = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})
MOST_SCATTERED: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One noun's question in bulk, and what is inside its nodes."""

    noun: Noun
    question: str
    read: Callable[[Node, ShopFacts], list[Snapshot]]
    inner: str = ""


SHEETS: Final[Mapping[str, Sheet]] = {
    "orders": Sheet(noun="orders", question=questions.BULK_ORDERS, read=nodes.order, inner="lineItems"),
    "customers": Sheet(noun="customers", question=questions.BULK_CUSTOMERS, read=nodes.customer),
    "products": Sheet(noun="products", question=questions.BULK_PRODUCTS, read=nodes.product, inner="variants"),
}


class Place(msgspec.Struct, frozen=True):
    """Which operation, and up to which byte its file was read."""

    operation: str = ""
    byte: int = 0


def backfill(client: Client, shop: ShopFacts, what: Noun, *, since: datetime | None, cursor: str) -> Page:
    """Ask for the file, wait for it, read a page of it. Raises ShopTrouble."""
    place = msgspec.json.decode(cursor, type=Place) if cursor else Place()
    if not place.operation:
        return _begun(client, SHEETS[what], since)
    operation = client.ask(questions.BULK_STATE, id=place.operation)["bulkOperation"]
    if not operation or operation.get("status") in ("EXPIRED", "CANCELED", "CANCELING"):
        # A file lives for seven days: what was read of it was recorded, and reading it twice does no harm.
        return _begun(client, SHEETS[what], since)
    if operation["status"] in ("CREATED", "RUNNING"):
        return Page(cursor=cursor, pause=LOOK_AGAIN)
    address = operation.get("url") or operation.get("partialDataUrl")
    if not address:
        _must_have_ended(client, operation)
        return Page()
    return _page(_Reading(client, SHEETS[what], shop, operation), place, address)


def _begun(client: Client, sheet: Sheet, since: datetime | None) -> Page:
    question = sheet.question % (f"updated_at:>='{fetching.second(since)}'" if since else "")
    payload = client.change(questions.BULK_RUN, query=question)["bulkOperationRunQuery"] or {}
    wrong = objections(payload)
    if any(one.get("code") in _BUSY or "already in progress" in str(one.get("message")) for one in wrong):
        return Page(pause=OTHERS_RUN)
    operation = payload.get("bulkOperation")
    if wrong or not operation:
        raise AnswerUnreadable(Trouble.UNEXPECTED_ANSWER, detail=told(wrong) or "no bulk operation")
    return Page(cursor=_cursor(Place(operation=operation["id"])), pause=timedelta(seconds=5))


def _cursor(place: Place) -> str:
    return msgspec.json.encode(place).decode()


def _must_have_ended(client: Client, operation: Mapping[str, Any]) -> None:
    if operation["status"] != "COMPLETED":
        raise ShopUnreachable(
            Trouble.SHOP_ERROR,
            host=urlsplit(client.base).hostname or "",
            status=f"bulk {operation.get('errorCode') or operation['status']}",
            retry_after=timedelta(minutes=5),
        )


@dataclass(frozen=True, slots=True)
class _Reading:
    """Whose file it is, and what is in it."""

    client: Client
    sheet: Sheet
    shop: ShopFacts
    operation: Mapping[str, Any]


def _page(of: _Reading, place: Place, address: str) -> Page:
    """Read on from where we were."""
    seen: list[Snapshot] = []
    scattered: dict[str, None] = {}
    byte = place.byte
    for count, group in enumerate(_groups(_lines(of.client.access, address, place.byte), of.sheet.inner), 1):
        seen += _read(of.sheet, group.node, of.shop)
        byte = group.end
        scattered |= dict.fromkeys(group.strays)
        if count == PAGE or len(scattered) >= MOST_SCATTERED:
            seen += _asked_again(of, scattered)
            onward = _cursor(Place(operation=place.operation, byte=byte))
            return Page(seen=tuple(seen), cursor=onward, total=_total(of.operation))
    seen += _asked_again(of, scattered)
    if byte == place.byte or of.operation["status"] == "COMPLETED":
        _must_have_ended(of.client, of.operation)
        return Page(seen=tuple(seen), total=_total(of.operation))
    # Failed half way: keep what there is, and say so when it has been taken in.
    return Page(seen=tuple(seen), cursor=_cursor(Place(operation=place.operation, byte=byte)))


def _asked_again(of: _Reading, scattered: Iterable[str]) -> list[Snapshot]:
    """Things whose lines did not stand with them, each whole: what is asked now outweighs what a file told."""
    return [
        one
        for parent in scattered
        for one in fetching.one(of.client, of.shop, of.sheet.noun, parent.rpartition("/")[2])
    ]


def _total(operation: Mapping[str, Any]) -> int | None:
    count = str(operation.get("rootObjectCount") or "")
    return int(count) if count.isdigit() and operation["status"] == "COMPLETED" else None


def _lines(access: Access, address: str, start: int) -> Iterator[tuple[bytes, int]]:
    """The file's lines. It lies with the shop's storage, which is given no key."""
    host = urlsplit(address).hostname or ""
    if not access.loopback and (urlsplit(address).scheme != "https" or not f".{host}".endswith(_HOSTS)):
        raise AddressForbidden(Trouble.ADDRESS_FORBIDDEN, host=host)
    with network.session(loopback=access.loopback) as plain:
        yield from network.stream_lines(plain, address, loopback=access.loopback, start=start)


@dataclass(slots=True)
class Group:
    """One thing with what belongs to it, the byte after it, and whose lines stood there without their owner."""

    node: dict[str, Any] = field(default_factory=dict)
    end: int = 0
    strays: list[str] = field(default_factory=list)


def _groups(lines: Iterator[tuple[bytes, int]], inner: str) -> Iterator[Group]:
    """We ask for children right after their parent: a file of another order would have to be held whole."""
    group = Group()
    for raw, end in lines:
        line = _decoded(raw)
        parent = line.get("__parentId")
        if parent is None:
            if group.end:
                yield group
            group = Group(node=line)
        elif parent == group.node.get("id"):
            group.node.setdefault(inner, {"nodes": []})["nodes"].append(line)
        else:
            group.strays.append(str(parent))
        group.end = end
    if group.end:
        yield group


def _decoded(raw: bytes) -> dict[str, Any]:
    try:
        line = msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        raise ShopUnreachable(Trouble.CUT_OFF, retry_after=timedelta(minutes=1)) from None
    return line if isinstance(line, dict) else {}


def _read(sheet: Sheet, node: Node, shop: ShopFacts) -> list[Snapshot]:
    try:
        return sheet.read(node, shop) if node else []
    except (Unreadable, Ignored):
        return []
