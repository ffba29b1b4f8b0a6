"""Baskets into rows, a batch at a time. The caller holds the lock of every store in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec

from apps.carts.folding import CartState, begin, fold, fold_gone, join
from apps.core import db
from apps.customers import identity
from apps.customers.identity import People
from apps.stores.snapshots import CartGone, CartSeen

Key = tuple[int, str, str]
"""(store, kind, value)"""


CartMover = Callable[[int, int], None]
"""(kept, gone): point what refers to the one basket at the other, in the caller's transaction."""

_on_join: list[CartMover] = []


def on_join(mover: CartMover) -> CartMover:
    """Floors above say how their rows follow when two baskets turn out to be one."""
    _on_join.append(mover)
    return mover


class CartNews(msgspec.Struct, frozen=True, kw_only=True):
    """One snapshot of a basket on its way in."""

    store_id: int
    arrived_at: datetime
    seen: CartSeen | CartGone


_KNOWN = """
SELECT k.store_id, k.kind, k.value, k.cart_id FROM carts_cartkey k
JOIN unnest(%s::bigint[], %s::text[], %s::text[]) AS t(store_id, kind, value) USING (store_id, kind, value)
"""

_COLUMNS = (
    "started_at, last_activity_at, reached_checkout, content_stamp, person_stamp, email, email_key, account,"
    " locale, currency, total, amounts::text, lines::text, recovery_url, unmailable, completed_at, gone_at"
)


class Baskets:
    """The baskets of one batch: rows loaded once, folded in memory, written once."""

    def __init__(self, news: Sequence[CartNews]) -> None:
        self.places: dict[Key, CartState] = {}
        self.fresh: list[Key] = []
        self.gone: list[int] = []
        self._load(news)

    def _load(self, news: Sequence[CartNews]) -> None:
        keys = sorted({key for item in news for key in keys_of(item)})
        found = db.rows(_KNOWN, [[k[0] for k in keys], [k[1] for k in keys], [k[2] for k in keys]])
        states = _states({row[3]: row[0] for row in found})
        for store_id, kind, value, cart_id in found:
            self.places[(store_id, kind, value)] = states[cart_id]

    def take(self, item: CartNews) -> None:
        """Fold one snapshot into the basket its keys name, joining baskets that turn out to be one."""
        keys = keys_of(item)
        known = _distinct(self.places[key] for key in keys if key in self.places)
        state = known[0] if known else begin(item.store_id, item.seen.at or item.arrived_at)
        for other in known[1:]:
            self._join(state, other)
        for key in keys:
            if key not in self.places:
                self.fresh.append(key)
            self.places[key] = state
        if isinstance(item.seen, CartSeen):
            fold(state, item.seen, item.arrived_at)
        else:
            fold_gone(state, item.seen, item.arrived_at)

    def _join(self, into: CartState, other: CartState) -> None:
        join(into, other)
        if into.id is None:
            into.id, other.id = other.id, None
        if other.id is not None:
            self.gone.append(other.id)
            self.places.update({key: into for key, state in self.places.items() if state is other})
            self._move_keys(into, other)
            return
        self.places.update({key: into for key, state in self.places.items() if state is other})

    def _move_keys(self, into: CartState, other: CartState) -> None:
        """The stored keys of the other row, also those this batch did not name, and what floors above hold."""
        assert into.id is not None
        assert other.id is not None
        db.run("UPDATE carts_cartkey SET cart_id = %s WHERE cart_id = %s", [into.id, other.id])
        for mover in _on_join:
            mover(into.id, other.id)

    def states(self) -> list[CartState]:
        return _distinct(self.places.values())

    def write(self, people: People) -> list[int]:
        """Insert and update, keys included; returns the ids of all touched baskets."""
        states = self.states()
        identity.complete(people, [(state.store_id, state.email_key, state.account) for state in states])
        fresh = [state for state in states if state.id is None]
        known = [state for state in states if state.id is not None]
        _insert(fresh, people)
        _update(known, people)
        self._write_keys()
        db.run("DELETE FROM carts_cart WHERE id = ANY(%s::bigint[])", [self.gone])
        return sorted(state.id for state in states if state.id is not None)

    def _write_keys(self) -> None:
        keys = sorted(set(self.fresh))
        db.run(
            "INSERT INTO carts_cartkey (store_id, kind, value, cart_id)"
            " SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::bigint[])",
            [
                [key[0] for key in keys],
                [key[1] for key in keys],
                [key[2] for key in keys],
                [self.places[key].id for key in keys],
            ],
        )


def keys_of(item: CartNews) -> list[Key]:
    """All names of the basket, in a fixed order."""
    return sorted({(item.store_id, kind, value[:255]) for kind, value in item.seen.keys if value})


_WRITING_TO = """
SELECT DISTINCT c.customer_id FROM carts_cart c
JOIN unnest(%s::bigint[], %s::text[]) AS t(store_id, account) USING (store_id, account)
WHERE c.customer_id IS NOT NULL
"""


