"""Store credit: money, given once. Shopify does not know whether it was asked twice (shopify.md 10.3).

The account's newest transactions are read before a credit is given. When the answer does not come, nothing is repeated:
what came on top of them says later whether it was given.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

from apps.stores.errors import ShopTrouble
from apps.stores.platforms.calling import CodeAnswer, CodeMade, CodePending, CodeRefused, CodeWanted
from apps.stores.platforms.shopify import questions
from apps.stores.platforms.shopify.client import Client
from apps.stores.platforms.shopify.refusals import objections, told
from apps.stores.troubles import Trouble

SETTLED: Final = timedelta(minutes=5)
"""A credit that is not there so long after it was asked for was not given."""
_NOTHING_DONE: Final = frozenset(
    {
        Trouble.TOO_MANY_REQUESTS, Trouble.KEYS_REFUSED, Trouble.SCOPE_MISSING, Trouble.SHOP_CLOSED,
        Trouble.PROTECTED_DATA, Trouble.NO_API_HERE,
    }
)  # fmt: skip


class Handle(msgspec.Struct, frozen=True, tag="credit"):
    """A credit of which we do not know whether it was given, and how to tell it from others."""

    customer: str
    amount: str
    currency: str
    expires: str
    asked_at: str
    before: tuple[str, ...]
    """The transactions that were there already."""


def give(client: Client, wanted: CodeWanted) -> CodeAnswer:
    """Give it. Never a second time: what is not known is pending."""
    if not wanted.account or not wanted.account.isdigit():
        return CodeRefused(code=wanted.code, trouble=Trouble.CODE_REFUSED, detail="store credit needs an account")
    customer = f"gid://shopify/Customer/{wanted.account}"
    before = client.ask(questions.CREDITS_GIVEN, id=customer)
    handle = Handle(
        customer=customer,
        amount=str(wanted.value),
        currency=wanted.currency,
        expires=wanted.ends_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        asked_at=(before.at or wanted.starts_at).isoformat(),
        before=tuple(one["id"] for one in _given(before["customer"])),
    )
    money = {"amount": handle.amount, "currencyCode": handle.currency}
    credit = {"creditAmount": money, "expiresAt": handle.expires, "notify": False}
    try:
        payload = client.change(questions.CREDIT, id=customer, credit=credit)["storeCreditAccountCredit"] or {}
    except ShopTrouble as trouble:
        if trouble.trouble in _NOTHING_DONE:
            raise
        return CodePending(code=wanted.code, handle=msgspec.json.encode(handle).decode())
    if wrong := objections(payload):
        return CodeRefused(code=wanted.code, trouble=Trouble.CODE_REFUSED, detail=told(wrong))
    made = payload.get("storeCreditAccountTransaction") or {}
    return CodeMade(code=wanted.code, external_id=made["id"], parent=(made.get("account") or {}).get("id", ""))


def confirm(client: Client, pending: CodePending, handle: Handle) -> CodeAnswer:
    """Whether it was given after all: read from the account, never tried again."""
    answer = client.ask(questions.CREDITS_GIVEN, id=handle.customer)
    for one in _given(answer["customer"]):
        if one["id"] not in handle.before and _is(one, handle):
            return CodeMade(code=pending.code, external_id=one["id"], parent=one["account"])
    if answer.at is not None and answer.at - datetime.fromisoformat(handle.asked_at) < SETTLED:
        return pending
    return CodeRefused(code=pending.code, trouble=Trouble.CODE_REFUSED, detail="the credit was not given")


def _given(customer: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Credits of all accounts, newest first, each with its account's id."""
    accounts = ((customer or {}).get("storeCreditAccounts") or {}).get("nodes") or ()
    return [
        {**one, "account": account["id"]} for account in accounts for one in account["transactions"]["nodes"] if one
    ]


def _is(one: Mapping[str, Any], handle: Handle) -> bool:
    money = one["amount"]
    return (
        Decimal(str(money["amount"])) == Decimal(handle.amount)
        and money["currencyCode"] == handle.currency
        and _moment(one.get("expiresAt")) == _moment(handle.expires)
    )


def _moment(value: str | None) -> datetime | None:
    return datetime.fromisoformat(value) if value else None
