"""What a replay found, in numbers and line by line; and the same as a file to lay beside another tool's log."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TextIO
from zoneinfo import ZoneInfo

import msgspec

from apps.core import db
from apps.flows.simulating.history import SEEN, Scope
from apps.flows.simulating.stage import FIRST_NUMBER
from apps.flows.simulating.wording import Wordings

if TYPE_CHECKING:
    from apps.flows.simulating.clock import Diary
    from apps.flows.simulating.posting import PostOffice

MOST_LINES: Final = 20_000
"""So many mails are kept one by one; the sums are of all."""
ANYWAY_WITHIN: Final = timedelta(days=7)
"""An order within a week of a mail that was never sent was not brought by it."""
MANY_A_DAY: Final = 5


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One mail that would have left. A person is a number; names are looked up where they are shown."""

    customer_id: int
    flow: str
    template: str
    version: int | None
    """The template's version then; None: nothing was published then."""
    at: datetime
    bought_at: datetime | None
    """The person's first order in the week after, which this mail did not bring."""


class Sum(msgspec.Struct, frozen=True, kw_only=True):
    """How often something happened in a flow, by its reason."""

    flow: str
    reason: str
    count: int


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What the codes would have cost if every one was used."""

    currency: str
    codes: int
    amount: Decimal


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """How many people were in both flows; of one and the same, in it at all."""

    one: str
    other: str
    people: int


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a replay tells."""

    began: datetime
    ended: datetime
    grain: timedelta
    """How far apart moments may lie that were taken together; none: each by itself, as it was."""
    names: dict[str, str]
    """The flows' names by their short names, by which all else speaks of them."""
    events: int
    entered: int
    held_out: int
    people: int
    """Who would have got a mail."""
    mails: int
    lines: list[Line]
    skipped: list[Sum]
    """Mails asked for and not sent."""
    declined: list[Sum]
    """At the door, and not let in."""
    ended_unsent: list[Sum]
    """Runs that were over before any mail."""
    postponed: dict[str, int]
    """Mails that had to wait, by what for; most left later."""
    bought_before: int
    """Ordered before a mail was due: nothing was sent."""
    bought_anyway: int
    """Would have been mailed, and ordered within the week without it."""
    costs: list[Cost]
    per_day: list[tuple[date, int]]
    most_a_day: dict[int, int]
    """Mails on one day to one person → how many such days; the last means that many or more."""
    pairs: list[Pair]
    unknown: dict[str, int]
    """What nobody can know, counted apart: look, stock, contents, template, erased."""
    inside: int = 0
    """Runs that were under way when it began: no doing of these plans, in `pairs` and nowhere else."""
    inside_mails: int = 0
    """What would have left for them."""


# The runs of the flows that are tried, and what they asked for.
_OURS = "r.flow_id = ANY(%(flows)s::bigint[])"
_RUNS = f"{_OURS} AND r.entered_at >= %(began)s"
_OF_RUNS = f"""FROM mail_message m JOIN flows_enrollment r ON m.origin LIKE 'run:%%'
    AND r.id = CASE WHEN m.origin LIKE 'run:%%' THEN split_part(split_part(m.origin, '/', 1), ':', 2)::bigint END
WHERE {_OURS}"""
_MAILS = f"{_OF_RUNS} AND r.entered_at >= %(began)s"
_LEFT = f"{_MAILS} AND m.status = 'accepted' AND m.sending_at >= %(began)s"

_LINES = f"""
SELECT m.customer_id, r.flow_id, m.template_slug, m.sending_at, cu.locale, (
    SELECT min(o.placed_at) FROM {{s}}.orders_order o WHERE o.customer_id = m.customer_id AND o.silences
        AND o.placed_at >= m.sending_at AND o.placed_at < m.sending_at + %(week)s)
{_LEFT.replace("WHERE", "JOIN customers_customer cu ON cu.id = m.customer_id WHERE")}
ORDER BY m.sending_at, m.customer_id, m.id LIMIT %(most)s
"""

_COUNTS = f"""
SELECT (SELECT count(*) FROM flows_enrollment r WHERE {_RUNS}),
    (SELECT count(*) FROM flows_enrollment r WHERE {_RUNS} AND r.status = 'held_out'),
    (SELECT count(DISTINCT m.customer_id) {_LEFT}), (SELECT count(*) {_LEFT}),
    (SELECT count(*) FROM flows_enrollment r WHERE {_RUNS} AND r.reason = 'order_placed'
        AND r.ended_at >= %(began)s AND NOT EXISTS (SELECT FROM mail_message m WHERE m.customer_id = r.customer_id
            AND m.status = 'accepted' AND starts_with(m.origin, 'run:' || r.id || '/'))),
    (SELECT count(*) FROM (SELECT m.customer_id, min(m.sending_at) AS at {_LEFT} GROUP BY 1) AS first
        WHERE EXISTS (SELECT FROM {{s}}.orders_order o WHERE o.customer_id = first.customer_id AND o.silences
            AND o.placed_at >= first.at AND o.placed_at < first.at + %(week)s))
"""

