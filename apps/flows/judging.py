"""Whether runs may go on: the exits and conditions of a whole batch, judged by the database in one query."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from apps.core import db
from apps.core.sql import Sql
from apps.flows.parts import Condition, Exit

if TYPE_CHECKING:
    from apps.flows.plans import Plan
    from apps.flows.taking import Run
    from apps.stores.rules import Rules


@dataclass(frozen=True, slots=True, eq=False)
class Rulebook:
    """What a run is judged by. Shops that use the same preset share one, and so one query."""

    statement: str
    params: tuple[Any, ...]
    completing: frozenset[str]
    """The reasons with which a run has reached what it was for."""
    verdict: str = ""
    """The expression alone: the reason, or NULL. It takes `params`."""
    hold: str = ""
    """The expression of until when a step had better wait, or NULL."""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A run, or one that would begin. `key` is the caller's own."""

    key: int
    store_id: int
    customer_id: int
    cart_id: int | None
    order_id: int | None
    triggered_at: datetime
    merges_until: datetime | None
    about: str = "{}"
    """What began it, as its row keeps it: JSON."""
    rulebook: Rulebook


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """`reason` '' goes on. `since`: from when an order silences. `held_until`: not while she is shopping."""

    reason: str
    completes: bool
    since: datetime | None
    held_until: datetime | None


def subject_of(run: Run, plan: Plan, rules: Rules, rulebook: Rulebook) -> Subject:
    """What the judge needs to know of a run."""
    within = plan.merge_within(rules)
    return Subject(
        key=run.id,
        store_id=run.store_id,
        customer_id=run.customer_id,
        cart_id=run.cart_id,
        order_id=run.order_id,
        triggered_at=run.triggered_at,
        merges_until=None if within is None else run.triggered_at + within,
        about=run.about,
        rulebook=rulebook,
    )


_JUDGE = """
SELECT e.id, {verdict}, c.started_at, {hold}
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[], %s::timestamptz[],
    %s::jsonb[]) AS e(id, store_id, customer_id, cart_id, order_id, triggered_at, merges_until, about)
CROSS JOIN (SELECT %s::timestamptz AS at) AS n
JOIN stores_store s ON s.id = e.store_id
JOIN customers_customer p ON p.id = e.customer_id
LEFT JOIN segments_figures f ON f.customer_id = e.customer_id
LEFT JOIN carts_cart c ON c.id = e.cart_id
"""


def judge(subjects: Iterable[Subject], at: datetime) -> dict[int, Verdict]:
    """A verdict per key, as it is at this moment; a subject whose person is gone has none."""
    groups: dict[Rulebook, list[Subject]] = defaultdict(list)
    for subject in subjects:
        groups[subject.rulebook].append(subject)
    verdicts: dict[int, Verdict] = {}
    for rulebook, group in groups.items():
        verdicts |= _judge(rulebook, group, at)
    return verdicts


def _judge(rulebook: Rulebook, group: Sequence[Subject], at: datetime) -> dict[int, Verdict]:
    columns = [
        [getattr(subject, name) for subject in group]
        for name in (
            "key",
            "store_id",
            "customer_id",
            "cart_id",
            "order_id",
            "triggered_at",
            "merges_until",
            "about",
        )
    ]
    rows = db.rows(rulebook.statement, [*rulebook.params, *columns, at])
    return {
        key: Verdict(
            reason=reason or "",
            completes=reason in rulebook.completing,
            since=since,
            held_until=held,
        )
        for key, reason, since, held in rows
    }


@lru_cache(maxsize=1024)
def rulebook_of(exits: tuple[Exit, ...], conditions: tuple[Condition, ...], hold: str) -> Rulebook:
    """Exits first, in their order, then the conditions that no longer hold. Equal rules are one object."""
    verdict = verdict_of(exits, conditions)
    hold = hold or "NULL::timestamptz"
    statement = _JUDGE.format(verdict=verdict.text, hold=hold)
    completing = frozenset(ending.reason for ending in exits if ending.completes)
    return Rulebook(statement, verdict.params, completing, verdict.text, hold)


def verdict_of(exits: Sequence[Exit], conditions: Sequence[Condition]) -> Sql:
    """The reason with which it is over, or NULL, over the aliases of `parts`."""
    arms: list[str] = []
    params: list[Any] = []
    said: set[str] = set()
    for ending in exits:
        where = ending.where()
        said.add(where.text if not where.params else "")
        arms.append(f"WHEN ({where.text}) THEN '{ending.reason}'")
        params += where.params
    for condition in conditions:
        where = condition.where()
        if where.text.removeprefix("NOT ") in said and where.text.startswith("NOT ("):
            # The exit above asked the very same, and was not true: asking again costs half of a verdict.
            continue
        arms.append(f"WHEN ({where.text}) IS NOT TRUE THEN '{condition.reason}'")
        params += where.params
    return Sql(f"CASE {' '.join(arms)} END" if arms else "NULL::text", tuple(params))
