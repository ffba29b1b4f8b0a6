"""Codes in a WooCommerce shop: made, compared with what was asked, taken back (woocommerce.md 2.6).

The shop accepts what it does not understand and drops it in silence: an expiry under the wrong name never expires, an
address it cannot read restricts nobody. So each answer is held against its question, and a code that differs is deleted
before anybody hears of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from apps.stores.errors import ShopTrouble
from apps.stores.platforms.calling import Access, CodeAnswer, CodeMade, CodePending, CodeRefused, CodeWanted
from apps.stores.platforms.woocommerce.client import Shop
from apps.stores.troubles import Trouble

AT_ONCE: Final = 100
REF: Final = "_mandje_ref"
TAKEN: Final = "woocommerce_rest_coupon_code_already_exists"
_MONEY: Final = ("amount", "credit")
# As strict as WordPress, which takes out what it does not like and would bind the code to somebody else; a star would
# bind it to everybody.
_ADDRESS: Final = re.compile(
    r"[A-Za-z0-9!#$%&'+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'+/=?^_`{|}~-]+)*@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
)
_CODE: Final = re.compile(r"[A-Za-z0-9_-]{1,50}")
_WORD: Final = re.compile(r"[A-Za-z0-9_.-]{1,80}")


def issue(access: Access, wanted: Sequence[CodeWanted]) -> list[CodeAnswer]:
    """One answer for each, in order. Asked again after a lost answer, a code of ours that is as asked counts as made.

    Raises ShopTrouble when the shop cannot be asked; ask again with the same codes then.
    """
    shop = Shop(access)
    answers: dict[int, CodeAnswer] = {}
    askable = []
    currency = _currency(shop) if any(one.kind in _MONEY or one.minimum for one in wanted) else ""
    for number, one in enumerate(wanted):
        if (why := _cannot(one, currency)) is not None:
            answers[number] = why
        else:
            askable.append(number)
    for first in range(0, len(askable), AT_ONCE):
        numbers = askable[first : first + AT_ONCE]
        made = _made(shop, [_body(wanted[number]) for number in numbers])
        for number, answer in zip(numbers, made, strict=True):
            answers[number] = _judged(shop, wanted[number], answer)
    return [answers[number] for number in range(len(wanted))]


def confirm(pending: Sequence[CodePending]) -> list[CodeAnswer]:
    """WooCommerce makes codes at once: one that is still asked for is not being made."""
    return [CodeRefused(code=one.code, trouble=Trouble.CODE_UNFINISHED) for one in pending]


def withdraw(access: Access, made: Sequence[CodeMade]) -> list[CodeRefused]:
    """Deletes for good what nobody used; a code in the bin would keep its name, one that is gone is gone."""
    shop, kept = Shop(access), list[CodeRefused]()
    ours = [one for one in made if one.external_id.isascii() and one.external_id.isdigit()]
    for first in range(0, len(ours), AT_ONCE):
        kept += _withdrawn(shop, ours[first : first + AT_ONCE])
    return kept


# --- asking ---


def _cannot(one: CodeWanted, currency: str) -> CodeRefused | None:
    """What this shop could not enforce is not made: the mail would promise something else."""
    refused: tuple[Trouble, str] | None = None
    if one.first_order_only:
        refused = (Trouble.NOT_OFFERED, "first order only")
    elif (one.kind in _MONEY or one.minimum) and one.currency != currency:
        refused = (Trouble.CODE_DIFFERS, "currency")
    elif one.email and not _ADDRESS.fullmatch(one.email):
        refused = (Trouble.CODE_DIFFERS, "email_restrictions")
    elif (one.kind == "gift" and len(one.products) != 1) or not all(_is_id(product) for product in one.products):
        refused = (Trouble.CODE_REFUSED, "products")
    elif not _CODE.fullmatch(one.code):
        refused = (Trouble.CODE_REFUSED, "code")
    return None if refused is None else CodeRefused(code=one.code, trouble=refused[0], detail=refused[1])


def _is_id(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 19


def _currency(shop: Shop) -> str:
    told = shop.read("data/currencies/current", _fields="code").json()
    return str(told.get("code", "")) if isinstance(told, dict) else ""


def _body(one: CodeWanted) -> dict[str, Any]:
    """The coupon: a gift is one piece of its product for nothing, credit an amount without a minimum.

    WooCommerce knows no beginning: a code works as soon as it is there, and nobody has it before the mail.
    """
    value = {"gift": Decimal(100), "free_shipping": Decimal(0)}.get(one.kind, one.value)
    minimum = one.minimum if one.kind != "credit" else None
    body: dict[str, Any] = {
        "code": one.code,
        "discount_type": "percent" if one.kind in ("percent", "gift") else "fixed_cart",
        "amount": f"{value:f}",
        "free_shipping": one.kind == "free_shipping",
        "individual_use": False,
        "usage_limit": 1,
        "usage_limit_per_user": 1,
        # In UTC and says so. Never `date_expires_gmt`: that one is ignored, and the code would live for ever.
        "date_expires": _ends(one).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "minimum_amount": f"{minimum or Decimal(0):f}",
        "product_ids": [int(product) for product in one.products],
        "description": one.title[:200],
        "meta_data": [{"key": REF, "value": _ref(one)}],
    }
    if one.email:
        body["email_restrictions"] = [one.email.lower()]
    if one.kind == "gift":
        body["limit_usage_to_x_items"] = 1
    return body


def _ref(one: CodeWanted) -> str:
    return one.batch or one.code


def _ends(one: CodeWanted) -> datetime:
    return one.ends_at.astimezone(UTC).replace(microsecond=0)


def _made(shop: Shop, bodies: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The shop's answer to each; {} where it said nothing of one."""
    told = shop.write("POST", "coupons/batch", {"create": bodies}).json()
    made = told.get("create") if isinstance(told, dict) else None
    rows = [one if isinstance(one, dict) else {} for one in made] if isinstance(made, list) else []
    if len(rows) == len(bodies):
        return rows
    by_code = {str(one.get("code", "")).lower(): one for one in rows}
    return [by_code.get(body["code"].lower(), {}) for body in bodies]


