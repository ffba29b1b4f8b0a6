"""What the variants of an A/B test brought, and whether chance alone would explain the difference.

A person counts once, from the first time they came to the test, and with what they ordered in the days after it. Only
who has had all those days is compared, so that a test that began lately does not look poor. Orders count by the person,
clicked or not: the lots were drawn, so whatever else makes people buy is the same on both sides.

How many people are needed is fixed beforehand (a fifth more or less orders than now, seen four times out of five), and
before that many are in nobody is told who wins: who looks every day and stops at the first lucky one is often wrong.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import combinations
from statistics import NormalDist
from typing import Any, Final, Literal

from django.db import transaction

from apps.core import db
from apps.flows.models import Flow

WINDOW: Final = timedelta(days=14)
"""What is ordered within so long after the test counts."""
CONFIDENCE, POWER = 0.95, 0.8
WORTHWHILE: Final = 0.2
"""The smallest difference worth a test: a fifth of the orders there are anyway."""
FEWEST: Final = 10
"""Orders in all before anything is said of how long it will take."""
LONGEST: Final = 26
"""Weeks: who would have to wait longer is told that there will be no answer."""
_Z: Final = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / 2)
_Z_POWER: Final = NormalDist().inv_cdf(POWER)

Answer = Literal["decided", "no_difference", "wait", "too_few", "never"]
"""decided: one is better. no_difference: enough people, and none is. wait: about `weeks` more. too_few: not enough data
to say how long. never: more than half a year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One variant. `revenue` is what was paid less what was paid back, in the shop's currency."""

    variant: str
    people: int = 0
    ripe: int = 0
    """People who have had all their days: those that are compared."""
    mails: int = 0
    clicked: int = 0
    """People who clicked in a mail of this flow."""
    ordered: int = 0
    """Ripe people with an order."""
    orders: int = 0
    revenue: Decimal = Decimal(0)
    squares: Decimal = Decimal(0)
    """Of the revenue per person, for its spread."""
    discount: Decimal = Decimal(0)
    """What codes of this flow took off those orders: with it and the shop's margin, profit can be worked out."""
    other_currencies: int = 0
    """Orders that could not be added up."""

    @property
    def share(self) -> float | None:
        """How many of the ripe people ordered; None without any."""
        return self.ordered / self.ripe if self.ripe else None

    @property
    def per_person(self) -> Decimal | None:
        """Revenue per ripe person."""
        return self.revenue / self.ripe if self.ripe else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """`other` less `one`, with its 95 % interval. Shares are of one, money is per person."""

    one: str
    other: str
    share: float | None
    share_from: float | None
    share_to: float | None
    revenue: Decimal | None
    revenue_from: Decimal | None
    revenue_to: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A test as it stands."""

    name: str
    currency: str
    sides: tuple[Side, ...]
    differences: tuple[Difference, ...]
    answer: Answer
    winner: str = ""
    weeks: int | None = None
    needed: int | None = None
    """Ripe people each variant needs."""


_SIDES = """
WITH tried AS (
    SELECT DISTINCT ON (e.customer_id) e.customer_id, r.detail ->> 'variant' AS variant, r.at
    FROM flows_steprun r JOIN flows_enrollment e ON e.id = r.enrollment_id
    WHERE e.flow_id = %(flow)s AND r.kind = 'ab' AND r.detail ->> 'test' = %(name)s
    ORDER BY e.customer_id, r.at, r.id
), bought AS (
    SELECT t.customer_id, count(*) AS orders,
        coalesce(sum(o.total - o.refunded) FILTER (WHERE o.currency = %(currency)s), 0) AS revenue,
        coalesce(sum(d.discount) FILTER (WHERE o.currency = %(currency)s), 0) AS discount,
        count(*) FILTER (WHERE o.currency <> %(currency)s) AS other
    FROM tried t JOIN orders_order o ON o.customer_id = t.customer_id AND o.store_id = %(store)s AND o.counts
        AND o.placed_at >= t.at AND o.placed_at < t.at + %(window)s
    LEFT JOIN LATERAL (
        SELECT sum(c.discount) AS discount FROM offers_code c
        WHERE c.order_id = o.id AND c.customer_id = t.customer_id AND c.discount_currency = o.currency
            AND split_part(split_part(c.ref, '/', 1), ':', 2) IN (
                SELECT e.id::text FROM flows_enrollment e WHERE e.flow_id = %(flow)s AND e.customer_id = t.customer_id)
    ) AS d ON true
    WHERE t.at + %(window)s <= %(at)s GROUP BY t.customer_id
), mailed AS (
    SELECT t.customer_id, count(*) AS mails FROM tried t
    JOIN flows_enrollment e ON e.customer_id = t.customer_id AND e.flow_id = %(flow)s
    JOIN mail_message m ON m.customer_id = t.customer_id AND m.store_id = %(store)s AND m.status = 'accepted'
        AND NOT m.shadow AND m.sending_at >= t.at AND starts_with(m.origin, 'run:' || e.id || '/')
    GROUP BY t.customer_id
), clicked AS (
    SELECT DISTINCT t.customer_id FROM tried t
    JOIN events_event v ON v.customer_id = t.customer_id AND v.kind = 'mail.clicked' AND v.occurred_at >= t.at
    JOIN mail_message m ON m.id = (v.data ->> 'message')::bigint AND m.store_id = %(store)s
    JOIN flows_enrollment e ON e.customer_id = t.customer_id AND e.flow_id = %(flow)s
        AND starts_with(m.origin, 'run:' || e.id || '/')
)
SELECT t.variant, count(*), count(*) FILTER (WHERE t.at + %(window)s <= %(at)s), coalesce(sum(m.mails), 0),
    count(k.customer_id), count(b.customer_id), coalesce(sum(b.orders), 0), coalesce(sum(b.revenue), 0),
    coalesce(sum(b.revenue * b.revenue), 0), coalesce(sum(b.discount), 0), coalesce(sum(b.other), 0), min(t.at)