def writing_to(people: People) -> list[int]:
    """Whom baskets of these accounts write to: an order by the account silences them, whoever it belongs to.

    A shopper who is logged in may have typed another address beside the basket.
    """
    accounts = sorted(people.by_account)
    if not accounts:
        return []
    found = db.rows(_WRITING_TO, [[place[0] for place in accounts], [place[1] for place in accounts]])
    return [row[0] for row in found]


def record(news: Sequence[CartNews], people: People) -> list[int]:
    """Record a batch; returns the ids of the baskets it touched."""
    news = [item for item in news if keys_of(item)]
    if not news:
        return []
    baskets = Baskets(news)
    for item in news:
        baskets.take(item)
    return baskets.write(people)


def _distinct(states: Iterable[CartState]) -> list[CartState]:
    return list({id(state): state for state in states}.values())


def _states(stores: dict[int, int]) -> dict[int, CartState]:
    """Rows as states, locked in key order."""
    found = db.rows(
        f"SELECT id, {_COLUMNS} FROM carts_cart WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE",
        [sorted(stores)],
    )
    return {row[0]: _state(stores[row[0]], row) for row in found}


def _state(store_id: int, row: tuple) -> CartState:  # type: ignore[type-arg]
    names = [name.strip().split("::")[0] for name in _COLUMNS.split(",")]
    values = dict(zip(names, row[1:], strict=True))
    values["amounts"] = msgspec.json.decode(values["amounts"])
    values["lines"] = msgspec.json.decode(values["lines"])
    return CartState(store_id=store_id, id=row[0], **values)


_ROWS = """unnest(%(ids)s::bigint[], %(stores)s::bigint[], %(customers)s::bigint[], %(started)s::timestamptz[],
    %(active)s::timestamptz[], %(checkout)s::boolean[], %(content)s::text[], %(person)s::text[],
    %(emails)s::text[], %(keys)s::text[], %(accounts)s::text[], %(locales)s::text[], %(currencies)s::text[],
    %(totals)s::numeric[], %(amounts)s::jsonb[], %(lines)s::jsonb[], %(urls)s::text[], %(unmailable)s::text[],
    %(completed)s::timestamptz[], %(gone)s::timestamptz[])
    AS t(id, store_id, customer_id, started_at, last_activity_at, reached_checkout, content_stamp, person_stamp,
    email, email_key, account, locale, currency, total, amounts, lines, recovery_url, unmailable, completed_at,
    gone_at)"""

_NAMES = (
    "store_id, customer_id, started_at, last_activity_at, reached_checkout, content_stamp, person_stamp, email,"
    " email_key, account, locale, currency, total, amounts, lines, recovery_url, unmailable, completed_at, gone_at"
)


# Most new baskets are active and wait: written so at once, the settling afterwards finds nothing to change.
_INSERT = f"""
INSERT INTO carts_cart (id, {_NAMES}, status, due_at)
SELECT t.id, {", ".join("t." + name.strip() for name in _NAMES.split(","))}, 'active',
    t.last_activity_at + s.abandon_after
FROM {_ROWS} JOIN stores_store s ON s.id = t.store_id
"""


def _params(states: Sequence[CartState], people: People) -> dict[str, object]:
    return {
        "ids": [state.id for state in states],
        "stores": [state.store_id for state in states],
        "customers": [people.to_write_to(s.store_id, s.email_key, s.account) for s in states],
        "started": [state.started_at for state in states],
        "active": [state.last_activity_at for state in states],
        "checkout": [state.reached_checkout for state in states],
        "content": [state.content_stamp for state in states],
        "person": [state.person_stamp for state in states],
        "emails": [state.email for state in states],
        "keys": [state.email_key for state in states],
        "accounts": [state.account for state in states],
        "locales": [state.locale for state in states],
        "currencies": [state.currency for state in states],
        "totals": [state.total for state in states],
        "amounts": [msgspec.json.encode(state.amounts).decode() for state in states],
        "lines": [msgspec.json.encode(state.lines).decode() for state in states],
        "urls": [state.recovery_url for state in states],
        "unmailable": [state.unmailable for state in states],
        "completed": [state.completed_at for state in states],
        "gone": [state.gone_at for state in states],
    }


def _insert(states: Sequence[CartState], people: People) -> None:
    if not states:
        return
    for state, number in zip(states, db.numbers("carts_cart", len(states)), strict=True):
        state.id = number
    db.run(_INSERT, _params(states, people))


def _update(states: Sequence[CartState], people: People) -> None:
    if not states:
        return
    sets = ", ".join(f"{name.strip()} = t.{name.strip()}" for name in _NAMES.split(",")[1:])
    db.run(f"UPDATE carts_cart c SET {sets} FROM {_ROWS} WHERE c.id = t.id", _params(states, people))
