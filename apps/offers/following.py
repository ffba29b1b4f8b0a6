"""Codes when persons merge, ask for a copy, or are forgotten.

What was given, used and saved stays for the sums; whose it was goes, and a code that is still open is deleted in
the shop, where it names an address.
"""

from __future__ import annotations

from apps.core import db
from apps.core.following import Erasing, Following, exporting, follow, keeping, repointing, staying

_ERASE = """
UPDATE offers_code c SET customer_id = NULL, ref = 'erased:' || c.id,
    status = CASE WHEN c.status = 'wanted' AND c.attempts = 0 THEN 'withdrawn'
        WHEN c.status IN ('wanted', 'issuing', 'issued') THEN 'expired' ELSE c.status END,
    due_at = CASE WHEN c.status = 'wanted' AND c.attempts = 0 THEN NULL
        WHEN c.status IN ('wanted', 'issuing', 'issued', 'expired') THEN %s ELSE NULL END, token = NULL
WHERE c.customer_id = ANY(%s::bigint[])
"""


def _erase(who: Erasing) -> None:
    db.run(_ERASE, [who.at, list(who.customers)])


follow(
    Following(
        model="offers.Code",
        columns=("customer_id",),
        move=repointing("offers_code"),
        export=exporting(
            "offers_code c JOIN offers_offer f ON f.id = c.offer_id",
            "c.given_at, c.id, f.name AS offer, c.code, c.status, c.ends_at, c.issued_at, c.redeemed_at, c.discount, "
            "c.discount_currency, c.order_id",
            where="c.customer_id = %s",
            order="1, 2",
        ),
        erase=_erase,
    )
)
follow(
    Following(
        model="offers.CreditGiven",
        move=staying,
        export=exporting(
            "offers_creditgiven g JOIN offers_code c ON c.id = g.code_id",
            "g.asked_at, g.code_id",
            where="c.customer_id = %s",
        ),
        erase=keeping,
    )
)