_SKIPPED = f"""
SELECT r.flow_id, m.reason, count(*) {_MAILS} AND m.status = 'skipped' AND m.ended_at >= %(began)s GROUP BY 1, 2
"""

_DECLINED = """
SELECT (e.data ->> 'flow')::bigint, e.data ->> 'reason', count(*) FROM events_event e
WHERE e.kind = 'flow.declined' AND e.id >= %(fresh)s GROUP BY 1, 2
"""

_UNSENT = f"""
SELECT r.flow_id, r.reason, count(*) FROM flows_enrollment r
WHERE {_RUNS} AND r.ended_at >= %(began)s AND r.reason <> '' AND r.status <> 'held_out'
    AND NOT EXISTS (SELECT FROM mail_message m WHERE m.customer_id = r.customer_id AND m.status = 'accepted'
        AND starts_with(m.origin, 'run:' || r.id || '/')) GROUP BY 1, 2
"""

# Whoever was inside when it began is not the draft's doing: what comes to them is counted by itself.
_INSIDE = f"""
SELECT (SELECT count(*) FROM flows_enrollment r WHERE {_OURS} AND r.entered_at < %(began)s
        AND r.status <> 'held_out' AND (r.ended_at IS NULL OR r.ended_at >= %(began)s)),
    (SELECT count(*) {_OF_RUNS} AND r.entered_at < %(began)s AND m.status = 'accepted' AND m.sending_at >= %(began)s)
"""
_THEIRS = f"SELECT m.id {_OF_RUNS} AND r.entered_at < %(began)s"

_COSTS = """
SELECT o.currency, count(*), coalesce(sum(g.expected), 0) FROM offers_code g JOIN offers_offer o ON o.id = g.offer_id
WHERE g.id >= %(fresh)s AND NOT EXISTS (SELECT FROM flows_enrollment r
    WHERE r.id = split_part(split_part(g.ref, '/', 1), ':', 2)::bigint AND r.entered_at < %(began)s)
GROUP BY 1 ORDER BY 1
"""

_PER_DAY = f"""
SELECT (m.sending_at AT TIME ZONE s.time_zone)::date, count(*)
{_LEFT.replace("WHERE", "JOIN stores_store s ON s.id = m.store_id WHERE")} GROUP BY 1 ORDER BY 1
"""

# Of everything these people got those days, whoever asked for it.
_A_DAY = """
SELECT least(n, %(many)s), count(*) FROM (
    SELECT m.customer_id, (m.sending_at AT TIME ZONE s.time_zone)::date, count(*) AS n
    FROM mail_message m JOIN stores_store s ON s.id = m.store_id
    WHERE m.status = 'accepted' AND m.kind = 'marketing' AND m.sending_at >= %(began)s GROUP BY 1, 2
) AS days GROUP BY 1 ORDER BY 1
"""

_PAIRS = f"""
WITH inside AS (SELECT DISTINCT r.flow_id, r.customer_id FROM flows_enrollment r
    WHERE {_OURS} AND r.status <> 'held_out' AND (r.ended_at IS NULL OR r.ended_at >= %(began)s))
SELECT a.flow_id, b.flow_id, count(*) FROM inside a JOIN inside b ON b.customer_id = a.customer_id
GROUP BY 1, 2
"""

_UNKNOWN = f"""
SELECT (SELECT count(*) {_LEFT} AND m.cart_id IS NOT NULL),
    (SELECT count(*) {_LEFT} AND EXISTS (
        SELECT FROM carts_cart c WHERE c.id = m.cart_id AND c.lines -> 0 = '{{{{}}}}')),
    (SELECT count(*) FROM {{s}}.events_event e WHERE e.store_id = %(store)s AND e.customer_id IS NULL
        AND e.kind = ANY(%(kinds)s::text[]) AND {SEEN} >= %(began)s AND {SEEN} < %(ended)s),
    (SELECT count(*) FROM {{s}}.customers_customer WHERE store_id = %(store)s AND erased_at >= %(began)s
        AND erased_at < %(ended)s)
"""