FROM tried t LEFT JOIN bought b USING (customer_id) LEFT JOIN mailed m USING (customer_id)
LEFT JOIN clicked k USING (customer_id) GROUP BY t.variant
"""


def compare(flow: Flow, name: str, at: datetime, window: timedelta = WINDOW) -> Comparison:
    """The test of this name in a flow. A variant that nobody came to yet is there, with zeros."""
    currency = flow.store.currency
    rows = db.rows(
        _SIDES,
        {
            "flow": flow.pk, "store": flow.store_id, "name": name, "currency": currency, "window": window, "at": at,
        },
    )  # fmt: skip
    sides = {row[0]: _side(row) for row in rows}
    letters = _letters(flow, name) or sorted(sides)
    ordered = tuple(sides.get(letter) or Side(variant=letter) for letter in letters)
    began = min((row[11] for row in rows), default=at)
    return judged(name, currency, ordered, at - began)


def _side(row: tuple[Any, ...]) -> Side:
    names = (
        "variant", "people", "ripe", "mails", "clicked", "ordered", "orders", "revenue", "squares", "discount",
        "other_currencies",
    )  # fmt: skip
    values: dict[str, Any] = {
        name: int(value) if name in _COUNTS else value for name, value in zip(names, row, strict=False)
    }
    return Side(**values)


_COUNTS = frozenset(("people", "ripe", "mails", "clicked", "ordered", "orders", "other_currencies"))


def judged(name: str, currency: str, sides: Sequence[Side], running: timedelta) -> Comparison:
    """What can be said of these numbers, gathered in so much time."""
    pairs = list(combinations(sides, 2))
    differences = tuple(_difference(one, other, pairs=len(pairs)) for one, other in pairs)
    verdict = _verdict(sides, differences, running)
    return Comparison(name=name, currency=currency, sides=tuple(sides), differences=differences, **verdict.__dict__)


@dataclass
class _Verdict:
    answer: Answer
    winner: str = ""
    weeks: int | None = None
    needed: int | None = field(default=None)


def _verdict(sides: Sequence[Side], differences: Sequence[Difference], running: timedelta) -> _Verdict:
    ripe = sum(side.ripe for side in sides)
    ordered = sum(side.ordered for side in sides)
    if ordered < FEWEST or ordered == ripe:
        return _Verdict("too_few")
    needed = people_needed(ordered / ripe)
    behind = min(side.ripe for side in sides)
    if behind >= needed:
        winner = _winner(sides, differences)
        return _Verdict("decided" if winner else "no_difference", winner, needed=needed)
    # People come evenly; those of the last days are in, but not ripe yet.
    weeks = running / timedelta(weeks=1)
    pace = min(side.people for side in sides) / weeks if weeks else 0
    more = math.ceil((needed - behind) / pace) if pace else LONGEST + 1
    if more > LONGEST:
        return _Verdict("never", needed=needed)
    return _Verdict("wait", weeks=more, needed=needed)


def _winner(sides: Sequence[Side], differences: Sequence[Difference]) -> str:
    """The variant that is better than each of the others, beyond chance; '' when none is."""
    beaten: dict[str, set[str]] = {side.variant: set() for side in sides}
    for found in differences:
        if found.share_from is not None and found.share_from > 0:
            beaten[found.other].add(found.one)
        if found.share_to is not None and found.share_to < 0:
            beaten[found.one].add(found.other)
    return next((variant for variant, others in beaten.items() if len(others) == len(sides) - 1), "")


def people_needed(share: float, worthwhile: float = WORTHWHILE) -> int:
    """People per variant, to see a difference of `worthwhile` times the share with 80 % power at 95 % confidence.

    The usual formula for two proportions, n = (z_a/2 + z_b)^2 (p1 q1 + p2 q2) / (p1 - p2)^2
    (Fleiss, Levin & Paik, Statistical Methods for Rates and Proportions, 3rd ed., section 4.2).
    """
    other = min(share * (1 + worthwhile), 1.0)
    spread = share * (1 - share) + other * (1 - other)
    return math.ceil((_Z + _Z_POWER) ** 2 * spread / (other - share) ** 2)


def _difference(one: Side, other: Side, *, pairs: int) -> Difference:
    """Of more than two variants each pair is held to more: Bonferroni, so that one of many is not lucky."""
    z = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / 2 / pairs)
    share = low = high = None
    if one.ripe and other.ripe:
        share = other.ordered / other.ripe - one.ordered / one.ripe
        low, high = newcombe(other.ordered, other.ripe, one.ordered, one.ripe, z)
    money = _money(one, other, z)
    return Difference(
        one=one.variant, other=other.variant, share=share, share_from=low, share_to=high,
        revenue=money[0], revenue_from=money[1], revenue_to=money[2],
    )  # fmt: skip


def wilson(hits: int, of: int, z: float = _Z) -> tuple[float, float]:
    """The interval of one share (Wilson, JASA 22, 1927, 209-212)."""
    share = hits / of
    centre = share + z * z / (2 * of)
    reach = z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return (centre - reach) / (1 + z * z / of), (centre + reach) / (1 + z * z / of)


def newcombe(hits: int, of: int, other_hits: int, other_of: int, z: float = _Z) -> tuple[float, float]:
    """The interval of a difference of two shares, from their Wilson intervals: right for few and for many.

    Method 10 of Newcombe, Statistics in Medicine 17, 1998, 873-890.
    """
    share, other = hits / of, other_hits / other_of
    low, high = wilson(hits, of, z)
    other_low, other_high = wilson(other_hits, other_of, z)
    difference = share - other
    return (
        difference - math.sqrt((share - low) ** 2 + (other_high - other) ** 2),
        difference + math.sqrt((high - share) ** 2 + (other - other_low) ** 2),
    )


def _money(one: Side, other: Side, z: float) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Revenue per person, with Welch's standard error (Biometrika 34, 1947): the spreads need not be equal.

    The normal quantile stands for Student's: below thirty people a side nothing is said.
    """
    if min(one.ripe, other.ripe) < 30:
        return None, None, None
    difference = other.revenue / other.ripe - one.revenue / one.ripe
    error = Decimal(math.sqrt(_variance(one) / one.ripe + _variance(other) / other.ripe))
    reach = Decimal(z) * error
    return difference, difference - reach, difference + reach


