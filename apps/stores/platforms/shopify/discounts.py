"""An offer as Shopify's discount, and whether the shop made what was asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from apps.stores.errors import AnswerUnreadable
from apps.stores.platforms.calling import CodeWanted
from apps.stores.platforms.shopify import questions
from apps.stores.platforms.shopify.client import Client
from apps.stores.troubles import Trouble

_BASIC: Final = (questions.PARENT_CREATE, "discountCodeBasicCreate")
_SHIPPING: Final = (questions.FREE_SHIPPING_CREATE, "discountCodeFreeShippingCreate")
_HUNDRED: Final = Decimal(100)


def discount(client: Client, wanted: CodeWanted) -> tuple[str, str, dict[str, Any]]:
    """The mutation, the name of its answer, and what it is given."""
    given: dict[str, Any] = {
        "title": wanted.title[:255],
        "code": wanted.code,
        "startsAt": _second(wanted.starts_at),
        "endsAt": _second(wanted.ends_at),
        # Counted per code, not for all codes together (shopify.md 10.1).
        "usageLimit": 1,
        "context": {"all": "ALL"},
        "combinesWith": _combines(wanted),
    }
    if wanted.minimum:
        given["minimumRequirement"] = {"subtotal": {"greaterThanOrEqualToSubtotal": str(wanted.minimum)}}
    if wanted.kind == "free_shipping":
        return *_SHIPPING, given
    return *_BASIC, given | {"customerGets": {"items": _items(wanted), "value": _value(client, wanted)}}


def _second(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _combines(wanted: CodeWanted) -> dict[str, bool]:
    """Two discounts on goods do not add up; one on goods and one on shipping do."""
    goods = wanted.kind == "free_shipping"
    return {"orderDiscounts": goods, "productDiscounts": goods, "shippingDiscounts": not goods}


def _items(wanted: CodeWanted) -> dict[str, Any]:
    if not wanted.products:
        return {"all": True}
    return {"products": {"productsToAdd": [_product(one) for one in wanted.products]}}


def _product(external_id: str) -> str:
    return f"gid://shopify/Product/{external_id}"


def _value(client: Client, wanted: CodeWanted) -> dict[str, Any]:
    match wanted.kind:
        case "percent":
            # A fraction: 0.1 is ten percent.
            return {"percentage": float(wanted.value / _HUNDRED)}
        case "gift":
            # One piece, once: a hundred percent off the product would give away as many as fit in a basket.
            return {"discountAmount": {"amount": str(_dearest(client, wanted)), "appliesOnEachItem": False}}
    return {"discountAmount": {"amount": str(wanted.value), "appliesOnEachItem": False}}


def _dearest(client: Client, wanted: CodeWanted) -> Decimal:
    """What the dearest variant of the given product costs."""
    product = client.ask(questions.DEAREST, id=_product(wanted.products[0]))["product"] if wanted.products else None
    price = ((product or {}).get("priceRangeV2") or {}).get("maxVariantPrice") or {}
    if not price.get("amount"):
        raise AnswerUnreadable(Trouble.CODE_REFUSED, detail="the product given is not in the shop")
    return Decimal(str(price["amount"]))


def differs(given: Mapping[str, Any], wanted: CodeWanted, made: Mapping[str, Any]) -> str:
    """The first thing the shop made otherwise than asked, '' when all is as it should be."""
    checks = {
        "start": _same_moment(made.get("startsAt"), given["startsAt"]),
        "end date": _same_moment(made.get("endsAt"), given["endsAt"]),
        "number of uses": made.get("usageLimit") == 1,
        "minimum": _least(made) == wanted.minimum or (not wanted.minimum and not _least(made)),
    }
    if wanted.kind != "free_shipping":
        checks |= _goods(given["customerGets"], wanted, made.get("customerGets") or {})
    return next((name for name, same in checks.items() if not same), "")


def _goods(given: Mapping[str, Any], wanted: CodeWanted, made: Mapping[str, Any]) -> dict[str, bool]:
    value, items = made.get("value") or {}, made.get("items") or {}
    asked = given["value"]
    products = {one["id"] for one in (items.get("products") or {}).get("nodes") or ()}
    if "percentage" in asked:
        amount = _number(value.get("percentage")) == _number(asked["percentage"])
        return {"amount": amount, "products": products == {_product(one) for one in wanted.products}}
    off = value.get("amount") or {}
    return {
        "amount": _number(off.get("amount")) == _number(asked["discountAmount"]["amount"]),
        "currency": not wanted.currency or off.get("currencyCode") == wanted.currency,
        "amount for each product": value.get("appliesOnEachItem") is False,
        "products": products == {_product(one) for one in wanted.products},
    }


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def _least(made: Mapping[str, Any]) -> Decimal | None:
    least = ((made.get("minimumRequirement") or {}).get("greaterThanOrEqualToSubtotal") or {}).get("amount")
    return _number(least)


def _same_moment(one: str | None, other: str) -> bool:
    return one is not None and datetime.fromisoformat(one) == datetime.fromisoformat(other)
