from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.events import kinds
from apps.flows.parts import exits

_ENGAGED = """EXISTS (SELECT FROM events_event d WHERE d.customer_id = e.customer_id AND d.store_id = e.store_id
        AND d.kind IN ('mail.clicked', 'survey.answered', 'review.given', 'order.placed', 'cart.abandoned')
        AND d.occurred_at > e.triggered_at)
    OR EXISTS (SELECT FROM carts_cart b WHERE b.customer_id = e.customer_id AND b.last_activity_at > e.triggered_at)
    OR f.engaged_at > e.triggered_at"""


@exits.register("engaged")
@dataclass(frozen=True, slots=True, kw_only=True)
class Engaged:
    """A sign of life since it began: a click, an answer, a review, a basket or an order."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Sign of life")
    reason: ClassVar[Reason] = Reason.ENGAGED
    hears: ClassVar[frozenset[str]] = frozenset(
        {
            kinds.MAIL_CLICKED, kinds.SURVEY_ANSWERED, kinds.REVIEW_GIVEN, kinds.ORDER_PLACED, kinds.CART_ABANDONED,
        }
    )  # fmt: skip
    completes: ClassVar[bool] = True

    def where(self) -> Sql:
        return Sql(_ENGAGED)
