"""An order as a mail shows it: its lines, what became of it, and where it can be followed, paid or reviewed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Final

import msgspec
from babel import Locale

from apps.mail import money
from apps.mail.baskets import BasketLine, line_data
from apps.mail.blanks import without_blanks
from apps.mail.links import web_address
from apps.mail.names import clean
from apps.mail.sizes import LINES_SHOWN

LINES_KEPT: Final = 40


class Purchase(msgspec.Struct, frozen=True, kw_only=True):
    """One order. `stage` is the order's own word (orders.Order.Stage) or `delivered`; `pay_url` only while unpaid."""

    number: str
    currency: str
    stage: str = ""
    placed_on: date | None = None
    expected_on: date | None = None
    lines: tuple[BasketLine, ...] = ()
    line_count: int = 0
    """How many there are; `lines` holds at most LINES_KEPT of them."""
    total: Decimal | None = None
    tracking_url: str = ""
    pay_url: str = ""


STAGES: Final = {
    "nl": {
        "unpaid": "nog niet betaald",
        "placed": "ontvangen",
        "paid": "betaald",
        "fulfilled": "verzonden",
        "delivered": "bezorgd",
        "cancelled": "geannuleerd",
        "refunded": "terugbetaald",
    },
    "en": {
        "unpaid": "not paid yet",
        "placed": "received",
        "paid": "paid",
        "fulfilled": "on its way",
        "delivered": "delivered",
        "cancelled": "cancelled",
        "refunded": "refunded",
    },
}


def purchase_data(order: Purchase, locale: str, reader: Locale, *, lines: int = LINES_SHOWN) -> dict[str, Any]:
    """Its words for Liquid; `lines` as few as the basket's when a mail would grow too large."""

    def say(amount: Decimal | None) -> str:
        return "" if amount is None else money.money(amount, order.currency, reader)

    shown = [line_data(line, say, reader) for line in order.lines[:lines]]
    count = max(order.line_count, len(order.lines))
    return without_blanks(
        {
            "number": clean(order.number, 40),
            "status": STAGES.get(locale[:2], STAGES["en"]).get(order.stage, ""),
            "placed_on": money.day(order.placed_on, reader) if order.placed_on else "",
            "expected_on": money.day(order.expected_on, reader) if order.expected_on else "",
            "lines": shown,
            "first": shown[0]["short_name"] if shown else "",
            "count": count,
            "more": max(count - len(shown), 0),
            "has_images": any(line["image"] for line in shown),
            "total": say(order.total),
            "tracking_url": web_address(order.tracking_url),
            "pay_url": web_address(order.pay_url),
        }
    )
