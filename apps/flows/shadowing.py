"""A flow in shadow: on, deciding and writing down why, and sending nothing (product.md U14).

What it would have sent ends as not sent with the reason `shadow`, at the moment it would have left. Such mail takes
the place of other such mail under the caps and never of mail that leaves; nobody in it is kept out of another flow.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from apps.core import db
from apps.core.reasons import Reason
from apps.flows.models import Flow
from apps.flows.publishing import NotPublished, go_live
from apps.flows.simulating.report import Line
from apps.flows.withdrawing import withdraw_flow

__all__ = ["NotPublished", "decides_only", "decisions", "refusals", "sends"]

_LEAVE = """
UPDATE flows_enrollment SET status = 'exited', reason = %s, due_at = NULL, ended_at = %s
WHERE flow_id = %s AND status = 'active'
"""

_LINES = """
SELECT m.customer_id, m.template_slug, m.ended_at, (
    SELECT min(o.placed_at) FROM orders_order o WHERE o.customer_id = m.customer_id AND o.silences
        AND o.placed_at >= m.ended_at AND o.placed_at < m.ended_at + interval '7 days')
FROM mail_message m JOIN flows_enrollment r ON r.customer_id = m.customer_id AND r.flow_id = %(flow)s
    AND starts_with(m.origin, 'run:' || r.id || '/')
WHERE m.store_id = %(store)s AND m.shadow AND m.status = 'skipped' AND m.reason = 'shadow'
ORDER BY m.ended_at DESC, m.id DESC LIMIT %(most)s
"""

_REASONS = """
SELECT m.reason, count(*) FROM mail_message m JOIN flows_enrollment r ON r.customer_id = m.customer_id
    AND r.flow_id = %(flow)s AND starts_with(m.origin, 'run:' || r.id || '/')
WHERE m.store_id = %(store)s AND m.shadow AND m.status = 'skipped' AND m.reason <> 'shadow'
GROUP BY 1 ORDER BY 2 DESC, 1
"""


def decides_only(flow: Flow, at: datetime) -> None:
    """Switch on in shadow: from now on it decides, and nothing of it leaves. Raises NotPublished."""
    _turn(flow, at, shadow=True)


def sends(flow: Flow, at: datetime) -> None:
    """Switch on for real. Whoever was inside in shadow leaves: nobody gets a second mail without the first.

    Raises NotPublished.
    """
    _turn(flow, at, shadow=False)


def _turn(flow: Flow, at: datetime, *, shadow: bool) -> None:
    with transaction.atomic():
        locked = Flow.objects.select_for_update().get(pk=flow.pk)
        if locked.version_id is None or locked.deleted_at is not None:
            go_live(locked, at)
        if locked.shadow != shadow:
            # Half a story in shadow and half of it sent would be neither.
            db.run(_LEAVE, [Reason.ENROLLMENT_ENDED, at, flow.pk])
            withdraw_flow(flow.pk, Reason.ENROLLMENT_ENDED, at)
            locked.shadow, locked.live = shadow, False
            locked.save(update_fields=["shadow", "live"])
        go_live(locked, at)
    flow.refresh_from_db()


def decisions(flow: Flow, most: int) -> list[Line]:
    """What would have left, newest first."""
    rows = db.rows(_LINES, {"flow": flow.pk, "store": flow.store_id, "most": most})
    return [_line(flow, row) for row in rows]


def _line(flow: Flow, row: Sequence[Any]) -> Line:
    customer, template, at, bought = row
    return Line(customer_id=customer, flow=flow.slug, template=template, version=None, at=at, bought_at=bought)


def refusals(flow: Flow) -> list[tuple[str, int]]:
    """What would not have left either, by its reason."""
    return [(row[0], row[1]) for row in db.rows(_REASONS, {"flow": flow.pk, "store": flow.store_id})]
