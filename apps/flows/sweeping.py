"""Date-shaped triggers: whose day came is enrolled, everybody of a flow in one statement.

Each live flow with such a trigger has a broom (`Sweep`): what lies between `swept_until` and now is swept at nine
o'clock where the shop is. Whoever comes after an outage begins at the first mail that still makes sense, or not at
all (`freshness`), so that nothing bursts. The rules at the door are those of `entry`, in SQL.
"""

from __future__ import annotations

import logging
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec
from django.db import transaction

from apps.core import db
from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.flows import admitting, freshness, plans
from apps.flows.admitting import LiveFlow
from apps.flows.definition import NEVER
from apps.flows.judging import verdict_of
from apps.flows.parts import triggers
from apps.flows.reentry import IN_SHADOW, rule
from apps.flows.zones import Zones

log = logging.getLogger(__name__)

MORNING: Final = time(9)
RETRY: Final = timedelta(hours=1)
LANE_PAUSE: Final = timedelta(days=60)
"""At risk and win-back never within so long of each other (product.md section 4)."""
BEGAN: Final = "began"
_LOCK: Final = 1_330_017
"""First half of the advisory lock under which one shop is swept: its flows share the lane of silence."""

Tally = dict[str, int]
"""How many began, were held out, or did not get in, by reason."""


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """What is swept: moments after `since` up to `until`. A state without a moment counts from `live_since`."""

    since: datetime
    until: datetime
    live_since: datetime
    zone: str


_CLAIM = """
WITH first AS (
    SELECT w.flow_id FROM flows_sweep w WHERE w.due_at <= %(at)s
    ORDER BY w.due_at, w.flow_id LIMIT 1 FOR UPDATE SKIP LOCKED
), shop AS (
    SELECT f.store_id, pg_advisory_xact_lock(%(lock)s, (f.store_id %% 2147483647)::int)
    FROM first JOIN flows_flow f ON f.id = first.flow_id
)
SELECT w.flow_id, f.store_id, w.swept_until, s.time_zone
FROM shop JOIN flows_flow f ON f.store_id = shop.store_id JOIN flows_sweep w ON w.flow_id = f.id
JOIN stores_store s ON s.id = f.store_id
WHERE w.due_at <= %(at)s ORDER BY w.flow_id FOR UPDATE OF w SKIP LOCKED
"""

_STAMP = """
UPDATE flows_sweep w SET swept_until = t.swept_until, due_at = t.due_at
FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS t(flow_id, swept_until, due_at)
WHERE w.flow_id = t.flow_id
"""

_KEEP = """
INSERT INTO flows_sweep AS w (flow_id, swept_until, due_at) VALUES (%(flow)s, %(at)s, %(due)s)
ON CONFLICT (flow_id) DO UPDATE SET swept_until = excluded.swept_until, due_at = excluded.due_at WHERE %(anew)s
"""
_OF = """
SELECT f.version_id, s.time_zone FROM flows_flow f JOIN stores_store s ON s.id = f.store_id
WHERE f.id = %s AND f.live AND f.deleted_at IS NULL
"""


def sweep_due(at: datetime) -> int:
    """Sweep the flows of the shop that waited longest, the most important first; returns how many those were."""
    with transaction.atomic():
        claimed = db.rows(_CLAIM, {"at": at, "lock": _LOCK})
        if not claimed:
            return 0
        live = {flow.id: flow for flow in admitting.live_flows({row[1] for row in claimed})}
        claimed.sort(key=lambda row: (live[row[0]].rank if row[0] in live else 0, row[0]))
        stamps = [_swept(row, live.get(row[0]), at) for row in claimed]
        db.run(_STAMP, [list(column) for column in zip(*stamps, strict=True)])
    return len(claimed)


def _swept(row: tuple[Any, ...], flow: LiveFlow | None, at: datetime) -> tuple[int, datetime, datetime]:
    """Sweep one flow; returns its id, until when it is swept, and when it is its turn again."""
    flow_id, _store, since, zone = row
    if flow is None or flow.trigger.due() is None:
        # Off, or its shop is paused: it waits, and what is too old by then begins nothing.
        return flow_id, since, at + RETRY
    try:
        with transaction.atomic():
            sweep(flow, Stretch(since=since, until=at, live_since=flow.live_since, zone=zone), at)
    except Exception:
        log.exception("flow %s could not be swept", flow_id)
        return flow_id, since, at + RETRY
    return flow_id, at, next_morning(at, ZoneInfo(zone))


def next_morning(at: datetime, zone: ZoneInfo) -> datetime:
    """The next nine o'clock where the shop is."""
    local = at.astimezone(zone)
    day = local.date() if local.time() < MORNING else local.date() + timedelta(days=1)
    return datetime.combine(day, MORNING, zone)


def equip(flow_id: int, at: datetime, *, anew: bool) -> None:
    """Give a live flow that goes by dates its broom, and take it from any other.

    Whose day came before a flow was switched on (`anew`) is not taken in; a new version sweeps on.
    """
    for version_id, zone in db.rows(_OF, [flow_id]):
        plan = plans.load([version_id]).get(version_id)
        if plan is not None and plan.definition.trigger.due() is not None:
            due = next_morning(at, ZoneInfo(zone))
            db.run(_KEEP, {"flow": flow_id, "at": at, "due": due, "anew": anew})
            return
    db.run("DELETE FROM flows_sweep WHERE flow_id = %s", [flow_id])