# --- judging ---


def _judged(shop: Shop, one: CodeWanted, answer: dict[str, Any]) -> CodeAnswer:
    error = answer.get("error")
    if isinstance(error, dict) or not _number(answer):
        code = str(error.get("code", "")) if isinstance(error, dict) else "no answer"
        if code == TAKEN or not isinstance(error, dict):
            return _ours_already(shop, one)
        return CodeRefused(code=one.code, trouble=Trouble.CODE_REFUSED, detail=code if _WORD.fullmatch(code) else "?")
    field = difference(one, answer)
    if field is None:
        return CodeMade(code=one.code, external_id=_number(answer))
    _delete(shop, _number(answer))
    return CodeRefused(code=one.code, trouble=Trouble.CODE_DIFFERS, detail=field)


def _ours_already(shop: Shop, one: CodeWanted) -> CodeAnswer:
    """The code is taken: by ourselves, when the answer to our first question was lost."""
    told = shop.read("coupons", code=one.code).json()
    found = [row for row in told if isinstance(row, dict)] if isinstance(told, list) else []
    for row in found:
        if row.get("usage_count") == 0 and difference(one, row) is None:
            return CodeMade(code=one.code, external_id=_number(row))
    return CodeRefused(code=one.code, trouble=Trouble.CODE_TAKEN)


def difference(one: CodeWanted, answer: dict[str, Any]) -> str | None:
    """The first field in which the shop's coupon is not the one that was asked for."""
    asked = _body(one)
    for field, told in _told(answer):
        wanted = {
            "code": one.code.lower(),
            "date_expires": _ends(one),
            "email_restrictions": [one.email.lower()] if one.email else [],
            "limit_usage_to_x_items": asked.get("limit_usage_to_x_items"),
            REF: _ref(one),
        }.get(field, asked.get(field, _NOTHING_ELSE.get(field)))
        if field in ("amount", "minimum_amount"):
            wanted = Decimal(asked[field])
        if told != wanted:
            return field
    return None


