"""What shops sent, when a person asks for a copy or is forgotten; and how long it is kept.

The exact bytes are looked through for the person. What is about nobody else goes whole; out of a companion's
batch only the person's own events go, so that nobody else's news is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import msgspec

from apps.core import db, retention
from apps.core.following import Erasing, Following, follow, keeping, staying
from apps.customers.erasure import spelled, written
from apps.orders.following import HIS, his

LOOK = 500
"""Deliveries looked through at a time: bodies may be megabytes."""


class Traces(msgspec.Struct, frozen=True, kw_only=True):
    """What gives a person away in bytes from outside: addresses in lower case, and ids."""

    addresses: tuple[str, ...]
    accounts: frozenset[str]
    orders: frozenset[str]

    def are_in(self, value: Any, topic: str) -> bool:
        """Whether a decoded payload is about the person; text where it could not be decoded."""
        return self._addressed_by(value) or self._numbered_by(value, topic)

    def _addressed_by(self, value: Any) -> bool:
        # The whole address: bob's is not jimbob's, and example.com is not example.com.au.
        whole = "|".join(re.escape(address) for address in self.addresses)
        wanted = re.compile(rf"(?<![\w.+-])(?:{whole})(?![\w-]|\.\w)")
        texts = (text.lower() for text in _texts(value))
        return bool(whole) and any(wanted.search(text) or wanted.search(unquote(text)) for text in texts)

    def _numbered_by(self, value: Any, topic: str) -> bool:
        """Numbers are short and mean many things: only in the places where ids stand."""
        if isinstance(value, dict):
            own = str(value.get("id", ""))
            if topic.startswith("order") and own in self.orders:
                return True
            if topic.startswith("customer") and own in self.accounts:
                return True
        return any(
            (name == "order_id" and number in self.orders)
            or (name in {"customer_id", "user_id", "customer"} and number in self.accounts)
            for name, number in _ids(value)
        )


def _ids(value: Any) -> Iterator[tuple[str, str]]:
    """Every id in a payload, with the name it has there."""
    match value:
        case dict():
            for name, inner in value.items():
                if isinstance(inner, dict) and "id" in inner:
                    yield name, str(inner["id"])
                if isinstance(inner, (dict, list)):
                    yield from _ids(inner)
                else:
                    yield name, str(inner)
        case list():
            for inner in value:
                yield from _ids(inner)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for name, inner in value.items():
                yield str(name)
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)


def _traces(who: Erasing) -> Traces:
    known = db.rows(f"SELECT o.external_id FROM orders_order o WHERE {HIS}", his(who))
    return Traces(
        addresses=tuple(sorted({text for key in who.addresses for text in written(key)})),
        accounts=frozenset(who.accounts),
        orders=frozenset({*who.orders, *(row[0] for row in known)}),
    )


# A first, coarse look where the bytes are. `escape` leaves ASCII as it is and never fails, whatever the bytes.
_LOOK = """
SELECT d.id, d.topic, d.received_at, d.size, lower(d.headers::text || d.reason) ~ %(coarse)s,
    CASE WHEN lower(encode(b.data, 'escape')) ~ %(coarse)s THEN b.data END
FROM (
    SELECT * FROM ingestion_delivery WHERE store_id = %(store)s AND id > %(after)s ORDER BY id LIMIT %(limit)s
) AS d LEFT JOIN ingestion_deliverybody b ON b.delivery_id = d.id ORDER BY d.id
"""


class Found(msgspec.Struct, frozen=True):
    """A delivery that names the person, and what is left of its body without them (b'': nothing)."""

    id: int
    topic: str
    received_at: datetime
    size: int
    in_row: bool
    left: bytes | None
    """None: the body does not name them."""


def _coarse(traces: Traces) -> str:
    found = sorted({text for address in traces.addresses for text in spelled(address)})
    texts = [re.escape(_escaped(text.encode())) for text in found]
    numbers = [re.escape(number) for number in sorted(traces.accounts | traces.orders)]
    return "|".join([*texts, *(f"\\m{number}\\M" for number in numbers)])


def _escaped(data: bytes) -> str:
    """As PostgreSQL's `encode(…, 'escape')` writes bytes."""
    return "".join("\\\\" if byte == 0x5C else chr(byte) if 0 < byte < 0x80 else f"\\{byte:03o}" for byte in data)


def _deliveries(store_id: int, traces: Traces) -> Iterator[Found]:
    """Every delivery of this store in which the person is named."""
    after, coarse = 0, _coarse(traces)
    while coarse:
        values = {"store": store_id, "after": after, "limit": LOOK, "coarse": coarse}
        looked = db.rows(_LOOK, values)
        if not looked:
            return
        after = looked[-1][0]
        for number, topic, received_at, size, in_row, data in looked:
            left = None if data is None else _without(bytes(data), topic, traces)
            if in_row or left is not None:
                yield Found(number, topic, received_at, size, in_row, left)


