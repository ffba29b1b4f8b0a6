"""Codes are made in the shop: a queue, a batch of one shop at a time.

`issuing` is committed before the shop is asked, and no transaction is open while it answers. Who dies in between
leaves rows whose lease runs out; asking again for the same code is harmless, for a shop has one code of a name.
Credit on an account is money and has no name: it is asked for once, and a doubt stays a doubt.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from django.db import transaction

from apps.core import db
from apps.offers.answering import Making, later, outcome, refused, write
from apps.offers.spelling import normal
from apps.stores.access import access_of, note_answer, note_trouble
from apps.stores.errors import AnswerUnreadable, NotOffered, ShopTrouble
from apps.stores.platforms.base import Platform, platforms
from apps.stores.platforms.calling import Access, CodeAnswer, CodePending, CodeWanted
from apps.stores.shopfacts import links_of
from apps.stores.troubles import Trouble

BATCH: Final = 100
"""What both platforms take at once."""
LEASE: Final = timedelta(minutes=3)
"""Longer than a call with its retries takes."""
SPARE: Final = timedelta(hours=1)
"""A code that ends sooner is in no mail."""

_CLAIM = """
WITH next AS (
    SELECT c.store_id FROM offers_code c JOIN stores_store s ON s.id = c.store_id
    LEFT JOIN stores_connection n ON n.store_id = s.id
    WHERE c.status IN ('wanted', 'issuing') AND c.due_at <= %(at)s AND s.status = 'active'
      AND (n.paused_until IS NULL OR n.paused_until <= %(at)s)
    ORDER BY c.due_at, c.id LIMIT 1
), due AS (
    SELECT c.id FROM offers_code c JOIN next USING (store_id)
    WHERE c.status IN ('wanted', 'issuing') AND c.due_at <= %(at)s
    ORDER BY c.offer_id, c.batch, c.id LIMIT %(limit)s FOR UPDATE OF c SKIP LOCKED
)
UPDATE offers_code c SET status = 'issuing', due_at = %(lease)s, token = %(token)s,
    attempts = c.attempts + (c.handle = '')::int
FROM due, offers_offer f, stores_store s
WHERE c.id = due.id AND f.id = c.offer_id AND s.id = c.store_id
RETURNING c.id, c.store_id, s.platform, c.code, c.handle, c.attempts, c.batch, c.parent, c.given_at, c.ends_at,
    f.kind, f.value, f.currency, f.name, f.minimum, f.products::text, f.prefix,
    (SELECT cu.email FROM customers_customer cu WHERE cu.id = c.customer_id),
    (SELECT k.value FROM customers_customerkey k WHERE k.customer_id = c.customer_id AND k.kind = 'account'
        ORDER BY k.rank DESC, k.stamp DESC, k.id LIMIT 1),
    (SELECT p.parent FROM offers_code p WHERE p.offer_id = c.offer_id AND p.batch = c.batch AND p.parent <> ''
        ORDER BY p.id LIMIT 1)
"""


def issue_due(at: datetime, limit: int = BATCH) -> int:
    """Make a batch of one shop's codes; returns how many were taken in hand."""
    token = uuid.uuid4()
    making = _claim(token, at, limit)
    if making:
        _make(making, token, at)
    return len(making)


def _claim(token: uuid.UUID, at: datetime, limit: int) -> list[Making]:
    with transaction.atomic():
        found = db.rows(_CLAIM, {"at": at, "lease": at + LEASE, "token": token, "limit": limit})
    bound = bool(found) and platforms.get(found[0][2]).binds_address(links_of(found[0][1]))
    return [_making(row, bound=bound) for row in sorted(found, key=lambda row: (row[6], row[0]))]


def _making(row: tuple[Any, ...], *, bound: bool) -> Making:
    """That an offer is for first-time buyers was asked as it was given: no shop can ask it of a code."""
    return Making(
        id=row[0],
        store_id=row[1],
        platform=row[2],
        code=row[3],
        handle=row[4],
        attempts=row[5],
        kind=row[10],
        prefix=row[16],
        wanted=CodeWanted(
            code=row[3],
            kind=row[10],
            value=row[11],
            currency=row[12],
            starts_at=row[8],
            ends_at=row[9],
            title=row[13],
            email=(row[17] or "") if bound else "",
            account=row[18],
            minimum=row[14],
            products=tuple(str(product) for product in msgspec.json.decode(row[15])),
            batch=row[6],
            parent=row[7] or row[19] or "",
        ),
    )


class _Shop(msgspec.Struct, frozen=True, kw_only=True):
    """The shop on the line, with the batch's token and moment."""

    platform: Platform
    access: Access
    token: uuid.UUID
    at: datetime