def _variance(side: Side) -> Decimal:
    mean = side.revenue / side.ripe
    return max((side.squares - side.ripe * mean * mean) / (side.ripe - 1), Decimal(0))


# --- the owner picks ------------------------------------------------------------------------------


class NoSuchVariant(LookupError):
    """The draft has no test of that name, or no such variant."""


def pick(flow: Flow, name: str, variant: str, at: datetime) -> Flow:  # noqa: ARG001
    """Keep one variant: in the draft its steps take the place of the test. Nothing runs until it is published.

    Raises NoSuchVariant.
    """
    with transaction.atomic():
        locked = Flow.objects.select_for_update().get(pk=flow.pk)
        steps, found = _kept(locked.draft.get("steps", []), name, variant)
        if not found:
            raise NoSuchVariant(f"{name}/{variant}")
        locked.draft = {**locked.draft, "steps": steps}
        locked.save(update_fields=["draft"])
    flow.refresh_from_db()
    return flow


def tests_of(draft: Mapping[str, Any]) -> dict[str, list[str]]:
    """The tests of a plan in words, by name, with the letters of their variants."""
    found: dict[str, list[str]] = {}
    _gather(draft.get("steps", []), found)
    return found


def _gather(plain: Any, found: dict[str, list[str]]) -> None:
    if isinstance(plain, list):
        for one in plain:
            _gather(one, found)
    elif isinstance(plain, dict):
        test = plain.get("ab")
        if isinstance(test, dict) and isinstance(test.get("variants"), list):
            found[str(test.get("name"))] = [chr(ord("a") + place) for place in range(len(test["variants"]))]
        for inner in plain.values():
            _gather(inner, found)


