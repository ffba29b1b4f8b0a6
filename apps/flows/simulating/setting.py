"""Setting the stage: the shop, its people and the flows that are tried, before the clock starts."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from apps.core import db
from apps.flows.definition import Definition
from apps.flows.simulating import history, stage
from apps.flows.simulating.history import Scope


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """A plan to replay. `flow_id` is the shop's own flow of that name; None: it has none."""

    plan: Definition
    flow_id: int | None = None

    @property
    def slug(self) -> str:
        return self.plan.flow

    @property
    def gives(self) -> bool:
        """Whether any step of it gives an offer."""
        return "give_offer" in json.dumps(self.plan.plain()["steps"])


_STORE: Final = """
INSERT INTO stores_store OVERRIDING SYSTEM VALUE SELECT * FROM {s}.stores_store WHERE id = %(store)s
"""

# Whether the shop would have been asked, and what it would have said, nobody can know: counted apart, not guessed.
_OPEN: Final = "UPDATE stores_store SET status = 'active', feed = 'none'"

_COPIES: Final = (
    (
        "INSERT INTO customers_customer OVERRIDING SYSTEM VALUE SELECT c.* FROM {s}.customers_customer c"
        " JOIN sim_person p ON p.id = c.id"
    ),
    (
        "INSERT INTO customers_hold OVERRIDING SYSTEM VALUE SELECT h.* FROM {s}.customers_hold h"
        " JOIN sim_person p ON p.id = h.customer_id"
    ),
    (
        "INSERT INTO segments_membership OVERRIDING SYSTEM VALUE SELECT m.* FROM {s}.segments_membership m"
        " JOIN sim_person p ON p.id = m.customer_id"
    ),
    "INSERT INTO offers_offer OVERRIDING SYSTEM VALUE SELECT * FROM {s}.offers_offer WHERE store_id = %(store)s",
    "INSERT INTO feedback_survey OVERRIDING SYSTEM VALUE SELECT * FROM {s}.feedback_survey WHERE store_id = %(store)s",
    # A lot once drawn stands: who was in the control group is in it here.
    (
        "INSERT INTO flows_draw OVERRIDING SYSTEM VALUE SELECT d.* FROM {s}.flows_draw d"
        " JOIN sim_person p ON p.id = d.customer_id WHERE d.flow_id = ANY(%(flows)s::bigint[])"
    ),
    # Orders are shown as the clock reaches them; these sums begin without any.
    "UPDATE customers_customer SET orders_count = 0, first_order_at = NULL, last_order_at = NULL, last_paid_at = NULL",
)

_PAST: Final = """
INSERT INTO flows_enrollment OVERRIDING SYSTEM VALUE SELECT {columns}
FROM {s}.flows_enrollment r JOIN sim_person p ON p.id = r.customer_id
WHERE r.flow_id = ANY(%(flows)s::bigint[]) AND r.entered_at < %(began)s AND NOT starts_with(r.occasion, 'shadow:')
"""
# Who was inside at the start goes on from the step behind the last one taken before it.
_INSIDE: Final = "r.status <> 'held_out' AND (r.ended_at IS NULL OR r.ended_at >= %(began)s)"
_PAST_INSTEAD: Final = {
    "status": f"CASE WHEN {_INSIDE} THEN 'active' ELSE r.status END",
    "reason": f"CASE WHEN {_INSIDE} THEN '' ELSE r.reason END",
    "due_at": f"CASE WHEN {_INSIDE} THEN %(began)s::timestamptz END",
    "ended_at": f"CASE WHEN {_INSIDE} THEN NULL ELSE r.ended_at END",
    "step_at": f"CASE WHEN {_INSIDE} THEN NULL ELSE r.step_at END",
    "spoke": f"CASE WHEN {_INSIDE} THEN NULL ELSE r.spoke END",
    "spoke_at": f"CASE WHEN {_INSIDE} THEN NULL ELSE r.spoke_at END",
    "attempts": "0::smallint",
    "position": f"CASE WHEN {_INSIDE} THEN coalesce((SELECT max(t.position) + 1 FROM {{s}}.flows_steprun t"
    " WHERE t.enrollment_id = r.id AND t.at < %(began)s), 0)::smallint ELSE r.position END",
}

