"""Runs and lots when persons merge, ask for a copy, or are forgotten; and baskets nobody may write about.

Runs stay with the emptied row of a person: what a flow earned, and against which control group, is a sum.
"""

from __future__ import annotations

from datetime import datetime

from apps.carts.following import HIS, his
from apps.carts.recording import on_join
from apps.core import db, retention
from apps.core.following import Erasing, Following, exporting, follow, keeping, staying
from apps.core.reasons import Reason

# The older lot decides: who was left in peace once is left in peace.
_YOUNGER_LOT = """
DELETE FROM flows_draw g USING flows_draw o
WHERE g.flow_id = o.flow_id AND (g.customer_id, o.customer_id) IN ((%(gone)s, %(kept)s), (%(kept)s, %(gone)s))
  AND (g.drawn_at, g.id) > (o.drawn_at, o.id)
"""

_PAIRS = """
flows_enrollment g JOIN flows_enrollment o ON o.flow_id = g.flow_id AND o.subject = g.subject
    AND (g.customer_id, o.customer_id) IN ((%(gone)s, %(kept)s), (%(kept)s, %(gone)s))
    AND (g.entered_at, g.id) > (o.entered_at, o.id)
"""

# It ends when it began: from the first, there was one person and one run.
_END_TWINS = f"""
UPDATE flows_enrollment e SET status = 'exited', reason = %(reason)s, due_at = NULL, ended_at = e.entered_at
WHERE e.id IN (SELECT g.id FROM {_PAIRS} WHERE g.status = 'active' AND o.status = 'active')
RETURNING e.id
"""

# "Once per occasion" holds for the older; the younger's steps and clicks stay known under a name of its own.
_RENAME_TWINS = f"""
UPDATE flows_enrollment e SET occasion = left(e.occasion, 58) || '~' || e.id
WHERE e.id IN (SELECT g.id FROM {_PAIRS} WHERE g.occasion = o.occasion)
"""

_WITHDRAW = """
UPDATE mail_message m SET status = 'skipped', reason = %s, due_at = NULL, ended_at = m.planned_at, token = NULL,
    lease_until = NULL
FROM flows_enrollment e
WHERE e.id = ANY(%s::bigint[]) AND m.customer_id = e.customer_id AND m.store_id = e.store_id
  AND m.status IN ('planned', 'claimed') AND starts_with(m.origin, 'run:' || e.id || '/')
"""

_LEAVE = f"""
UPDATE flows_enrollment e SET status = 'exited', reason = %(reason)s, due_at = NULL, ended_at = %(at)s
WHERE e.status = 'active' AND (e.customer_id = ANY(%(customers)s::bigint[])
    OR e.cart_id IN (SELECT c.id FROM carts_cart c WHERE {HIS}))
"""


def _move_lots(_store_id: int, kept: int, gone: int) -> None:
    db.run(_YOUNGER_LOT, {"kept": kept, "gone": gone})
    db.run("UPDATE flows_draw SET customer_id = %s WHERE customer_id = %s", [kept, gone])


def _move_runs(_store_id: int, kept: int, gone: int) -> None:
    """Of two runs that turn out to be one person's in one matter, the older goes on."""
    both = {"kept": kept, "gone": gone}
    ended = [row[0] for row in db.rows(_END_TWINS, {**both, "reason": Reason.DUPLICATE_RUN})]
    db.run(_WITHDRAW, [Reason.DUPLICATE_RUN, ended])
    db.run(_RENAME_TWINS, both)
    db.run("UPDATE flows_enrollment SET customer_id = %s WHERE customer_id = %s", [kept, gone])


@on_join
def _joined(kept: int, gone: int) -> None:
    db.run("UPDATE flows_enrollment SET cart_id = %s WHERE cart_id = %s", [kept, gone])


def _leave(who: Erasing) -> None:
    """Whoever is inside anything leaves it."""
    db.run(_LEAVE, {**his(who), "reason": Reason.SUPPRESSED_EVERYTHING, "at": who.at})
    db.run(
        f"UPDATE flows_enrollment e SET cart_id = NULL FROM carts_cart c WHERE c.id = e.cart_id AND {HIS}",
        his(who),
    )


def _forget_details(who: Erasing) -> None:
    db.run(
        "UPDATE flows_steprun r SET detail = '{}' FROM flows_enrollment e"
        " WHERE e.id = r.enrollment_id AND e.customer_id = ANY(%s::bigint[]) AND r.detail <> '{}'",
        [list(who.customers)],
    )


follow(
    Following(
        model="flows.Draw",
        columns=("customer_id",),
        move=_move_lots,
        export=exporting(
            "flows_draw d JOIN flows_flow f ON f.id = d.flow_id",
            "d.drawn_at, f.slug AS flow, d.held_out",
            where="d.customer_id = %s",
            order="1, d.id",
        ),
        erase=keeping,
    )
)
follow(
    Following(
        model="flows.Enrollment",
        columns=("customer_id",),
        move=_move_runs,
        export=exporting(
            "flows_enrollment e JOIN flows_flow f ON f.id = e.flow_id",
            "e.entered_at, e.id, f.slug AS flow, e.subject, e.occasion, e.status, "
            "e.reason, e.triggered_at, e.due_at, e.ended_at, e.cart_id, e.order_id",
            where="e.customer_id = %s",
            order="1, e.id",
        ),
        erase=_leave,
    )
)
follow(
    Following(
        model="flows.StepRun",
        move=staying,
        export=exporting(
            "flows_steprun r JOIN flows_enrollment e ON e.id = r.enrollment_id",
            "r.enrollment_id, r.position, r.kind, r.outcome, r.detail, r.at",
            where="e.customer_id = %s",
            order="1, 2",
        ),
        erase=_forget_details,
    )
)

follow(
    Following(
        model="flows.Notice",
        move=staying,
        export=exporting(
            "flows_notice n JOIN flows_enrollment e ON e.id = n.enrollment_id",
            "n.at, n.text, n.seen_at",
            where="e.customer_id = %s",
            order="1, n.id",
        ),
        erase=keeping,
    )
)

# No yes and no order: there is no ground on which a mail about it could rest. Up here, because whoever
# holds on to a basket is known.
_IDLE = """
SELECT c.id FROM carts_cart c LEFT JOIN customers_customer p ON p.id = c.customer_id
WHERE c.last_activity_at < %s AND c.order_id IS NULL AND coalesce(p.orders_count, 0) = 0
  AND NOT EXISTS (SELECT 1 FROM consent_permission y WHERE y.customer_id = c.customer_id AND y.state = 'granted')
  AND NOT EXISTS (SELECT 1 FROM flows_enrollment e WHERE e.cart_id = c.id AND e.status = 'active')
  AND NOT EXISTS (SELECT 1 FROM mail_message m WHERE m.cart_id = c.id
      AND m.status IN ('planned', 'claimed', 'sending'))
ORDER BY c.id LIMIT %s FOR UPDATE OF c SKIP LOCKED
"""


@retention.rule("baskets without permission", keep="7 days")
def _baskets(before: datetime, limit: int) -> int:
    ids = [row[0] for row in db.rows(_IDLE, [before, limit])]
    for table in ("mail_message", "flows_enrollment"):
        db.run(f"UPDATE {table} SET cart_id = NULL WHERE cart_id = ANY(%s::bigint[])", [ids])
    db.run("DELETE FROM carts_cartkey WHERE cart_id = ANY(%s::bigint[])", [ids])
    return db.run("DELETE FROM carts_cart WHERE id = ANY(%s::bigint[])", [ids])
