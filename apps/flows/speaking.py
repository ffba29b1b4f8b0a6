"""The ordinary case in one statement: nothing stands in the way, one mail is asked for, and the run moves on.

Most steps that come due are a mail with nothing but waiting before it. For those the database alone works out when the
mail is due, judges, plans the mail, writes the trace and moves the run, in the very words the engine uses row by row.
Whatever is not ordinary (not due after all, an exit, a hold, the mail before still waits) is left to the engine, which
asks anew: so here nothing is decided but "go". A test walks random plans both ways and compares every row.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from apps.core import db
from apps.flows.judging import Rulebook
from apps.flows.lateness import GRACE, GRACE_SHARE
from apps.flows.plans import Plan
from apps.flows.shapes import Shape
from apps.flows.walking import BREATH, Place, Setting
from apps.flows.words import SERVICE

# The mail of the step before, and how late it went (`lateness.after_mail`); NULL: the engine must look.
_MOMENT: Final = f"""
    CASE WHEN m.id IS NULL OR r.spoke_at IS NULL THEN r.planned
        WHEN m.status IN ('planned', 'claimed') THEN NULL
        WHEN m.status IN ('sending', 'accepted', 'unknown') AND m.sending_at IS NOT NULL
            AND m.sending_at + r.gap - r.planned
                > least(r.gap / {GRACE_SHARE}, interval '{GRACE.total_seconds():.0f} seconds')
            THEN m.sending_at + r.gap
        ELSE r.planned END"""

_SPEAK = """
WITH shapes AS MATERIALIZED (
    SELECT * FROM unnest(%(versions)s::bigint[], %(positions)s::smallint[], %(mails)s::smallint[],
        %(nexts)s::smallint[], %(starts)s::interval[], %(walks)s::interval[], %(waits)s::interval[],
        %(templates)s::text[], %(kinds)s::text[], %(purposes)s::text[], %(priorities)s::smallint[],
        %(valids)s::interval[], %(merges)s::interval[], %(baskets)s::boolean[], %(first)s::boolean[],
        %(shadows)s::boolean[], %(onwards)s::boolean[])
        AS g(version_id, position, mail, next, start, walk, wait, template, kind, purpose, priority, valid, merge,
            basket, first, shadow, onward)
), placed AS MATERIALIZED (
    SELECT r.id, r.store_id, r.customer_id, r.cart_id, r.order_id, r.about, r.triggered_at, r.spoke, r.spoke_at,
        coalesce(r.step_at, r.triggered_at + g.start) AS planned,
        greatest(coalesce(r.step_at, r.triggered_at + g.start) - r.spoke_at, interval '0') AS gap,
        r.triggered_at + g.merge AS merges_until, g.mail, g.next, g.walk, g.wait, g.template, g.kind, g.purpose,
        g.priority, g.valid, g.basket, g.shadow, g.onward
    FROM flows_enrollment r JOIN shapes g ON g.version_id = r.version_id AND g.position = r.position
    WHERE r.id = ANY(%(runs)s::bigint[]) AND (r.step_at IS NOT NULL OR g.first)
        -- A mail that brings a code, or whose use ends on a day, is wished for row by row (`wishing`).
        AND NOT r.about ?| ARRAY['code', 'ends']
), e AS MATERIALIZED (
    SELECT r.*, {moment} AS moment FROM placed r
    LEFT JOIN mail_message m ON m.store_id = r.store_id AND m.origin = 'run:' || r.id || '/step:' || r.spoke
), judged AS MATERIALIZED (
    SELECT e.*, greatest(e.planned, e.triggered_at + e.walk) AS mail_at,
        greatest(e.moment - e.planned, interval '0') AS late, {verdict} AS reason, {hold} AS held, s.sending_epoch,
        CASE WHEN e.basket THEN coalesce(c.started_at, e.triggered_at) END AS since
    FROM e CROSS JOIN (SELECT %(at)s::timestamptz AS at) AS n
    JOIN stores_store s ON s.id = e.store_id
    JOIN customers_customer p ON p.id = e.customer_id
    LEFT JOIN segments_figures f ON f.customer_id = e.customer_id
    LEFT JOIN carts_cart c ON c.id = e.cart_id
    WHERE e.moment <= %(at)s
), going AS MATERIALIZED (
    SELECT j.*, j.mail_at + j.late AS due, greatest(j.mail_at, j.triggered_at + j.wait) AS next_at FROM judged j
    WHERE j.reason IS NULL AND (j.held IS NULL OR j.held <= %(at)s) AND j.mail_at + j.late <= %(at)s
), mailed AS (
    INSERT INTO mail_message (uid, store_id, customer_id, origin, kind, purpose, priority, template_slug, cart_id,
        order_id, since, night_only, about, shadow, status, planned_at, wanted_at, due_at, valid_until, reason, verdict,
        claims, attempts, sending_epoch, holder, address, basis, policy_version, evidence, provider_id, response)
    SELECT gen_random_uuid(), w.store_id, w.customer_id, 'run:' || w.id || '/step:' || w.mail, w.kind, w.purpose,
        w.priority, w.template, w.cart_id, w.order_id, w.since, w.basket AND w.spoke IS NULL, w.about, w.shadow,
        'planned', %(at)s, w.due, w.due, w.due + w.valid, '', '{{}}', 0, 0, w.sending_epoch, '', '', '', '', '{{}}',
        '', ''
    FROM going w ON CONFLICT (store_id, origin) DO NOTHING
), noted AS (
    INSERT INTO flows_steprun (enrollment_id, position, kind, outcome, detail, at)
    SELECT w.id, w.mail, 'send_email', 'planned', '{{}}', %(at)s FROM going w
    ON CONFLICT (enrollment_id, position) DO NOTHING
), moved AS (
    UPDATE flows_enrollment r SET attempts = 0, reason = '', position = w.next,
        status = CASE WHEN w.onward THEN 'active' ELSE 'completed' END,
        due_at = CASE WHEN w.onward THEN greatest(w.next_at + w.late, %(at)s::timestamptz + %(breath)s) END,
        step_at = CASE WHEN w.onward THEN w.next_at END,
        spoke = CASE WHEN w.onward THEN w.mail END,
        spoke_at = CASE WHEN w.onward THEN w.mail_at END,
        ended_at = CASE WHEN w.onward THEN NULL ELSE %(at)s::timestamptz END
    FROM going w WHERE r.id = w.id
)
SELECT id FROM going
"""


def speak(places: Sequence[Place], known: dict[int, Plan], settings: dict[int, Setting], at: datetime) -> set[int]:
    """Take the ordinary steps of these runs, which the caller has locked; returns whose were taken."""
    groups: dict[Rulebook, list[tuple[Place, Shape]]] = defaultdict(list)
    for place in places:
        plan = known.get(place.version_id)
        if plan is None or place.flow_id not in settings or place.position >= len(plan.nodes):
            continue
        shape = plan.shapes[place.position]
        if shape is not None:
            groups[plan.rules].append((place, shape))
    taken: set[int] = set()
    for rulebook, group in groups.items():
        taken |= _speak(rulebook, group, known, settings, at)
    return taken


def _speak(
    rulebook: Rulebook,
    group: Sequence[tuple[Place, Shape]],
    known: dict[int, Plan],
    settings: dict[int, Setting],
    at: datetime,
) -> set[int]:
    shapes = {(place.version_id, place.position): (place.flow_id, shape) for place, shape in group}
    rows = [
        _row(version, position, shape, known[version], settings[flow])
        for (version, position), (flow, shape) in shapes.items()
    ]
    columns = dict(zip(_COLUMNS, map(list, zip(*rows, strict=True)), strict=True))
    statement, asked = _statement(rulebook)
    given = {**columns, **asked, "runs": [place.id for place, _ in group], "at": at, "breath": BREATH}
    return {row[0] for row in db.rows(statement, given)}


@lru_cache(maxsize=1024)
def _statement(rulebook: Rulebook) -> tuple[str, dict[str, Any]]:
    """The statement of a rulebook, its nameless values given names beside ours."""
    names = iter(f"rule{place}" for place in range(len(rulebook.params)))
    verdict = _SIGN.sub(lambda sign: f"%({next(names)})s" if sign[0] == "%s" else sign[0], rulebook.verdict)
    text = _SPEAK.format(moment=_MOMENT, verdict=verdict, hold=rulebook.hold)
    return text, {f"rule{place}": value for place, value in enumerate(rulebook.params)}


_SIGN: Final = re.compile(r"%[%s]")


_COLUMNS = (
    "versions", "positions", "mails", "nexts", "starts", "walks", "waits", "templates", "kinds", "purposes",
    "priorities", "valids", "merges", "baskets", "first", "shadows", "onwards",
)  # fmt: skip


def _row(version: int, position: int, shape: Shape, plan: Plan, setting: Setting) -> tuple[Any, ...]:
    definition, step = plan.definition, shape.step
    valid = step.valid_for.delta if step.valid_for else setting.rules.valid_for(definition.purpose)
    kind = "service" if definition.purpose in SERVICE else "marketing"
    return (
        version, position, shape.mail, shape.next, shape.start, shape.walk, shape.wait, step.template, kind,
        definition.purpose, definition.rank, valid, plan.merge_within(setting.rules),
        definition.trigger.lane == "basket", shape.first, setting.shadow,
        shape.onward,
    )  # fmt: skip
