"""What went out, and who had enough of it: mails by purpose, unsubscribes and complaints of a period."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from apps.core import db
from apps.feedback.parts import percentage
from apps.reports.periods import Period
from apps.stores.models import Store


class Sendings(msgspec.Struct, frozen=True, kw_only=True):
    """Mails the provider took, to customers; and the addresses that said no, by any way."""

    by_purpose: dict[str, int]
    """Purpose → mails, the most first."""
    unsubscribed: int
    complained: int

    @property
    def mails(self) -> int:
        return sum(self.by_purpose.values())

    @property
    def unsubscribed_percent(self) -> Decimal | None:
        return percentage(self.unsubscribed, self.mails)

    @property
    def complained_percent(self) -> Decimal | None:
        return percentage(self.complained, self.mails)


_MAILS: Final = """
SELECT purpose, count(*) FROM mail_message
WHERE store_id = %(store)s AND status = 'accepted' AND NOT shadow AND kind <> 'internal'
    AND sending_at >= %(since)s AND sending_at < %(until)s
GROUP BY 1 ORDER BY 2 DESC, 1
"""
_ENOUGH: Final = """
SELECT count(*) FILTER (WHERE reason = 'unsubscribed'), count(*) FILTER (WHERE reason = 'complaint')
FROM consent_suppression WHERE store_id = %(store)s AND at >= %(since)s AND at < %(until)s
"""


def sendings(store: Store, period: Period, at: datetime) -> Sendings:
    """What left in [since, until), and the goodbyes of that time."""
    asked = period.asked(store, at)
    unsubscribed, complained = db.rows(_ENOUGH, asked)[0]
    return Sendings(by_purpose=dict(db.rows(_MAILS, asked)), unsubscribed=unsubscribed, complained=complained)
