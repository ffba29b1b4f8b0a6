"""What was true when: for each table that time changes, the rows as they were from one moment to the next.

Everything here is read from what was kept: the diary, with the moments at which we learned of things, and the stamps
on the rows themselves. What the diary tells of before the shop was joined (its years before) counts from when it
happened. A version is a whole row with `who` it is about and `seen_at`, from when on it stood so; `show` puts the
newest version that a person's clock has reached into the staged table.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from apps.core import db
from apps.events import kinds
from apps.flows.simulating.stage import columns, picked

LOOKS_BACK: Final = timedelta(days=400)
"""As far as the diary goes: conditions may ask what was received or clicked before."""
KEYS: Final = {"consent_permission": "customer_id"}
"""The column that makes a row of a table this row; else its id."""


Part = tuple[int, int]
"""Which one of how many parts of the people."""
WHOLE: Final[Part] = (0, 1)


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What is replayed: a shop, a stretch of time, and the flows whose own traces in it are left out."""

    schema: str
    store_id: int
    joined_at: datetime
    began: datetime
    ended: datetime
    flow_ids: tuple[int, ...]
    part: Part = WHOLE
    told: set[str] = msgspec.field(default_factory=set)
    """The tables of which there is anything to show; `gather` finds out."""

    @property
    def params(self) -> dict[str, Any]:
        return {
            "store": self.store_id,
            "joined": self.joined_at,
            "began": self.began,
            "ended": self.ended,
            "back": self.began - LOOKS_BACK,
            "flows": list(self.flow_ids),
            "part": self.part[0],
            "parts": self.part[1],
        }


SEEN: Final = "CASE WHEN e.occurred_at < %(joined)s THEN e.occurred_at ELSE e.recorded_at END"


def people(scope: Scope, starting: Collection[str], *, everybody: bool) -> int:
    """Whom a replay is about: `sim_person`. `everybody`: a flow begins by the calendar, so for anybody."""
    db.run("CREATE TEMP TABLE sim_person (id bigint PRIMARY KEY) ON COMMIT DROP")
    statement = _EVERYBODY if everybody else _HEARD_OF
    found = db.run(statement.format(s=scope.schema, seen=SEEN), {**scope.params, "kinds": sorted(starting)})
    db.run("ANALYZE sim_person")
    return found


_EVERYBODY = """
INSERT INTO sim_person SELECT id FROM {s}.customers_customer
WHERE store_id = %(store)s AND email_key IS NOT NULL AND erased_at IS NULL AND id %% %(parts)s = %(part)s
"""

_HEARD_OF = """
INSERT INTO sim_person SELECT cu.id FROM {s}.customers_customer cu WHERE cu.id IN (
    SELECT e.customer_id FROM {s}.events_event e WHERE e.store_id = %(store)s AND e.kind = ANY(%(kinds)s::text[])
        AND {seen} >= %(began)s AND {seen} < %(ended)s
    UNION SELECT r.customer_id FROM {s}.flows_enrollment r WHERE r.flow_id = ANY(%(flows)s::bigint[])
        AND r.entered_at < %(began)s AND (r.ended_at IS NULL OR r.ended_at >= %(began)s)
) AND cu.store_id = %(store)s AND cu.erased_at IS NULL AND cu.id %% %(parts)s = %(part)s
"""

# An emptied basket names nobody: it is still the story of whoever had left it.
_OWNERS = """
CREATE TEMP TABLE sim_cart ON COMMIT DROP AS
SELECT c.id, coalesce(c.customer_id, (
    SELECT e.customer_id FROM {s}.events_event e WHERE e.store_id = c.store_id AND e.kind = 'cart.abandoned'
        AND e.subject = 'cart:' || c.id AND e.customer_id IS NOT NULL ORDER BY e.id DESC LIMIT 1)) AS owner
FROM {s}.carts_cart c WHERE c.store_id = %(store)s AND (c.customer_id IN (SELECT id FROM sim_person)
    OR c.customer_id IS NULL AND c.id IN (
        SELECT (e.data ->> 'cart')::bigint FROM {s}.events_event e JOIN sim_person p ON p.id = e.customer_id
        WHERE e.store_id = %(store)s AND e.kind = 'cart.abandoned'))
"""

_EVENTS = """
SELECT coalesce(e.customer_id, b.owner, 0) AS who, {seen} AS seen_at, {columns}
FROM {s}.events_event e LEFT JOIN sim_person p ON p.id = e.customer_id
LEFT JOIN sim_cart b ON e.customer_id IS NULL AND e.subject = 'cart:' || b.id
WHERE e.store_id = %(store)s AND e.occurred_at > %(back)s AND {seen} < %(ended)s
    AND (p.id IS NOT NULL OR b.owner IS NOT NULL OR e.customer_id IS NULL AND e.kind = ANY(%(shopwide)s::text[]))
    AND NOT (e.kind = 'flow.declined' AND (e.data ->> 'flow')::bigint = ANY(%(flows)s::bigint[]))
"""