def sweep(flow: LiveFlow, stretch: Stretch, at: datetime) -> Tally:
    """Enroll whose moment lies in the stretch, in one statement and the caller's transaction."""
    statement = enrolling(flow, stretch, at)
    return {str(reason): number for reason, number in db.rows(statement.text, statement.params)}


def enrolling(flow: LiveFlow, stretch: Stretch, at: datetime) -> Sql:
    """The statement: candidates, the flow's filter and exits, re-entry, the lot, the runs and the refusals."""
    due = flow.trigger.due()
    assert due is not None, flow.trigger.kind
    plan = flow.plan.definition
    own = plan.holdout
    share = flow.store_holdout if own is None else own
    return _glued(
        _window(flow, stretch, at),
        Sql(_FOUND, (flow.marked(""),)),
        due,
        Sql(_DOOR, (flow.id,)),
        verdict_of(plan.exits, plan.filter),
        Sql(_JUDGED, (at,)),
        _lane(flow),
        _reentry(flow),
        Sql(_RULED),
        Sql(_entering(flow)),
        Sql(_DRAWN, (flow.id, flow.id, share, at, share)),
        Sql(_BEGAN, (flow.store_id, flow.id, flow.version_id, at)),
        Sql(_TOLD, (flow.store_id, flow.id, at)),
    )


def _glued(*pieces: Sql) -> Sql:
    return Sql("".join(piece.text for piece in pieces), tuple(value for piece in pieces for value in piece.params))


def _window(flow: LiveFlow, stretch: Stretch, at: datetime) -> Sql:
    zones = Zones.of(stretch.zone)
    places = freshness.starts(flow.plan, flow.rules, (stretch.since, stretch.until), at, zones)
    return Sql(
        _WINDOW,
        (
            flow.store_id, stretch.since, stretch.until, stretch.live_since,
            [place.until for place in places], [place.position for place in places], [place.ahead for place in places],
        ),
    )  # fmt: skip


_WINDOW = """
WITH w AS (
    SELECT %s::bigint AS store_id, %s::timestamptz AS since, %s::timestamptz AS until, %s::timestamptz AS live_since
), starts AS (
    SELECT * FROM unnest(%s::timestamptz[], %s::smallint[], %s::interval[]) AS b(until, position, ahead)
), found AS MATERIALIZED ("""
_FOUND = "SELECT customer_id, cart_id, order_id, subject, %s::text || occasion AS occasion, triggered_at, about FROM ("

# Whoever is inside in this very matter, or was for this occasion, is no news. Of two occasions the newer counts.
_DOOR = """
) AS due), door AS (
    SELECT DISTINCT ON (g.customer_id, g.subject) g.* FROM found g
    WHERE NOT EXISTS (SELECT FROM flows_enrollment o WHERE o.flow_id = %s AND o.customer_id = g.customer_id
        AND o.subject = g.subject AND (o.occasion = g.occasion OR o.status = 'active'))
    ORDER BY g.customer_id, g.subject, g.triggered_at DESC
), judged AS MATERIALIZED (
    SELECT e.*, b.position, b.ahead, """

_JUDGED = """ AS reason
    FROM (SELECT 0::bigint AS id, w.store_id, door.*, NULL::timestamptz AS merges_until FROM door, w) AS e
    CROSS JOIN (SELECT %s::timestamptz AS at) AS n
    JOIN stores_store s ON s.id = e.store_id
    JOIN customers_customer p ON p.id = e.customer_id
    LEFT JOIN segments_figures f ON f.customer_id = e.customer_id
    LEFT JOIN carts_cart c ON c.id = e.cart_id
    LEFT JOIN LATERAL (SELECT x.position, x.ahead FROM starts x WHERE x.until >= e.triggered_at
        ORDER BY x.until LIMIT 1) AS b ON true
), ruled AS MATERIALIZED (
    SELECT j.*, CASE WHEN j.reason IS NOT NULL THEN j.reason WHEN j.position IS NULL THEN 'stale'
        WHEN """

_RULED = f""" THEN '{Reason.REENTRY_TOO_SOON}' END AS refused FROM judged j
), ranked AS ("""


def _lane(flow: LiveFlow) -> Sql:
    """Whether the person is in another flow of this lane, or was lately in one that keeps its distance."""
    trigger = flow.trigger
    if not trigger.lane:
        return Sql("false THEN NULL WHEN ")
    near = [kind for kind, one in triggers.items() if one.lane == trigger.lane]
    return Sql(_LANE, (flow.shadow, flow.id, near, LANE_PAUSE, sorted(trigger.apart)))


