"""The post office of a replay: the gate decides as ever, and what may go counts as gone."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from apps.carts.abandonment import max_age_of
from apps.core import db
from apps.events import kinds
from apps.events.listeners import Told
from apps.flows.simulating.history import Scope
from apps.mail import gate, verdicts
from apps.mail.gate import Allowed, Asked, Held

TOKEN: Final = uuid.UUID(int=1)

_CLAIM: Final = """
UPDATE mail_message m SET status = 'claimed', token = %s
FROM unnest(%s::bigint[], %s::timestamptz[]) AS k(who, at)
WHERE m.customer_id = k.who AND m.status = 'planned' AND m.due_at <= k.at RETURNING m.id
"""

# Its moment is when it came due, not when we got round to it.
_LEAVE: Final = """
UPDATE mail_message m SET status = 'accepted', sending_at = k.at, ended_at = k.at, due_at = NULL, token = NULL,
    lease_until = NULL, reason = '', basis = t.basis, policy_version = t.policy
FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS t(id, basis, policy),
    unnest(%s::bigint[], %s::timestamptz[]) AS k(who, at)
WHERE m.id = t.id AND k.who = m.customer_id
"""


class PostOffice:
    """Takes what is due; remembers what was postponed, and what could not be known."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.postponed: dict[str, set[int]] = {}
        rules = db.rows(f"SELECT rules ->> 'max_age', feed FROM {scope.schema}.stores_store WHERE id = %s",
                        [scope.store_id])[0]  # fmt: skip
        self.max_age = max_age_of(rules[0])
        self.asks_live: bool = rules[1] == "live"
        self.looks = 0

    def is_news(self, event: Told) -> bool:
        """Whether it was told at all: a basket that came in a day late starts nothing."""
        if event.kind != kinds.CART_ABANDONED or self.max_age is None:
            return True
        return event.recorded_at - event.occurred_at <= self.max_age

    def deliver(self, people: dict[int, datetime], at: datetime) -> int:
        """Judge what these people have waiting, each at their own moment; returns how many were due."""
        who, moments = list(people), list(people.values())
        ids = [row[0] for row in db.rows(_CLAIM, [TOKEN, who, moments])]
        if not ids:
            return 0
        judged = gate.judge_all(ids, at)
        verdicts.write(judged.values(), token=TOKEN, at=at)
        leaving = [(asked, verdict) for asked, verdict in judged.values() if isinstance(verdict, Allowed)]
        self._let_go(leaving, who, moments)
        for asked, verdict in judged.values():
            if isinstance(verdict, Held):
                self.postponed.setdefault(verdict.reason.value, set()).add(asked.id)
        return len(ids)

    def _let_go(self, leaving: Sequence[tuple[Asked, Allowed]], who: list[int], moments: list[datetime]) -> None:
        if not leaving:
            return
        self.looks += sum(self.asks_live and asked.since is not None for asked, _ in leaving)
        columns = [
            [asked.id for asked, _ in leaving],
            [allowed.basis for _, allowed in leaving],
            [allowed.policy_version for _, allowed in leaving],
        ]
        db.run(_LEAVE, [*columns, who, moments])
