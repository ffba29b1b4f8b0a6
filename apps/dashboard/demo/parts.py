"""What WooCommerce's bodies have in common: times, addresses, links, and JSON as PHP writes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

from apps.dashboard.demo.catalogue import TAX, Product
from apps.dashboard.demo.people import Person

HERE: Final = ZoneInfo("Europe/Amsterdam")
CENT: Final = Decimal("0.01")

Lines = tuple[tuple[Product, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The shop's own addresses."""

    url: str
    assets: str


def encoded(value: Any) -> bytes:
    """JSON as PHP writes it."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def address(who: Person, *, billing: bool = True) -> dict[str, str]:
    only_billing = {"email": who.email} if billing else {}
    return only_billing | {
        "first_name": who.first_name,
        "last_name": who.last_name,
        "company": "",
        "address_1": "Dorpsstraat 1",
        "address_2": "",
        "city": who.city,
        "state": "",
        "postcode": "1234 AB",
        "country": "NL",
        "phone": "",
    }


def times(
    created: datetime,
    changed: datetime,
    paid: datetime | None,
    completed: datetime | None,
    *,
    finished: bool = True,
) -> dict[str, Any]:
    moments = {"date_created": created, "date_modified": changed}
    more = {"date_paid": paid, "date_completed": completed} if finished else {}
    return {
        key: value
        for name, at in (moments | more).items()
        for key, value in ((name, at and local(at)), (f"{name}_gmt", at and utc(at)))
    }


def links(place: Place, kind: str, number: int) -> dict[str, Any]:
    base = f"{place.url}/wp-json/wc/v3/{kind}"
    return {"self": [{"href": f"{base}/{number}"}], "collection": [{"href": base}]}


def subtotal(lines: Lines) -> Decimal:
    return sum((one.price * quantity for one, quantity in lines), Decimal("0.00"))


def parted(gross: Decimal) -> tuple[Decimal, Decimal]:
    """Net and tax."""
    net = (gross / (1 + TAX)).quantize(CENT)
    return net, gross - net


def utc(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def local(at: datetime) -> str:
    return at.astimezone(HERE).strftime("%Y-%m-%dT%H:%M:%S")
