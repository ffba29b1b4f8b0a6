"""What a control group costs and when it gives an answer, from the shop's own last 90 days (product.md 5.8).

How many people it takes to see a difference is the usual formula for two shares: with a two-sided test at 5 % that
finds the difference in 80 of 100 cases, n = z² · (p(1−p)/h + q(1−q)/(1−h)) / d², where h is the share that gets
nothing, p the share that orders anyway, q = p + d. The difference looked for is one order in ten people: a smaller
one takes so long in a small shop that promising a date for it would not be honest.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final, Literal

from apps.core import db
from apps.core.problems import DefinitionRefused
from apps.flows import definition
from apps.flows.models import Flow

LOOKED_BACK: Final = timedelta(days=90)
ENOUGH: Final = timedelta(days=28)
"""Younger than this a shop's past says little about its months."""
FOLLOWED: Final = timedelta(days=14)
"""An order this soon after the beginning counts as one that came anyway."""
FEWEST: Final = 20
Z: Final = 1.96 + 0.84
DIFFERENCE: Final = 0.10
PROPOSED: Final = 0.10
LONGEST_WEEKS: Final = 26
MONTH: Final = 30.4

# People who entered, the control group among them; each counts once per beginning.
_ENTERED = """
SELECT count(*), min(entered_at), count(*) FILTER (WHERE entered_at <= %(ripe)s), count(*) FILTER (
    WHERE entered_at <= %(ripe)s AND EXISTS (SELECT FROM orders_order o WHERE o.customer_id = e.customer_id
        AND o.placed_at > e.triggered_at AND o.placed_at <= e.triggered_at + %(followed)s))
FROM flows_enrollment e WHERE store_id = %(store)s AND flow_id = ANY(%(flows)s::bigint[]) AND entered_at > %(since)s
"""
# Nobody entered yet: whoever the trigger would have heard of.
_HEARD = """
SELECT count(*), min(v.occurred_at), count(*) FILTER (WHERE v.occurred_at <= %(ripe)s), count(*) FILTER (
    WHERE v.occurred_at <= %(ripe)s AND EXISTS (SELECT FROM orders_order o WHERE o.customer_id = v.customer_id
        AND o.placed_at > v.occurred_at AND o.placed_at <= v.occurred_at + %(followed)s))
FROM events_event v
WHERE v.store_id = %(store)s AND v.kind = ANY(%(kinds)s::text[]) AND v.customer_id IS NOT NULL
AND v.occurred_at > %(since)s
"""
_OLDEST = "SELECT min(occurred_at) FROM events_event WHERE store_id = %s"

Proposal = Literal["own", "store", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What stands beside the switch. `per_month` people begin; `nothing` of them would get no mail at this share."""

    per_month: int
    share: float
    """Of 1: what is set, else what would be proposed."""
    is_set: bool
    nothing: int
    weeks: int | None
    """Until there is an answer; None when that cannot be said yet."""
    wait: int | None
    """Not enough data: about so many more weeks until something can be said."""
    proposal: Proposal
    store_weeks: int | None
    """With one control group over all flows of the shop."""


@dataclass(frozen=True, slots=True)
class Flux:
    """How many begin per week, and how many of them order anyway."""

    per_week: float
    ordering: float
    known: int


def price_of(flow: Flow, at: datetime) -> Price | None:
    """The price of this flow's control group; None for service mail and for a plan nobody can read."""
    try:
        plan = definition.read(flow.version.definition if flow.version else flow.draft)
    except DefinitionRefused:
        return None
    own = _flux(flow.store_id, [flow.pk], sorted(plan.trigger.hears), at)
    everything = _flux(flow.store_id, _marketing(flow), [], at)
    set_share = float(plan.holdout if plan.holdout is not None else flow.store.holdout) / 100
    share = set_share or PROPOSED
    weeks = weeks_until_answer(own, share)
    with_all = weeks_until_answer(everything, share)
    per_month = round(own.per_week * MONTH / 7) if own else 0
    return Price(
        per_month=per_month,
        share=share,
        is_set=set_share > 0,
        nothing=round(per_month * share),
        weeks=weeks,
        wait=None if own else _more_weeks(flow, at),
        proposal=_proposal(weeks, with_all),
        store_weeks=with_all,
    )


def _proposal(own: int | None, store: int | None) -> Proposal:
    if own is not None and own <= LONGEST_WEEKS:
        return "own"
    return "store" if store is not None and store <= LONGEST_WEEKS else "none"


def weeks_until_answer(flux: Flux | None, share: float) -> int | None:
    """Weeks until a control group of this share shows a difference of DIFFERENCE; None when nobody begins."""
    if flux is None or flux.per_week <= 0 or not 0 < share < 1:
        return None
    return ceil(people_needed(flux.ordering, share) / flux.per_week)


def people_needed(ordering: float, share: float, difference: float = DIFFERENCE) -> int:
    """How many must begin, both groups together."""
    more = min(ordering + difference, 1.0)
    spread = ordering * (1 - ordering) / share + more * (1 - more) / (1 - share)
    return ceil(Z**2 * spread / difference**2)


def _marketing(flow: Flow) -> list[int]:
    rows = Flow.objects.of(flow.store_id).filter(deleted_at__isnull=True).values_list("pk", flat=True)
    return list(rows)


def _flux(store_id: int, flows: list[int], kinds: list[str], at: datetime) -> Flux | None:
    """From who entered; for a flow nobody was in yet, from what its trigger would have heard."""
    given = {"store": store_id, "flows": flows, "kinds": kinds, "since": at - LOOKED_BACK, "ripe": at - FOLLOWED,
             "followed": FOLLOWED}  # fmt: skip
    for query in (_ENTERED, _HEARD) if kinds else (_ENTERED,):
        count, first, ripe, ordered = db.rows(query, given)[0]
        if count >= FEWEST and at - first >= ENOUGH:
            weeks = (at - first) / timedelta(weeks=1)
            return Flux(count / weeks, ordered / ripe if ripe else 0.0, count)
    return None


def _more_weeks(flow: Flow, at: datetime) -> int:
    """Until the shop's past is four weeks long; a shop that is older has too few beginnings to say more."""
    oldest = db.rows(_OLDEST, [flow.store_id])[0][0]
    known = at - oldest if oldest else timedelta()
    return max(1, ceil((ENOUGH - known) / timedelta(weeks=1))) if known < ENOUGH else 4
