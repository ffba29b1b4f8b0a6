"""Verdicts into rows: what was decided, and on what it was decided."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, assert_never

import msgspec

from apps.core import db
from apps.core.durations import Duration, format_duration
from apps.core.windows import format_windows
from apps.mail.gate import Allowed, Asked, Held, Refused, Verdict
from apps.stores.caps import format_caps

_HOLD = """
UPDATE mail_message m SET status = 'planned', due_at = t.until, reason = t.reason, verdict = t.verdict,
    token = NULL, lease_until = NULL, claims = 0
FROM unnest(%(ids)s::bigint[], %(untils)s::timestamptz[], %(reasons)s::text[], %(verdicts)s::jsonb[])
    AS t(id, until, reason, verdict)
WHERE m.id = t.id AND m.status = 'claimed' AND m.token = %(token)s
"""

_REFUSE = """
UPDATE mail_message m SET status = 'skipped', due_at = NULL, ended_at = %(at)s, reason = t.reason,
    verdict = t.verdict, token = NULL, lease_until = NULL
FROM unnest(%(ids)s::bigint[], %(reasons)s::text[], %(verdicts)s::jsonb[]) AS t(id, reason, verdict)
WHERE m.id = t.id AND m.status = 'claimed' AND m.token = %(token)s
"""


def write(judged: Iterable[tuple[Asked, Verdict]], *, token: object, at: datetime) -> None:
    """Hold or refuse what may not go now, keeping the verdict with its inputs; only rows still ours."""
    held: list[tuple[int, datetime, str, str]] = []
    refused: list[tuple[int, str, str]] = []
    for asked, verdict in judged:
        match verdict:
            case Allowed():
                continue
            case Held(reason=reason, until=until):
                held.append((asked.id, until, reason.value, explained(asked, verdict, at)))
            case Refused(reason=reason):
                refused.append((asked.id, reason.value, explained(asked, verdict, at)))
            case never:
                assert_never(never)
    _hold(held, token)
    _refuse(refused, token, at)


def _hold(rows: list[tuple[int, datetime, str, str]], token: object) -> None:
    if rows:
        db.run(
            _HOLD,
            {
                "ids": [row[0] for row in rows],
                "untils": [row[1] for row in rows],
                "reasons": [row[2] for row in rows],
                "verdicts": [row[3] for row in rows],
                "token": token,
            },
        )


def _refuse(rows: list[tuple[int, str, str]], token: object, at: datetime) -> None:
    if rows:
        db.run(
            _REFUSE,
            {
                "ids": [row[0] for row in rows],
                "reasons": [row[1] for row in rows],
                "verdicts": [row[2] for row in rows],
                "token": token,
                "at": at,
            },
        )


def explained(asked: Asked, verdict: Verdict, at: datetime) -> str:
    """The verdict as stored: decision, moment and inputs, no name and no address."""
    return msgspec.json.encode({"at": at, "decided": decided(verdict), "inputs": _inputs(asked)}).decode()


def decided(verdict: Verdict) -> dict[str, Any]:
    """The decision in plain words, as it is stored."""
    match verdict:
        case Allowed(basis=basis, until=until):
            return {"verdict": "allowed", "basis": basis, "until": until}
        case Held(reason=reason, until=until):
            return {"verdict": "held", "reason": reason.value, "until": until}
        case Refused(reason=reason, facts=facts):
            return {"verdict": "refused", "reason": reason.value, "facts": facts}
        case never:
            assert_never(never)


def _inputs(asked: Asked) -> dict[str, Any]:
    """Everything `judge` looks at, so that it can be asked again (`rejudging`)."""
    plain: dict[str, Any] = {name: getattr(asked, name) for name in KEPT}
    rules = asked.rules
    age = rules.feed_max_age
    plain["rules"] = {
        "caps": format_caps(rules.caps),
        "feed_max_age": format_duration(None if age is None else Duration.of(age)),
        **format_windows(rules.windows),
    }
    return plain


NAMES: Final = frozenset({"id", "store_id", "customer_id"})
"""Whose it was stands in the message itself."""

KEPT: Final = tuple(
    field.name for field in msgspec.structs.fields(Asked) if field.name not in NAMES and field.name != "rules"
)
