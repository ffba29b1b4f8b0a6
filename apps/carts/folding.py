"""What a basket is, given everything payloads said of it, in whatever order they came.

`fold` is commutative and idempotent: each group of facts follows its own newest stamp, facts that only go one
way only go that way. Nothing here knows a database or a clock.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from apps.core.addresses import email_key
from apps.core.stamps import stamp
from apps.stores.snapshots import CartGone, CartSeen, Line

MAX_LINES = 500


class CartState(msgspec.Struct, kw_only=True):
    """A basket's row as the folding knows it."""

    store_id: int
    id: int | None = None
    started_at: datetime
    last_activity_at: datetime
    reached_checkout: bool = False
    content_stamp: str = ""
    person_stamp: str = ""
    email: str | None = None
    email_key: str | None = None
    account: str | None = None
    locale: str = ""
    currency: str = ""
    total: Decimal | None = None
    amounts: dict[str, Any] = {}
    lines: list[dict[str, Any]] = []
    recovery_url: str = ""
    unmailable: str = ""
    completed_at: datetime | None = None
    gone_at: datetime | None = None

    @property
    def is_empty(self) -> bool:
        """Nothing in it, or the shop threw it away after the last change."""
        if self.content_stamp and not self.lines:
            return True
        return self.gone_at is not None and self.gone_at >= self.last_activity_at


def begin(store_id: int, at: datetime) -> CartState:
    """A basket of which nothing is known yet."""
    return CartState(store_id=store_id, started_at=at, last_activity_at=at)


def fold(state: CartState, seen: CartSeen, arrived_at: datetime) -> None:
    """Take in one payload; `arrived_at` stands in where the platform named no time."""
    at = seen.at or arrived_at
    state.started_at = min(state.started_at, seen.created_at or at, at)
    state.last_activity_at = max(state.last_activity_at, at)
    state.reached_checkout = state.reached_checkout or seen.reached_checkout
    state.unmailable = max(state.unmailable, seen.unmailable)
    state.completed_at = _earliest(state.completed_at, seen.completed_at)
    mark = stamp(at, seen.tie)
    if mark > state.content_stamp:
        _take_content(state, seen, mark)
    if seen.person is not None and mark > state.person_stamp:
        _take_person(state, seen, mark)


def fold_gone(state: CartState, gone: CartGone, arrived_at: datetime) -> None:
    """The shop deleted it, perhaps before we heard that it existed."""
    at = gone.at or arrived_at
    state.started_at = min(state.started_at, at)
    state.last_activity_at = max(state.last_activity_at, at)
    state.gone_at = max(state.gone_at, at) if state.gone_at else at


def join(into: CartState, other: CartState) -> None:
    """Two rows turn out to be one basket: each group keeps the newer."""
    into.started_at = min(into.started_at, other.started_at)
    into.last_activity_at = max(into.last_activity_at, other.last_activity_at)
    into.reached_checkout = into.reached_checkout or other.reached_checkout
    into.unmailable = max(into.unmailable, other.unmailable)
    into.completed_at = _earliest(into.completed_at, other.completed_at)
    if other.gone_at:
        into.gone_at = max(into.gone_at, other.gone_at) if into.gone_at else other.gone_at
    if other.content_stamp > into.content_stamp:
        for name in ("content_stamp", "currency", "total", "amounts", "lines"):
            setattr(into, name, getattr(other, name))
    if other.person_stamp > into.person_stamp:
        for name in ("person_stamp", "email", "email_key", "account", "locale", "recovery_url"):
            setattr(into, name, getattr(other, name))


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(one, other) if one and other else one or other


def _take_content(state: CartState, seen: CartSeen, mark: str) -> None:
    state.content_stamp = mark
    state.lines = [plain_line(line) for line in seen.lines[:MAX_LINES]]
    if seen.amounts is not None:
        state.amounts = msgspec.to_builtins(seen.amounts)
        state.currency = seen.amounts.currency
        state.total = seen.amounts.total
    else:
        # An emptied cart names no currency, and keeps none that another payload happened to name before.
        state.amounts, state.currency = {}, ""
        state.total = sum((line.total for line in seen.lines), Decimal(0))


def _take_person(state: CartState, seen: CartSeen, mark: str) -> None:
    person = seen.person
    assert person is not None
    state.person_stamp = mark
    state.email = person.email
    state.email_key = email_key(person.email) if person.email else None
    state.account = person.account
    state.locale = (person.locale or "")[:20]
    state.recovery_url = seen.recovery_url


def plain_line(line: Line) -> dict[str, Any]:
    """A line as JSON: amounts as text, so that nothing is rounded on the way."""
    plain: dict[str, Any] = msgspec.to_builtins(line)
    return plain


def line_of(plain: dict[str, Any]) -> Line:
    """The other way."""
    return msgspec.convert(plain, Line, strict=False)