_CARTS = """
WITH told AS (
    SELECT (e.data ->> 'cart')::bigint AS cart, e.kind, e.customer_id, e.occurred_at AS moment, {seen} AS seen_at,
        e.data, e.id
    FROM {s}.events_event e WHERE e.store_id = %(store)s
        AND e.kind IN ('cart.abandoned', 'cart.ordered', 'cart.emptied') AND {seen} < %(ended)s
), mine AS (
    SELECT c.*, b.owner FROM sim_cart b JOIN {s}.carts_cart c ON c.id = b.id WHERE b.owner IS NOT NULL
), known AS (
    SELECT t.*, m.status AS standing, m.last_activity_at, m.due_at,
        lag(t.seen_at) OVER w AS before_at, lag(t.kind) OVER w AS before_kind
    FROM told t JOIN mine m ON m.id = t.cart WINDOW w AS (PARTITION BY t.cart ORDER BY t.seen_at, t.id)
), moments AS (
    SELECT m.id AS cart, m.started_at AS seen_at, 0::bigint AS nth, 'active' AS status, NULL::timestamptz AS moment,
        NULL::jsonb AS data, m.owner
    FROM mine m
    -- A basket that is told of again had been filled again: last when it began to be silent.
    UNION ALL SELECT k.cart, k.moment - s.abandon_after, 0, 'active', NULL, NULL, k.customer_id
    FROM known k JOIN {s}.stores_store s ON s.id = %(store)s
    WHERE k.kind = 'cart.abandoned' AND k.before_at IS NOT NULL AND k.moment - s.abandon_after > k.before_at
    UNION ALL SELECT k.cart, k.seen_at, k.id, split_part(k.kind, '.', 2), k.moment, k.data, k.customer_id FROM known k
    UNION ALL SELECT m.id, m.last_activity_at, 0, 'active', NULL, NULL, m.owner FROM mine m
    WHERE m.status = 'active' AND m.last_activity_at < %(ended)s AND EXISTS (
        SELECT FROM told t WHERE t.cart = m.id AND t.seen_at < m.last_activity_at)
), placed AS (
    SELECT o.*, lead(o.moment) OVER w AS next_moment, lead(o.status) OVER w AS next_status
    FROM moments o WINDOW w AS (PARTITION BY o.cart ORDER BY o.seen_at, o.nth)
)
SELECT m.owner AS who, p.seen_at, {columns}
FROM placed p JOIN mine m ON m.id = p.cart JOIN {s}.stores_store s ON s.id = m.store_id
WHERE p.seen_at < %(ended)s ORDER BY p.seen_at, p.nth
"""
_CARTS_INSTEAD: Final = {
    "customer_id": "p.owner",
    "status": "p.status",
    "last_activity_at": "coalesce(CASE WHEN p.status = 'abandoned' THEN p.moment - s.abandon_after"
    " WHEN p.status = 'active' AND p.next_status = 'abandoned' THEN p.next_moment - s.abandon_after"
    " WHEN p.status = 'active' THEN p.next_moment END, least(m.last_activity_at, p.seen_at))",
    # An order's or an emptying's line says when the basket was last touched.
    "due_at": "CASE WHEN p.status = 'active' THEN coalesce(p.next_moment"
    " + CASE WHEN p.next_status = 'abandoned' THEN interval '0' ELSE s.abandon_after END, m.due_at) END",
    "abandoned_at": "CASE WHEN p.status = 'abandoned' THEN p.moment END",
    "reached_checkout": "coalesce((p.data ->> 'reached_checkout')::boolean, m.reached_checkout)",
    "total": "coalesce((p.data ->> 'total')::numeric, m.total)",
    "unmailable": "coalesce(p.data ->> 'unmailable', m.unmailable)",
    # What was in it is known unless it was emptied since; then only how much.
    "lines": "CASE WHEN p.status = 'emptied' THEN '[]'::jsonb WHEN m.lines <> '[]'::jsonb THEN m.lines ELSE"
    " (SELECT jsonb_agg('{{}}'::jsonb) FROM generate_series(1, coalesce((p.data ->> 'lines')::int, 1))) END",
    "completed_at": "CASE WHEN p.status = 'ordered' THEN m.completed_at END",
    "gone_at": "CASE WHEN p.status = 'emptied' THEN m.gone_at END",
    "order_id": "CASE WHEN p.status = 'ordered' THEN coalesce((p.data ->> 'order')::bigint, m.order_id) END",
    "told_customer_id": "CASE WHEN p.status = 'abandoned' THEN p.owner END",
}