def _letters(flow: Flow, name: str) -> list[str]:
    running = flow.version.definition if flow.version else flow.draft
    return tests_of(running).get(name, [])


def _kept(plain: list[Any], name: str, variant: str) -> tuple[list[Any], bool]:
    """The steps with the test of this name replaced; whether it was among them."""
    steps: list[Any] = []
    found = False
    for one in plain:
        chosen = _chosen(one, name, variant)
        if chosen is not None:
            steps += chosen
            found = True
        else:
            kept, inside = _inner(one, name, variant)
            steps.append(kept)
            found |= inside
    return steps, found


def _chosen(plain: Any, name: str, variant: str) -> list[Any] | None:
    test = plain.get("ab") if isinstance(plain, dict) else None
    if not isinstance(test, dict) or test.get("name") != name:
        return None
    place = ord(variant) - ord("a") if len(variant) == 1 else -1
    if not 0 <= place < len(test["variants"]):
        raise NoSuchVariant(f"{name}/{variant}")
    given = test["variants"][place]
    config = given.get("variant") if isinstance(given, dict) else None
    return list(config.get("steps", [])) if isinstance(config, dict) else []


def _inner(plain: Any, name: str, variant: str) -> tuple[Any, bool]:
    if isinstance(plain, dict):
        pairs = {key: _inner(value, name, variant) for key, value in plain.items()}
        return {key: value for key, (value, _) in pairs.items()}, any(inside for _, inside in pairs.values())
    if isinstance(plain, list) and any(isinstance(one, dict) for one in plain):
        return _kept(plain, name, variant)
    return plain, False
