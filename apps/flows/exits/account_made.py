from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from apps.core.reasons import Reason
from apps.core.sql import Sql
from apps.events import kinds
from apps.flows.parts import exits


@exits.register("account_made")
@dataclass(frozen=True, slots=True, kw_only=True)
class AccountMade:
    """Somebody made an account in the shop."""

    kind: ClassVar[str]
    label: ClassVar[Any] = _("Account made")
    reason: ClassVar[Reason] = Reason.ACCOUNT_MADE
    hears: ClassVar[frozenset[str]] = frozenset({kinds.ORDER_PLACED})
    completes: ClassVar[bool] = True

    def where(self) -> Sql:
        return Sql(
            "EXISTS (SELECT FROM customers_customerkey k WHERE k.customer_id = e.customer_id AND k.kind = 'account')"
        )