_REFUNDS = """
CREATE TEMP TABLE sim_refund ON COMMIT DROP AS
SELECT split_part(e.subject, ':', 2)::bigint AS id, {seen} AS seen_at, (e.data ->> 'refunded')::numeric AS refunded
FROM {s}.events_event e WHERE e.store_id = %(store)s AND e.kind = 'order.refunded' AND e.subject LIKE 'order:%%'
"""

_ORDERS = """
WITH told AS (
    SELECT split_part(e.subject, ':', 2)::bigint AS id, e.kind, {seen} AS seen_at
    FROM {s}.events_event e WHERE e.store_id = %(store)s AND e.kind LIKE 'order.%%' AND e.subject LIKE 'order:%%'
), first AS (
    SELECT id, min(seen_at) AS known, min(seen_at) FILTER (WHERE kind = 'order.placed') AS placed,
        min(seen_at) FILTER (WHERE kind = 'order.paid') AS paid,
        min(seen_at) FILTER (WHERE kind = 'order.fulfilled') AS fulfilled,
        min(seen_at) FILTER (WHERE kind = 'order.delivered') AS delivered,
        min(seen_at) FILTER (WHERE kind = 'order.cancelled') AS cancelled
    FROM told GROUP BY id
), mine AS (
    SELECT o.*, coalesce(f.known, o.created_at, o.placed_at, o.recorded_at) AS w_known,
        coalesce(f.placed, o.placed_at) AS w_placed, coalesce(f.paid, o.paid_at) AS w_paid,
        coalesce(f.fulfilled, o.fulfilled_at) AS w_fulfilled, coalesce(f.delivered, o.delivered_at) AS w_delivered,
        coalesce(f.cancelled, o.cancelled_at, CASE WHEN o.stage = 'cancelled' THEN o.modified_at END) AS w_cancelled
    FROM {s}.orders_order o LEFT JOIN first f ON f.id = o.id
    WHERE o.store_id = %(store)s AND o.customer_id IN (SELECT id FROM sim_person)
), moments AS (
    SELECT m.id, t.at FROM mine m CROSS JOIN LATERAL unnest(
        ARRAY[w_known, w_placed, w_paid, w_fulfilled, w_delivered, w_cancelled, gone_at]) AS t(at)
    WHERE t.at IS NOT NULL AND t.at >= m.w_known
    UNION SELECT m.id, r.seen_at FROM mine m JOIN sim_refund r ON r.id = m.id
), then_ AS (
    SELECT m.*, o.at AS seen_at, coalesce(b.refunded, CASE WHEN b.times > 0 THEN 0 ELSE m.refunded END) AS t_refunded
    FROM moments o JOIN mine m ON m.id = o.id CROSS JOIN LATERAL (
        SELECT max(r.refunded) FILTER (WHERE r.seen_at <= o.at) AS refunded, count(*) AS times
        FROM sim_refund r WHERE r.id = m.id) AS b
    WHERE o.at < %(ended)s
), staged AS (
    SELECT t.*, CASE WHEN w_cancelled <= seen_at THEN 'cancelled'
        WHEN stage = 'refunded' AND t_refunded >= total THEN 'refunded' WHEN w_fulfilled <= seen_at THEN 'fulfilled'
        WHEN w_paid <= seen_at THEN 'paid' WHEN w_placed <= seen_at THEN 'placed' ELSE 'unpaid' END AS t_stage,
        coalesce(w_paid <= seen_at, false) AS t_paid
    FROM then_ t
), judged AS (
    SELECT t.*, NOT test AND (t_paid OR t_stage IN ('placed', 'paid', 'fulfilled', 'refunded')) AS t_silences
    FROM staged t
)
SELECT o.customer_id AS who, o.seen_at, {columns} FROM judged o ORDER BY o.seen_at
"""
_ORDERS_INSTEAD: Final = {
    "stage": "o.t_stage",
    "placed_at": "CASE WHEN o.w_placed <= o.seen_at THEN o.placed_at END",
    "paid_at": "CASE WHEN o.t_paid THEN o.paid_at END",
    "fulfilled_at": "CASE WHEN o.w_fulfilled <= o.seen_at THEN o.fulfilled_at END",
    "delivered_at": "CASE WHEN o.w_delivered <= o.seen_at THEN o.delivered_at END",
    "cancelled_at": "CASE WHEN o.w_cancelled <= o.seen_at THEN o.cancelled_at END",
    "gone_at": "CASE WHEN o.gone_at <= o.seen_at THEN o.gone_at END",
    "refunded": "o.t_refunded",
    "silences": "o.t_silences",
    "counts": "o.t_silences AND (o.gone_at IS NULL OR o.gone_at > o.seen_at)"
    " AND o.t_stage NOT IN ('cancelled', 'refunded') AND (o.total = 0 OR o.t_refunded < o.total)",
}

