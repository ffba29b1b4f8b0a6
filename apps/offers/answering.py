"""What the shop answers about codes, and what that makes of their rows."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, assert_never

import msgspec

from apps.core import db
from apps.offers.spelling import new_code
from apps.stores.errors import ShopTrouble, ShopUnreachable
from apps.stores.platforms.calling import CodeAnswer, CodeMade, CodePending, CodeRefused, CodeWanted
from apps.stores.troubles import Trouble

ASK_ON: Final = timedelta(seconds=10)
PAUSE: Final = timedelta(minutes=5)
NAMES: Final = 5
"""So many names are tried for a code before the shop is believed to refuse them all."""

PASSING: Final = frozenset(
    {
        Trouble.CODE_UNFINISHED, Trouble.UNREACHABLE, Trouble.TIMED_OUT, Trouble.TOO_MANY_REQUESTS, Trouble.SHOP_ERROR,
        Trouble.NOT_JSON, Trouble.CUT_OFF,
    }
)  # fmt: skip
"""Answers about one code of many that say nothing of the code itself: it is asked for again."""


class Making(msgspec.Struct, frozen=True, kw_only=True):
    """One code in hand."""

    id: int
    store_id: int
    platform: str
    code: str
    handle: str
    attempts: int
    kind: str
    prefix: str
    wanted: CodeWanted


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one code's row."""

    id: int
    code: str
    status: str
    due_at: datetime | None
    issued_at: datetime | None = None
    external_id: str = ""
    parent: str = ""
    handle: str = ""
    trouble: str = ""
    detail: str = ""


def outcome(one: Making, answer: CodeAnswer, at: datetime) -> Outcome:
    match answer:
        case CodeMade():
            return Outcome(
                id=one.id, code=one.code, status="issued", due_at=one.wanted.ends_at, issued_at=at,
                external_id=answer.external_id[:120], parent=answer.parent[:120],
            )  # fmt: skip
        case CodePending():
            return Outcome(
                id=one.id, code=one.code, status="issuing", due_at=at + ASK_ON, handle=answer.handle[:300],
                parent=one.wanted.parent,
            )  # fmt: skip
        case CodeRefused(trouble=Trouble.CODE_TAKEN) if one.attempts < NAMES:
            return Outcome(id=one.id, code=new_code(one.prefix), status="wanted", due_at=at)
        case CodeRefused() if answer.trouble in PASSING:
            return later(one, ShopUnreachable(answer.trouble), at)
        case CodeRefused():
            return refused(one, answer.trouble, answer.detail)
        case never:
            assert_never(never)


def refused(one: Making, trouble: Trouble, detail: str) -> Outcome:
    return Outcome(id=one.id, code=one.code, status="refused", due_at=None, trouble=trouble.value, detail=detail[:300])


def later(one: Making, trouble: ShopTrouble, at: datetime, *, status: str = "issuing") -> Outcome:
    """Asked again after a while, until its day is over; the row says what is wrong meanwhile."""
    pause = (trouble.retry_after or PAUSE) * min(one.attempts, 12)
    return Outcome(
        id=one.id, code=one.code, status=status, due_at=at + max(pause, ASK_ON), handle=one.handle,
        parent=one.wanted.parent, trouble=trouble.trouble.value,
    )  # fmt: skip


_WRITE = """
UPDATE offers_code c SET code = t.code, status = t.status, due_at = t.due_at,
    issued_at = coalesce(t.issued_at, c.issued_at), external_id = t.external_id, parent = t.parent,
    handle = t.handle, trouble = t.trouble, detail = t.detail, token = NULL
FROM unnest(%(id)s::bigint[], %(code)s::text[], %(status)s::text[], %(due_at)s::timestamptz[],
    %(issued_at)s::timestamptz[], %(external_id)s::text[], %(parent)s::text[], %(handle)s::text[],
    %(trouble)s::text[], %(detail)s::text[])
    AS t(id, code, status, due_at, issued_at, external_id, parent, handle, trouble, detail)
WHERE c.id = t.id AND c.status = 'issuing' AND c.token = %(token)s
"""
_NAMES_OF = Outcome.__struct_fields__


def write(outcomes: Sequence[Outcome], token: uuid.UUID) -> None:
    """Only what is still in our hands: whoever took over a row after our lease writes it."""
    columns: dict[str, Any] = {name: [getattr(one, name) for one in outcomes] for name in _NAMES_OF}
    db.run(_WRITE, {**columns, "token": token})