def _make(making: Sequence[Making], token: uuid.UUID, at: datetime) -> None:
    """Ask the shop, and write what it answered. All are of one store."""
    store_id, platform = making[0].store_id, platforms.get(making[0].platform)
    try:
        access = access_of(store_id)
    except ShopTrouble as trouble:
        write([later(one, trouble, at, status="wanted") for one in making], token)
        return
    shop = _Shop(platform=platform, access=access, token=token, at=at)
    money = [one for one in making if is_money(one.kind, platform)]
    for one in money:
        _give_credit(one, shop)
    rest = [one for one in making if one not in money]
    for ask in (_confirm, _issue):
        group = [one for one in rest if bool(one.handle) == (ask is _confirm)]
        if group:
            _ask(ask, group, shop)


def is_money(kind: str, platform: Platform) -> bool:
    """Whether this offer is put on somebody's account: no code is typed, and nothing can be asked for twice."""
    return kind == "credit" and platform.credit_on_account


def _issue(shop: _Shop, group: Sequence[Making]) -> list[CodeAnswer]:
    return shop.platform.issue(shop.access, [one.wanted for one in group])


def _confirm(shop: _Shop, group: Sequence[Making]) -> list[CodeAnswer]:
    return shop.platform.confirm(shop.access, [CodePending(code=one.code, handle=one.handle) for one in group])


def _ask(ask: Callable[[_Shop, Sequence[Making]], list[CodeAnswer]], group: Sequence[Making], shop: _Shop) -> None:
    """One call for a group. A shop that did not answer is asked again under the same names."""
    try:
        answers = _matched(group, ask(shop, group))
    except NotOffered as told:
        write([refused(one, told.trouble, str(told)) for one in group], shop.token)
    except ShopTrouble as trouble:
        note_trouble(shop.access.store_id, trouble, shop.at)
        write([later(one, trouble, shop.at) for one in group], shop.token)
    else:
        note_answer(shop.access.store_id, shop.at)
        write([outcome(one, answer, shop.at) for one, answer in zip(group, answers, strict=True)], shop.token)


def _matched(group: Sequence[Making], answers: Sequence[CodeAnswer]) -> list[CodeAnswer]:
    """The answers in the order asked. A code we did not ask for is no answer."""
    by_code = {normal(answer.code): answer for answer in answers}
    if len(answers) != len(group) or set(by_code) != {one.code for one in group}:
        raise AnswerUnreadable(Trouble.UNEXPECTED_ANSWER, detail=f"{len(answers)} answers to {len(group)} codes")
    return [by_code[one.code] for one in group]


# --- money on an account --------------------------------------------------------------------------

_GUARD = "INSERT INTO offers_creditgiven (code_id, asked_at) VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING code_id"


def _give_credit(one: Making, shop: _Shop) -> None:
    """Once, whatever happens. The guard is committed before the shop is asked; a doubt is never a second gift."""
    if one.handle:
        _ask(_confirm, [one], shop)
        return
    if not db.rows(_GUARD, [one.id, shop.at]):
        write([refused(one, Trouble.CREDIT_IN_DOUBT, "")], shop.token)
        return
    try:
        answer = _matched([one], _issue(shop, [one]))[0]
    except ShopTrouble as trouble:
        note_trouble(shop.access.store_id, trouble, shop.at)
        if trouble.trouble in _NOT_DONE:
            db.run("DELETE FROM offers_creditgiven WHERE code_id = %s", [one.id])
            write([later(one, trouble, shop.at, status="wanted")], shop.token)
        else:
            write([refused(one, Trouble.CREDIT_IN_DOUBT, str(trouble))], shop.token)
    else:
        write([outcome(one, answer, shop.at)], shop.token)


_NOT_DONE: Final = frozenset(
    {
        Trouble.TOO_MANY_REQUESTS, Trouble.NO_KEYS, Trouble.KEYS_REFUSED, Trouble.KEYS_READ_ONLY, Trouble.SCOPE_MISSING,
        Trouble.PROTECTED_DATA, Trouble.OTHER_ORGANISATION, Trouble.APP_NOT_INSTALLED, Trouble.SHOP_CLOSED,
        Trouble.UNINSTALLED, Trouble.ADDRESS_FORBIDDEN, Trouble.NOT_HTTPS, Trouble.NOT_OFFERED,
    }
)  # fmt: skip
"""Answers with which the shop certainly gave nothing."""


# --- what the mail asks ----------------------------------------------------------------------------

State = Literal["usable", "coming", "none"]
_STATES = """
SELECT id, CASE WHEN ends_at <= %(spare)s THEN 'none' WHEN status = 'issued' THEN 'usable'
    WHEN status IN ('wanted', 'issuing') THEN 'coming' ELSE 'none' END
FROM offers_code WHERE id = ANY(%(ids)s::bigint[])
"""


def states(codes: Sequence[int], at: datetime) -> dict[int, State]:
    """Whether each code may be mailed now, may still come, or will not: then the mail goes without an offer."""
    found = db.rows(_STATES, {"ids": list(codes), "spare": at + SPARE})
    return {row[0]: row[1] for row in found}


def usable(code: int, at: datetime) -> bool:
    """Whether this code may be mailed: the shop has it, and it lasts longer than an hour."""
    return states([code], at).get(code) == "usable"
