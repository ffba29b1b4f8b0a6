"""What an order is, given everything payloads said of it, in whatever order they came."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from apps.carts.folding import plain_line
from apps.core.addresses import email_key
from apps.core.stamps import stamp
from apps.stores.snapshots import OrderSeen

REAL = frozenset({"placed", "paid", "fulfilled", "refunded"})
"""Stages of an order in the sense of decision 12; a cancelled one only when it was once paid."""

OFFLINE = frozenset({"bacs", "cheque", "cod"})
"""Methods of WooCommerce's own that wait for the shop and not for the buyer."""


class OrderState(msgspec.Struct, kw_only=True):
    """An order's row as the folding knows it."""

    store_id: int
    external_id: str
    id: int | None = None
    modified_stamp: str = ""
    modified_at: datetime | None = None
    number: str = ""
    stage: str = "unpaid"
    status: str = ""
    email_key: str | None = None
    account: str | None = None
    created_at: datetime | None = None
    placed_at: datetime | None = None
    paid_at: datetime | None = None
    fulfilled_at: datetime | None = None
    delivered_at: datetime | None = None
    cancelled_at: datetime | None = None
    currency: str = ""
    total: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    amounts: dict[str, Any] = {}
    codes: list[str] = []
    click: str = ""
    landing: str = ""
    payment_method: str = ""
    pay_url: str = ""
    test: bool = False
    gone_at: datetime | None = None
    lines: list[dict[str, Any]] | None = None
    """None: as stored."""

    @property
    def silences(self) -> bool:
        """A real order: it ends this person's basket mails, also when the shop later bins it."""
        return not self.test and (self.paid_at is not None or self.stage in REAL)

    @property
    def awaits_buyer(self) -> bool:
        """A payment failed, or it is the buyer who has to act (decision 12)."""
        if self.stage != "unpaid" or self.test or self.gone_at is not None or "draft" in self.status:
            return False
        asks = bool(self.pay_url or self.payment_method) and self.payment_method not in OFFLINE
        return self.status == "failed" or asks

    @property
    def counts(self) -> bool:
        """Adds to what the customer spent."""
        if not self.silences or self.gone_at is not None or self.stage in ("cancelled", "refunded"):
            return False
        return self.total == 0 or self.refunded < self.total


def fold(state: OrderState, seen: OrderSeen, arrived_at: datetime) -> None:
    """Take in one payload."""
    at = seen.at or arrived_at
    for name in ("created_at", "paid_at", "fulfilled_at"):
        setattr(state, name, _earliest(getattr(state, name), getattr(seen, name)))
    placed = seen.placed_at or (seen.created_at or at if seen.stage in REAL or seen.paid_at else None)
    state.placed_at = _earliest(state.placed_at, placed)
    state.click = max(state.click, seen.click)
    mark = stamp(at, seen.tie)
    if mark > state.modified_stamp:
        _take(state, seen, at, mark)


def _earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(one, other) if one and other else one or other


def _take(state: OrderState, seen: OrderSeen, at: datetime, mark: str) -> None:
    state.modified_stamp, state.modified_at = mark, at
    state.number, state.stage, state.status = seen.number[:60], seen.stage, seen.status[:60]
    state.email_key = email_key(seen.person.email) if seen.person.email else None
    state.account = seen.person.account
    state.cancelled_at = seen.cancelled_at
    state.currency, state.total = seen.amounts.currency, seen.amounts.total
    state.amounts = msgspec.to_builtins(seen.amounts)
    state.codes = [code[:255] for code in seen.codes]
    state.landing = seen.landing[:2000]
    state.payment_method, state.pay_url = seen.payment_method[:60], seen.pay_url[:2000]
    state.test = seen.test
    state.lines = [plain_line(line) for line in seen.lines]