def _without(body: bytes, topic: str, traces: Traces) -> bytes | None:
    """The body without the events that name the person; None when it does not name them after all."""
    if not traces.are_in(_decoded(body), topic):
        return None
    try:
        batch = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        events = msgspec.json.decode(batch.get("events", b""), type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return b""
    kept = [event for event in events if not _is_about(bytes(event), traces)]
    return msgspec.json.encode({**batch, "events": kept}) if kept else b""


def _is_about(event: bytes, traces: Traces) -> bool:
    value = _decoded(event)
    topic = str(value.get("topic", "")) if isinstance(value, dict) else ""
    return traces.are_in(value, topic)


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return body.decode("utf-8", "replace")


_EMPTIED = """
UPDATE ingestion_delivery SET state = 'done', due_at = NULL, reason = 'erased'
WHERE id = ANY(%s::bigint[]) AND state = 'waiting'
"""


def _erase(who: Erasing) -> None:
    """The rows stay: they keep a late repetition out. What still waits and is about this person is done with."""
    if who.whole_shop:
        _erase_shop(who)
        return
    found = list(_deliveries(who.store_id, _traces(who)))
    rows = [item.id for item in found if item.in_row]
    db.run(
        "UPDATE ingestion_delivery SET headers = '{}', reason = '' WHERE id = ANY(%s::bigint[])",
        [rows],
    )
    emptied = [item.id for item in found if item.left == b""]
    db.run("DELETE FROM ingestion_deliverybody WHERE delivery_id = ANY(%s::bigint[])", [emptied])
    db.run(_EMPTIED, [emptied])
    for item in found:
        if item.left:
            db.run(
                "UPDATE ingestion_deliverybody SET data = %s WHERE delivery_id = %s",
                [item.left, item.id],
            )


_SHOP = """
UPDATE ingestion_delivery SET headers = '{}', reason = 'erased', due_at = NULL,
    state = CASE state WHEN 'waiting' THEN 'done' ELSE state END
WHERE store_id = %s AND (state = 'waiting' OR reason <> 'erased')
"""


def _erase_shop(who: Erasing) -> None:
    """All its persons go: nothing that came from it needs to be looked through."""
    for table in ("deliverybody", "quarantine"):
        db.run(
            f"DELETE FROM ingestion_{table} b USING ingestion_delivery d"
            " WHERE d.id = b.delivery_id AND d.store_id = %s",
            [who.store_id],
        )
    db.run(_SHOP, [who.store_id])


def _erase_quarantine(who: Erasing) -> None:
    coarse = _coarse(_traces(who))
    if coarse:
        db.run(
            "UPDATE ingestion_quarantine q SET reason = '' FROM ingestion_delivery d"
            " WHERE d.id = q.delivery_id AND d.store_id = %s AND lower(q.reason) ~ %s",
            [who.store_id, coarse],
        )


_WHO = """
SELECT c.store_id, c.email_key, (SELECT array_agg(k.value ORDER BY k.value) FROM customers_customerkey k
    WHERE k.customer_id = c.id AND k.kind = 'account')
FROM customers_customer c WHERE c.id = %s
"""


def _export(customer_id: int) -> list[dict[str, Any]]:
    """When what arrived, not the bytes: a batch speaks of others too, and all of it stands in the other tables."""
    store_id, key, accounts = db.rows(_WHO, [customer_id])[0]
    who = Erasing(
        store_id=store_id,
        at=datetime.fromtimestamp(0, UTC),
        customers=(customer_id,),
        addresses=(key,) if key else (),
        accounts=tuple(accounts or ()),
    )
    found = _deliveries(store_id, _traces(who))
    return [{"received_at": d.received_at.isoformat(), "topic": d.topic, "size": d.size} for d in found]


def _nothing(_customer_id: int) -> list[dict[str, Any]]:
    """No copy of its own."""
    return []


follow(Following(model="ingestion.Delivery", move=staying, export=_export, erase=_erase))
follow(Following(model="ingestion.DeliveryBody", move=staying, export=_nothing, erase=keeping))
follow(Following(model="ingestion.Quarantine", move=staying, export=_nothing, erase=_erase_quarantine))

# Deliveries are numbered as they come in: the lowest numbers are the oldest. Nothing that waits is ever dropped.
_OLD_BODIES = """
DELETE FROM ingestion_deliverybody WHERE delivery_id IN (
    SELECT d.id FROM (SELECT delivery_id FROM ingestion_deliverybody ORDER BY delivery_id LIMIT %(limit)s) AS b
    JOIN ingestion_delivery d ON d.id = b.delivery_id
    WHERE d.received_at < %(before)s AND d.state <> 'waiting')
"""

_OLD_ROWS = """
SELECT id FROM (SELECT id, received_at, state FROM ingestion_delivery ORDER BY id LIMIT %(limit)s) AS d
WHERE received_at < %(before)s AND state <> 'waiting'
"""


@retention.rule("delivery bodies", keep="14 days")
def _bodies(before: datetime, limit: int) -> int:
    return db.run(_OLD_BODIES, {"before": before, "limit": limit})


@retention.rule("deliveries", keep="90 days")
def _rows(before: datetime, limit: int) -> int:
    """With the row goes its key against repetition."""
    old = [row[0] for row in db.rows(_OLD_ROWS, {"before": before, "limit": limit})]
    for table in ("deliverybody", "quarantine"):
        db.run(f"DELETE FROM ingestion_{table} WHERE delivery_id = ANY(%s::bigint[])", [old])
    return db.run("DELETE FROM ingestion_delivery WHERE id = ANY(%s::bigint[])", [old])


@retention.rule("tombstones", keep="90 days")
def _tombstones(before: datetime, limit: int) -> int:
    return db.run(
        "DELETE FROM ingestion_tombstone WHERE id IN"
        " (SELECT id FROM ingestion_tombstone WHERE at < %s ORDER BY id LIMIT %s)",
        [before, limit],
    )