_TAKEN: Final = """
INSERT INTO flows_steprun OVERRIDING SYSTEM VALUE SELECT t.* FROM {s}.flows_steprun t
JOIN flows_enrollment r ON r.id = t.enrollment_id WHERE t.at < %(began)s
"""

# What these runs had asked for and had not got yet.
_WAITING: Final = """
INSERT INTO mail_message OVERRIDING SYSTEM VALUE SELECT {columns}
FROM flows_enrollment r JOIN {s}.mail_message m ON m.customer_id = r.customer_id
    AND starts_with(m.origin, 'run:' || r.id || '/')
WHERE r.status = 'active' AND m.planned_at < %(began)s AND (m.sending_at IS NULL OR m.sending_at >= %(began)s)
    AND (m.ended_at IS NULL OR m.ended_at >= %(began)s)
"""
_WAITING_INSTEAD: Final = {
    "status": "'planned'",
    "due_at": "greatest(m.wanted_at, %(began)s::timestamptz)",
    "sending_at": "NULL::timestamptz",
    "ended_at": "NULL::timestamptz",
    "reason": "''",
    "claims": "0::smallint",
    "token": "NULL::uuid",
    "lease_until": "NULL::timestamptz",
}

_FLOW: Final = """
INSERT INTO flows_flow (id, store_id, slug, name, based_on, live, live_since, shadow, draft, version_id, deleted_at)
OVERRIDING SYSTEM VALUE VALUES (%(id)s, %(store)s, %(slug)s, %(name)s, '', true, %(since)s, false, '{}', %(version)s,
    NULL)
"""

_VERSION: Final = """
INSERT INTO flows_version (id, flow_id, number, definition, published_at) OVERRIDING SYSTEM VALUE
VALUES (%(version)s, %(id)s, 1000000, %(definition)s::jsonb, %(since)s)
"""

_OLD_VERSIONS: Final = """
INSERT INTO flows_version OVERRIDING SYSTEM VALUE SELECT * FROM {s}.flows_version
WHERE flow_id = ANY(%(flows)s::bigint[])
"""


def fill(scope: Scope, tried: Sequence[Tried], began: datetime) -> dict[int, str]:
    """Everything that stands on the stage before the first moment; returns the flows' short names by their ids."""
    params = scope.params
    for statement in (_STORE, _OPEN, *_COPIES, _OLD_VERSIONS):
        db.run(statement.format(s=scope.schema), params)
    flows = dict(_flow(scope, one, began) for one in tried)
    history.gather(scope)
    _seed(scope, params)
    for table in stage.STAGED:
        db.run(f"ANALYZE {table}")
    return flows


def _flow(scope: Scope, one: Tried, began: datetime) -> tuple[int, str]:
    # Numbers nobody used before: published plans are remembered by theirs, in this process too.
    fresh = stage.FIRST_NUMBER + secrets.randbits(40)
    flow_id = one.flow_id or fresh
    values: dict[str, Any] = {
        "id": flow_id, "store": scope.store_id, "slug": one.slug, "name": one.plan.name, "since": began,
        "version": fresh, "definition": msgspec.json.encode(one.plan.plain()).decode(),
    }  # fmt: skip
    db.run(_FLOW, values)
    db.run(_VERSION, values)
    return flow_id, one.slug


def _seed(scope: Scope, params: dict[str, Any]) -> None:
    """The runs of before: those that are over bind re-entry, those inside go on."""
    past = {name: words.format(s=scope.schema) for name, words in _PAST_INSTEAD.items()}
    chosen = stage.picked(scope.schema, "flows_enrollment", "r", past)
    db.run(_PAST.format(s=scope.schema, columns=chosen), params)
    db.run(_TAKEN.format(s=scope.schema), params)
    waiting = stage.picked(scope.schema, "mail_message", "m", _WAITING_INSTEAD)
    db.run(_WAITING.format(s=scope.schema, columns=waiting), params)