def collect(
    scope: Scope, flows: dict[int, str], names: dict[str, str], *, post: PostOffice, diary: Diary, kinds: Sequence[str]
) -> Simulated:
    """Read the stage before it is taken down. `kinds`: the events by which these flows begin."""
    params = {
        **scope.params, "flows": sorted(flows), "week": ANYWAY_WITHIN, "most": MOST_LINES, "fresh": FIRST_NUMBER,
        "many": MANY_A_DAY, "kinds": sorted(kinds),
    }  # fmt: skip

    def rows(statement: str) -> list[tuple[Any, ...]]:
        return db.rows(statement.format(s=scope.schema), params)

    # Here everybody is counted at once.
    db.run("SET LOCAL enable_hashjoin = on")
    lines = _lines(rows(_LINES), flows, Wordings(scope))
    entered, held_out, people, mails, before, anyway = rows(_COUNTS)[0]
    inside, inside_mails = rows(_INSIDE)[0]
    theirs = {row[0] for row in rows(_THEIRS)} if inside else set()
    return Simulated(
        began=scope.began,
        ended=scope.ended,
        grain=diary.grain(scope.ended),
        names=names,
        events=diary.count,
        entered=entered,
        held_out=held_out,
        people=people,
        mails=mails,
        lines=lines,
        skipped=_sums(rows(_SKIPPED), flows),
        declined=_sums(rows(_DECLINED), flows),
        ended_unsent=_sums(rows(_UNSENT), flows),
        postponed={reason: len(ids - theirs) for reason, ids in sorted(post.postponed.items()) if ids - theirs},
        bought_before=before,
        bought_anyway=anyway,
        costs=[Cost(currency=row[0], codes=row[1], amount=row[2]) for row in rows(_COSTS)],
        per_day=[(row[0], row[1]) for row in rows(_PER_DAY)],
        most_a_day=dict(rows(_A_DAY)),
        pairs=[Pair(one=flows[a], other=flows[b], people=n) for a, b, n in sorted(rows(_PAIRS))],
        unknown=_unknown(rows(_UNKNOWN)[0], lines, post),
        inside=inside,
        inside_mails=inside_mails,
    )


def _lines(rows: Sequence[tuple[Any, ...]], flows: dict[int, str], wordings: Wordings) -> list[Line]:
    return [
        Line(
            customer_id=customer,
            flow=flows[flow],
            template=template,
            version=wordings.version(template, locale, at),
            at=at,
            bought_at=bought,
        )
        for customer, flow, template, at, locale, bought in rows
    ]


def _sums(rows: Sequence[tuple[Any, ...]], flows: dict[int, str]) -> list[Sum]:
    found = [Sum(flow=flows[flow], reason=reason, count=count) for flow, reason, count in rows if flow in flows]
    return sorted(found, key=lambda one: (one.flow, -one.count, one.reason))


def _unknown(row: tuple[Any, ...], lines: Sequence[Line], post: PostOffice) -> dict[str, int]:
    stock, contents, nameless, erased = row
    found = {
        "look": post.looks,
        "stock": stock,
        "contents": contents,
        "template": sum(line.version is None for line in lines),
        "nameless": nameless,
        "erased": erased,
    }
    return {what: count for what, count in found.items() if count}


HEAD: Final = ("when", "person", "flow", "mail", "template_version", "ordered_within_a_week")


def write_csv(lines: Sequence[Line], to: TextIO, addresses: dict[int, str], zone: ZoneInfo) -> None:
    """One line per mail, in the shop's own time. Texts that a spreadsheet would take for a formula are quoted."""
    writer = csv.writer(to)
    writer.writerow(HEAD)
    writer.writerows(_row(line, addresses, zone) for line in lines)


def _row(line: Line, addresses: dict[int, str], zone: ZoneInfo) -> Iterator[str]:
    cells = (
        f"{line.at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        addresses.get(line.customer_id, str(line.customer_id)),
        line.flow,
        line.template,
        "" if line.version is None else str(line.version),
        "" if line.bought_at is None else f"{line.bought_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
    )
    return (f"'{cell}" if cell[:1] in "=+-@\t\r" and cell else cell for cell in cells)


def addresses(customer_ids: Sequence[int]) -> dict[int, str]:
    """The addresses of these people; whoever is gone has none."""
    found = db.rows(
        "SELECT id, email FROM customers_customer WHERE id = ANY(%s::bigint[]) AND email IS NOT NULL",
        [sorted(set(customer_ids))],
    )
    return dict(found)


def by_flow(sums: Sequence[Sum]) -> dict[str, list[Sum]]:
    """The same, one list per flow."""
    found: dict[str, list[Sum]] = defaultdict(list)
    for one in sums:
        found[one.flow].append(one)
    return dict(found)
