"""What happens to people while they are inside: an order, an emptied basket, a goodbye.

An event only says whom to look at. Whether a run is over is asked of the same exits the engine asks before
every step, so the two can never disagree; here the answer merely comes at once.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from django.db import transaction

from apps.core import db
from apps.core.reasons import Reason
from apps.events import kinds
from apps.events.listeners import Told, listens
from apps.flows import plans, walking
from apps.flows.engine import ended
from apps.flows.judging import Verdict, judge, subject_of
from apps.flows.parts import exits
from apps.flows.taking import Run
from apps.flows.withdrawing import withdraw_runs, withdraw_stores
from apps.stores.rules import Rules

# Who is inside, and whoever is through but has a mail waiting still.
_CONCERNED = f"""
SELECT {walking.RUN_COLUMNS}, e.status, s.rules::text
FROM flows_enrollment e JOIN stores_store s ON s.id = e.store_id
WHERE e.id IN (
    SELECT id FROM flows_enrollment WHERE status = 'active' AND customer_id = ANY(%(people)s::bigint[])
    UNION SELECT id FROM flows_enrollment WHERE status = 'active' AND cart_id = ANY(%(carts)s::bigint[])
    UNION SELECT split_part(split_part(m.origin, '/', 1), ':', 2)::bigint FROM mail_message m
        WHERE m.status = 'planned' AND m.origin LIKE 'run:%%'
        AND (m.customer_id = ANY(%(people)s::bigint[]) OR m.cart_id = ANY(%(carts)s::bigint[]))
)
ORDER BY e.id FOR UPDATE OF e
"""

_CLOSE = """
UPDATE flows_enrollment SET status = 'exited', reason = %s, due_at = NULL, ended_at = %s
WHERE store_id = ANY(%s::bigint[]) AND status = 'active'
"""


def listen() -> None:
    """Hear whatever any exit wants to hear."""
    heard = {kind for _, ending in exits.items() for kind in ending.hears}
    listens(*sorted(heard))(on_goal)
    listens(kinds.STORE_UNINSTALLED)(on_uninstalled)


def on_goal(events: Sequence[Told], at: datetime) -> None:
    people = {event.customer_id for event in events if event.customer_id is not None}
    carts = {int(event.data["cart"]) for event in events if event.data.get("cart")}
    settle(people, carts, at)


def on_uninstalled(events: Sequence[Told], at: datetime) -> None:
    close({event.store_id for event in events}, at)


def settle(people: Collection[int], carts: Collection[int], at: datetime) -> int:
    """End the runs of these people and baskets whose exit has come, and take back what they had waiting."""
    with transaction.atomic():
        concerned = _concerned(people, carts)
        verdicts = _exits(concerned, at)
        over = {run.id: verdicts[run.id] for run, _, _ in concerned if verdicts[run.id].reason}
        moves = [ended(run, over[run.id]) for run, status, _ in concerned if run.id in over and status == "active"]
        walking.write(moves, at)
        withdraw_runs({run_id: verdict.reason for run_id, verdict in over.items()}, at)
    return len(moves)


Concerned = tuple[Run, str, Rules]


def _concerned(people: Collection[int], carts: Collection[int]) -> list[Concerned]:
    rows = db.rows(_CONCERNED, {"people": sorted(people), "carts": sorted(carts)})
    return [
        (walking.run_of(columns), status, Rules.read(msgspec.json.decode(rules))) for *columns, status, rules in rows
    ]


def _exits(concerned: Sequence[Concerned], at: datetime) -> dict[int, Verdict]:
    known = plans.load(run.version_id for run, _, _ in concerned)
    subjects = [
        subject_of(run, plan, rules, plan.exits)
        for run, _, rules in concerned
        if (plan := known.get(run.version_id)) is not None
    ]
    nothing = Verdict(reason="", completes=False, since=None, held_until=None)
    return {run.id: nothing for run, _, _ in concerned} | judge(subjects, at)


def close(store_ids: Collection[int], at: datetime) -> int:
    """A shop is gone: everybody leaves, nothing waits."""
    with transaction.atomic():
        closed = db.run(_CLOSE, [Reason.STORE_UNINSTALLED, at, sorted(store_ids)])
        withdraw_stores(store_ids, Reason.STORE_UNINSTALLED, at)
    return closed
