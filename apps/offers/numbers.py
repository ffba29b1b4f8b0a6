"""What offers cost: counted from the codes themselves, never estimated."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from apps.core import db
from apps.offers import limits

MADE = "(c.issued_at IS NOT NULL)"


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """Of the codes given in a time, in one currency. `share` None: nothing was given, so there is no share."""

    given: int
    redeemed: int
    discount: Decimal
    share: Decimal | None


_COST = f"""
SELECT currency, count(*), count(*) FILTER (WHERE used), coalesce(sum(discount) FILTER (WHERE used), 0) FROM (
    SELECT CASE WHEN c.status = 'redeemed' AND c.discount_currency <> '' THEN c.discount_currency ELSE f.currency END
        AS currency, c.status = 'redeemed' AS used, c.discount
    FROM offers_code c JOIN offers_offer f ON f.id = c.offer_id
    WHERE c.store_id = %s AND c.given_at >= %s AND c.given_at < %s AND {MADE}
) AS t GROUP BY currency ORDER BY currency
"""


def cost(store_id: int, since: datetime, until: datetime) -> dict[str, Cost]:
    """Per currency: codes given from `since` until before `until`, those used, what they took off, and the share."""
    return {
        row[0]: Cost(given=row[1], redeemed=row[2], discount=row[3], share=Decimal(row[2]) / row[1])
        for row in db.rows(_COST, [store_id, since, until])
    }


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One offer's numbers, as its page shows them."""

    waiting: int
    given: int
    redeemed: int
    expired: int
    refused: int
    leaked: int
    discounts: tuple[tuple[str, Decimal], ...]
    """(currency, discount)"""
    spent: Decimal
    """Of this month's budget, in the offer's currency."""

    @property
    def share(self) -> Decimal | None:
        """How many of a hundred were used; None when nothing was given."""
        return Decimal(self.redeemed * 100) / self.given if self.given else None


_ACCOUNT = f"""
SELECT count(*) FILTER (WHERE c.status IN ('wanted', 'issuing')), count(*) FILTER (WHERE {MADE}),
    count(*) FILTER (WHERE c.status = 'redeemed'),
    count(*) FILTER (WHERE {MADE} AND c.status IN ('expired', 'withdrawn')),
    count(*) FILTER (WHERE c.status = 'refused'), count(c.leaked_at)
FROM offers_code c WHERE c.offer_id = %s
"""
_DISCOUNTS = """
SELECT c.discount_currency, sum(c.discount) FROM offers_code c
WHERE c.offer_id = %s AND c.status = 'redeemed' AND c.discount_currency <> '' GROUP BY 1 ORDER BY 1
"""


def account(offer_id: int, at: datetime) -> Account:
    """Everything given with this offer, ever."""
    row = db.rows(_ACCOUNT, [offer_id])[0]
    return Account(
        waiting=row[0],
        given=row[1],
        redeemed=row[2],
        expired=row[3],
        refused=row[4],
        leaked=row[5],
        discounts=tuple((line[0], line[1]) for line in db.rows(_DISCOUNTS, [offer_id])),
        spent=limits.spent(offer_id, at).amount,
    )


_FARMERS = f"""
SELECT w.customer_id FROM (
    SELECT c.customer_id FROM offers_code c WHERE c.store_id = %(store)s AND c.customer_id IS NOT NULL
      AND c.given_at > %(at)s - %(year)s GROUP BY 1 HAVING count(*) >= {min(limits.FARMED_CODES, limits.FARMED_BASKETS)}
) AS w WHERE {limits.FARMS} ORDER BY 1 LIMIT 200
"""


def farmers(store_id: int, at: datetime) -> list[int]:
    """Customers of this shop who get no offer, for they seem to leave baskets to get one."""
    params: dict[str, Any] = {**limits.params(at), "store": store_id}
    return [row[0] for row in db.rows(_FARMERS, params)]
