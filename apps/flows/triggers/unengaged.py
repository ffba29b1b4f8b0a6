from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.durations import Duration
from apps.core.sql import Sql
from apps.flows.parts import OnDate, triggers
from apps.flows.purchases import THEIR_PAST

# Marketing mails of the stretch, however many of them were of this flow.
_MAILS = """(SELECT count(*) AS number, max(m.sending_at) AS last FROM mail_message m
    WHERE m.customer_id = p.id AND m.store_id = p.store_id AND m.kind = 'marketing' AND m.status = 'accepted'
    AND NOT m.shadow AND m.sending_at > w.until - %s::interval)"""
_VISITED = """EXISTS (SELECT FROM carts_cart b
    WHERE b.customer_id = p.id AND b.last_activity_at > w.until - %s::interval)"""
_SIGN = """EXISTS (SELECT FROM events_event d WHERE d.customer_id = p.id AND d.store_id = p.store_id
    AND d.kind IN ('mail.clicked', 'survey.answered', 'review.given', 'order.placed')
    AND d.occurred_at > w.until - %s::interval)"""


@triggers.register("unengaged")
@dataclass(frozen=True, slots=True, kw_only=True)
class Unengaged(OnDate):
    """Somebody got so many mails and showed no sign of life: no click, answer, visit or order."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("No sign of life")

    received: int = field(
        default=10, metadata={"label": _("Mails received"), "help": _("or more"), "min_value": 3, "max_value": 100,
                              "example": 10}
    )  # fmt: skip
    within: Duration = field(default=Duration(180, "d"), metadata={"label": _("In the last")})

    def due(self) -> Sql:
        """Who had their last mail since the flow was switched on."""
        stretch = self.within.delta
        return Sql(
            f"""
            SELECT p.id AS customer_id, NULL::bigint AS cart_id, NULL::bigint AS order_id, ''::text AS subject,
                'unengaged:' || to_char(g.last AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS occasion,
                w.until AS triggered_at, '{{}}'::jsonb AS about
            {THEIR_PAST}
            CROSS JOIN LATERAL {_MAILS} AS g
            WHERE f.received >= %s AND coalesce(f.engaged_at < w.until - %s::interval, true)
                AND p.created_at < w.until - %s::interval AND g.number >= %s AND g.last > w.live_since
                AND NOT {_VISITED} AND NOT {_SIGN}
            """,
            (stretch, self.received, stretch, stretch, self.received, stretch, stretch),
        )