# What a flow in shadow does is nobody's business but of other shadows.
_LANE = f"""EXISTS (SELECT FROM flows_enrollment o JOIN flows_version v ON v.id = o.version_id
        WHERE o.customer_id = j.customer_id AND starts_with(o.occasion, '{IN_SHADOW}') = %s AND o.flow_id <> %s AND (
            o.status = 'active' AND v.definition -> 'trigger' ?| %s::text[]
            OR o.triggered_at > j.triggered_at - %s::interval AND v.definition -> 'trigger' ?| %s::text[]))
        THEN '{Reason.LANE_TAKEN}' WHEN """


def _reentry(flow: LiveFlow) -> Sql:
    before = "EXISTS (SELECT FROM flows_enrollment o WHERE o.flow_id = %s AND o.customer_id = j.customer_id"
    if not flow.shadow:
        before += f" AND NOT starts_with(o.occasion, '{IN_SHADOW}')"
    match rule(flow.plan.definition.reentry, flow.rules.run_every):
        case timedelta() as period:
            return Sql(f"{before} AND o.triggered_at > j.triggered_at - %s::interval)", (flow.id, period))
        case str() as word if word == NEVER:
            return Sql(f"{before})", (flow.id,))
        case _:
            return Sql(f"{before} AND o.subject = j.subject)", (flow.id,))


def _entering(flow: LiveFlow) -> str:
    """One run per person where the rule says so, of those that come together as well."""
    own = rule(flow.plan.definition.reentry, flow.rules.run_every)
    once = own == NEVER or (isinstance(own, timedelta) and own > timedelta())
    each = "customer_id" if once else "customer_id, subject"
    return f"""
    SELECT *, row_number() OVER (PARTITION BY {each} ORDER BY triggered_at, subject) AS place
    FROM ruled WHERE refused IS NULL
), entering AS MATERIALIZED (
    SELECT * FROM ranked WHERE place = 1
)"""


# A lot that was drawn before stands, whatever the share is now. Sets are looked up, never joined: the planner cannot
# know how many enter, and would lay a hundred thousand beside each other in pairs.
_DRAWN = """, old AS MATERIALIZED (
    SELECT d.customer_id, d.held_out FROM flows_draw d WHERE d.flow_id = %s
), drawn AS (
    INSERT INTO flows_draw (flow_id, customer_id, ticket, held_out, drawn_at)
    SELECT %s, t.customer_id, t.ticket, t.ticket < %s::numeric, %s
    FROM (SELECT g.customer_id, floor(random() * 1000000)::numeric / 10000 AS ticket
        FROM (SELECT DISTINCT customer_id FROM entering) AS g
        WHERE %s::numeric > 0 AND g.customer_id NOT IN (SELECT o.customer_id FROM old o)) AS t
    ON CONFLICT (flow_id, customer_id) DO UPDATE SET flow_id = excluded.flow_id RETURNING customer_id, held_out
), lots AS MATERIALIZED (
    SELECT customer_id FROM drawn WHERE held_out UNION ALL SELECT customer_id FROM old WHERE held_out
), settled AS MATERIALIZED (
    SELECT g.*, g.customer_id IN (SELECT l.customer_id FROM lots l) AS out FROM entering g
)"""
_BEGAN = f""", began AS (
    INSERT INTO flows_enrollment (store_id, flow_id, version_id, customer_id, cart_id, order_id, subject, occasion,
        about, status, reason, position, triggered_at, entered_at, due_at, attempts)
    SELECT %s, %s, %s, n.customer_id, n.cart_id, n.order_id, n.subject, n.occasion, n.about,
        CASE WHEN n.out THEN 'held_out' ELSE 'active' END, CASE WHEN n.out THEN '{Reason.HELD_OUT}' ELSE '' END,
        n.position, n.triggered_at, %s, CASE WHEN NOT n.out THEN n.triggered_at + n.ahead END, 0
    FROM settled n
    ON CONFLICT DO NOTHING
    RETURNING customer_id, occasion, subject, triggered_at, status
), out AS (
    SELECT customer_id, subject, occasion, triggered_at, refused AS reason FROM ruled WHERE refused IS NOT NULL
    UNION ALL SELECT customer_id, subject, occasion, triggered_at, '{Reason.REENTRY_TOO_SOON}' FROM ranked
        WHERE place > 1
    UNION ALL SELECT customer_id, subject, occasion, triggered_at, '{Reason.HELD_OUT}' FROM began
        WHERE status = 'held_out'
)"""
# Why somebody got nothing stands in the diary, once per flow and occasion (`entry.DECLINED`).
_TOLD = f""", told AS (
    INSERT INTO events_event (store_id, customer_id, subject, kind, occurred_at, recorded_at, shape, source_key, data)
    SELECT %s, o.customer_id, o.subject, 'flow.declined', o.triggered_at, w.at, 1,
        w.flow || ':' || o.customer_id || ':' || o.occasion,
        jsonb_build_object('flow', w.flow, 'reason', o.reason, 'cart', NULL)
    FROM out o CROSS JOIN (SELECT %s::bigint AS flow, %s::timestamptz AS at) AS w
    ON CONFLICT (store_id, kind, source_key) DO NOTHING
)
SELECT '{BEGAN}', count(*) FROM began WHERE status = 'active'
UNION ALL SELECT reason, count(*) FROM out GROUP BY reason
"""