# A word that stands without its line in the diary counts from when it was said.
_PERMISSIONS = """
SELECT e.customer_id AS who, {seen} AS seen_at, e.customer_id, e.data ->> 'state' AS state, e.occurred_at AS at,
    (e.data ->> 'record')::bigint AS record_id
FROM {s}.events_event e JOIN sim_person p ON p.id = e.customer_id
WHERE e.store_id = %(store)s AND e.kind = 'consent.changed' AND {seen} < %(ended)s
UNION ALL SELECT y.customer_id, y.at, y.customer_id, y.state, y.at, y.record_id
FROM {s}.consent_permission y JOIN sim_person p ON p.id = y.customer_id
WHERE y.at < %(ended)s AND NOT EXISTS (SELECT FROM {s}.events_event e WHERE e.store_id = %(store)s
    AND e.kind = 'consent.changed' AND e.source_key = y.record_id || ':' || y.customer_id)
"""

_SUPPRESSIONS = """
WITH told AS (
    SELECT p.id AS who, {seen} AS seen_at, (e.data ->> 'suppression')::bigint AS id, e.data ->> 'scope' AS scope,
        e.data ->> 'reason' AS reason, e.occurred_at AS at
    FROM {s}.events_event e JOIN sim_person p ON p.id = e.customer_id
    WHERE e.store_id = %(store)s AND e.kind IN ('customer.unsubscribed', 'customer.suppressed')
        AND e.data ? 'suppression'
), mine AS (
    SELECT x.*, cu.id AS who FROM {s}.customers_customer cu JOIN sim_person p ON p.id = cu.id
    JOIN {s}.consent_suppression x ON x.store_id = cu.store_id AND x.address_hash = cu.address_hash
), versions AS (
    SELECT t.who, t.seen_at, m.id, t.scope, t.reason, t.at, NULL::timestamptz AS lifted_at
    FROM told t JOIN mine m ON m.id = t.id AND m.who = t.who
    UNION ALL SELECT m.who, m.at, m.id, m.scope, m.reason, m.at, NULL FROM mine m
    WHERE NOT EXISTS (SELECT FROM told t WHERE t.id = m.id AND t.at = m.at)
    UNION ALL SELECT m.who, m.lifted_at, m.id, m.scope, m.reason, m.at, m.lifted_at FROM mine m
    WHERE m.lifted_at IS NOT NULL
)
SELECT v.who, v.seen_at, {columns} FROM versions v JOIN mine m ON m.id = v.id AND m.who = v.who
WHERE v.seen_at < %(ended)s ORDER BY v.seen_at
"""
_SUPPRESSIONS_INSTEAD: Final = {name: f"v.{name}" for name in ("scope", "reason", "at", "lifted_at")}

# What left for these people by any other way, at the moment it left; of the flows themselves only what was before.
_MAILS = """
SELECT m.customer_id AS who, m.sending_at AS seen_at, {columns}
FROM {s}.mail_message m JOIN sim_person p ON p.id = m.customer_id
LEFT JOIN {s}.flows_enrollment r ON m.origin LIKE 'run:%%'
    AND r.id = CASE WHEN m.origin LIKE 'run:%%'
        THEN split_part(split_part(m.origin, '/', 1), ':', 2)::bigint END
WHERE m.sending_at > %(back)s AND m.sending_at < %(ended)s AND NOT m.shadow
    AND (m.sending_at < %(began)s OR r.id IS NULL OR NOT r.flow_id = ANY(%(flows)s::bigint[]))
"""

_CLICKS = """
SELECT m.customer_id AS who, t.at AS seen_at, {columns}
FROM sim_person p JOIN {s}.mail_message m ON m.customer_id = p.id JOIN {s}.tracking_click t ON t.message_id = m.id
WHERE t.at < %(ended)s
"""

# What another app told is known from its line in the diary on; without one, from when the row was written.
_CUSTOM = """
SELECT x.customer_id AS who, CASE WHEN e.id IS NULL THEN x.recorded_at ELSE {seen} END AS seen_at, {columns}
FROM {s}.customers_customevent x JOIN sim_person p ON p.id = x.customer_id
LEFT JOIN {s}.events_event e ON e.store_id = x.store_id AND e.kind = 'custom' AND e.source_key = x.key
WHERE x.store_id = %(store)s AND CASE WHEN e.id IS NULL THEN x.recorded_at ELSE {seen} END < %(ended)s
"""