# Conditions nobody asked for: a plugin that adds one makes the mail a lie.
_NOTHING_ELSE: Final[dict[str, Any]] = {
    "status": "publish",
    "maximum_amount": Decimal(0),
    "excluded_product_ids": [],
    "product_categories": [],
    "excluded_product_categories": [],
    "exclude_sale_items": False,
}


def _told(answer: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The fields that matter, as the shop states them."""
    yield "code", str(answer.get("code", "")).lower()
    for field in ("discount_type", "free_shipping", "individual_use", "usage_limit", "usage_limit_per_user"):
        yield field, answer.get(field)
    for field in ("amount", "minimum_amount", "maximum_amount"):
        yield field, _decimal(answer.get(field))
    yield "date_expires", _moment(answer.get("date_expires_gmt"))
    yield "email_restrictions", [str(one).lower() for one in _listed(answer.get("email_restrictions"))]
    yield "product_ids", _listed(answer.get("product_ids"))
    yield "limit_usage_to_x_items", answer.get("limit_usage_to_x_items") or None
    for field in ("excluded_product_ids", "product_categories", "excluded_product_categories"):
        yield field, _listed(answer.get(field))
    yield "exclude_sale_items", bool(answer.get("exclude_sale_items"))
    yield "status", answer.get("status", "publish")
    metas = _listed(answer.get("meta_data"))
    yield REF, next((one.get("value") for one in metas if isinstance(one, dict) and one.get("key") == REF), None)


def _listed(value: Any) -> list[Any]:
    """PHP writes a list with gaps as an object."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _decimal(value: Any) -> Decimal | None:
    try:
        return Decimal(str(value or 0))
    except InvalidOperation:
        return None


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    except (TypeError, ValueError):
        return None


def _number(answer: dict[str, Any]) -> str:
    number = answer.get("id")
    return str(number) if isinstance(number, int) and not isinstance(number, bool) and number > 0 else ""


# --- taking back ---


def _delete(shop: Shop, number: str) -> None:
    """For good. What goes wrong here is not worse than a code that nobody was told of."""
    try:
        shop.write("DELETE", f"coupons/{number}", force="true")
    except ShopTrouble:
        return


def _withdrawn(shop: Shop, made: Sequence[CodeMade]) -> list[CodeRefused]:
    wanted = {int(one.external_id): one for one in made}
    told = shop.read(
        "coupons", include=",".join(map(str, wanted)), per_page=AT_ONCE, _fields="id,code,usage_count"
    ).json()
    kept, going = [], []
    for row in _listed(told):
        number = int(_number(row) or 0) if isinstance(row, dict) else 0
        if number not in wanted or str(row.get("code")).lower() != wanted[number].code.lower():
            # Not there any more, or not ours.
            continue
        if row.get("usage_count") == 0:
            going.append(number)
        else:
            kept.append(CodeRefused(code=wanted[number].code, trouble=Trouble.CODE_REFUSED, detail="used"))
    return [*kept, *(_deleted(shop, wanted, going) if going else ())]


def _deleted(shop: Shop, wanted: dict[int, CodeMade], going: Sequence[int]) -> list[CodeRefused]:
    told = shop.write("POST", "coupons/batch", {"delete": going}).json()
    rows = told.get("delete") if isinstance(told, dict) else None
    kept = []
    for row in rows if isinstance(rows, list) else ():
        error = row.get("error") if isinstance(row, dict) else None
        code = str(error.get("code", "")) if isinstance(error, dict) else ""
        number = _number(row) if isinstance(row, dict) else ""
        if code and not code.endswith("_invalid_id") and number and int(number) in wanted:
            why = code if _WORD.fullmatch(code) else "?"
            kept.append(CodeRefused(code=wanted[int(number)].code, trouble=Trouble.CODE_REFUSED, detail=why))
    return kept
