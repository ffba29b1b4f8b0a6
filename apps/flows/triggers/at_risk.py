from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.sql import Sql
from apps.flows.parts import OnDate, triggers
from apps.flows.purchases import THEIR_PAST, day_of
from apps.flows.silence import SILENCE


@triggers.register("at_risk")
@dataclass(frozen=True, slots=True, kw_only=True)
class AtRisk(OnDate):
    """Somebody who came regularly stays away and no longer looks at the mails: once per silence."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Came to be at risk")
    lane: ClassVar[str] = SILENCE
    apart: ClassVar[frozenset[str]] = frozenset({"at_risk", "lapsed"})

    def due(self) -> Sql:
        """Who is at risk now, and was not yet when the flow was switched on.

        Nobody keeps since when: it takes a mail that went unread to become so, so the last of them tells.
        """
        last = day_of("p.last_order_at")
        return Sql(
            f"""
            SELECT p.id AS customer_id, NULL::bigint AS cart_id, NULL::bigint AS order_id, ''::text AS subject,
                'at_risk:' || {last} AS occasion, w.until AS triggered_at,
                jsonb_build_object('since', {last}) AS about
            {THEIR_PAST}
            WHERE f.at_risk AND p.last_order_at = f.last_at AND greatest(f.expected_at, (SELECT max(m.sending_at)
                FROM mail_message m WHERE m.customer_id = p.id AND m.store_id = p.store_id
                    AND m.kind = 'marketing' AND m.status = 'accepted' AND NOT m.shadow)) > w.live_since
            """
        )