_CODES = """
SELECT g.customer_id AS who, g.given_at AS seen_at, {columns}
FROM {s}.offers_code g JOIN sim_person p ON p.id = g.customer_id
LEFT JOIN {s}.flows_enrollment r ON r.id = CASE WHEN g.ref LIKE 'run:%%'
    THEN split_part(split_part(g.ref, '/', 1), ':', 2)::bigint END
WHERE g.store_id = %(store)s AND g.given_at < %(ended)s
    AND (g.given_at < %(began)s OR r.id IS NULL OR NOT r.flow_id = ANY(%(flows)s::bigint[]))
"""

_VERSIONS: Final[dict[str, tuple[str, str, dict[str, str]]]] = {
    "events_event": (_EVENTS, "e", {"recorded_at": SEEN}),
    "orders_order": (_ORDERS, "o", _ORDERS_INSTEAD),
    "carts_cart": (_CARTS, "m", _CARTS_INSTEAD),
    "consent_permission": (_PERMISSIONS, "", {}),
    "consent_suppression": (_SUPPRESSIONS, "m", _SUPPRESSIONS_INSTEAD),
    "mail_message": (_MAILS, "m", {}),
    "offers_code": (_CODES, "g", {}),
    "customers_customevent": (_CUSTOM, "x", {}),
    "tracking_click": (_CLICKS, "t", {}),
}

SHOPWIDE: Final = (kinds.PRODUCT_BACK,)
"""Told of nobody in particular: whoever asked for the product is meant."""


def gather(scope: Scope) -> None:
    """Make the versions of every table that time changes, of the people in `sim_person`."""
    db.run(_OWNERS.format(s=scope.schema), {"store": scope.store_id})
    db.run("CREATE INDEX ON sim_cart (('cart:' || id))")
    joined = {"store": scope.store_id, "joined": scope.joined_at}
    db.run(_REFUNDS.format(s=scope.schema, seen=SEEN), joined)
    db.run("CREATE INDEX ON sim_refund (id)")
    db.run("ANALYZE sim_cart, sim_refund")
    for table, (statement, alias, instead) in _VERSIONS.items():
        names = picked(scope.schema, table, alias, instead) if alias else ""
        made = statement.replace("{columns}", names).format(s=scope.schema, seen=SEEN)
        db.run(f"CREATE TEMP TABLE was_{table} (who bigint, seen_at timestamptz, LIKE {table}) ON COMMIT DROP")
        if db.run(f"INSERT INTO was_{table} {made}", {**scope.params, "shopwide": list(SHOPWIDE)}):
            scope.told.add(table)
        db.run(f"CREATE INDEX ON was_{table} (who, seen_at)")
        db.run(f"ANALYZE was_{table}")
    db.run("CREATE INDEX ON was_events_event (seen_at, id)")


class Clocks(msgspec.Struct, frozen=True):
    """Where some people's clocks stood, and where they stand now; the three go together."""

    people: list[int]
    before: list[datetime]
    now: list[datetime]


def show(scope: Scope, clocks: Clocks) -> list[int]:
    """Let these people's rows be as they were at their moments; returns who has orders that changed by it."""
    params = [clocks.people, clocks.before, clocks.now]
    changed: Sequence[tuple[Any, ...]] = ()
    for table in sorted(scope.told):
        statement = _SHOW[table] if table in _SHOW else _SHOW.setdefault(table, _showing(scope.schema, table))
        if table == "orders_order":
            changed = db.rows(f"{statement} RETURNING customer_id", params)
        else:
            db.run(statement, params)
    return sorted({row[0] for row in changed if row[0] is not None})


_SHOW: dict[str, str] = {}


def _showing(schema: str, table: str) -> str:
    key = KEYS.get(table, "id")
    names = columns(schema)[table]
    sets = ", ".join(f"{name} = excluded.{name}" for name in names if name != key)
    return f"""
    INSERT INTO {table} ({", ".join(names)}) OVERRIDING SYSTEM VALUE
    SELECT DISTINCT ON (v.{key}) {", ".join(f"v.{name}" for name in names)}
    FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[]) AS k(who, before, at)
    JOIN was_{table} v ON v.who = k.who AND v.seen_at > k.before AND v.seen_at <= k.at
    ORDER BY v.{key}, v.seen_at DESC
    ON CONFLICT ({key}) DO UPDATE SET {sets}"""
