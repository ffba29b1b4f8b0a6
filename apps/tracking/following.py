"""Clicks when persons merge, ask for a copy, or are forgotten: they hang on the mail."""

from __future__ import annotations

from datetime import datetime

from apps.core import db, retention
from apps.core.following import Following, exporting, follow, keeping, staying

follow(
    Following(
        model="tracking.Click",
        move=staying,
        export=exporting(
            "tracking_click k JOIN mail_message m ON m.id = k.message_id",
            "k.at, k.message_id, k.slot, k.machine",
            where="m.customer_id = %s",
            order="1, k.id",
        ),
        erase=keeping,
    )
)

# Whoever typed an address on the sign-up page proved nothing of it: when the mailbox stays silent, it is forgotten,
# unless the shop knows the person from elsewhere. Up here, because the mail that asked names it too.
_UNCONFIRMED = """
SELECT DISTINCT u.customer_id FROM feedback_signup u JOIN customers_customer c ON c.id = u.customer_id
JOIN consent_permission y ON y.customer_id = u.customer_id AND y.state = 'pending'
WHERE u.at < %s AND u.outcome = 'asked' AND c.email_key IS NOT NULL AND c.orders_count = 0
  AND NOT EXISTS (SELECT 1 FROM feedback_signup l WHERE l.customer_id = c.id AND l.at >= %s)
  AND NOT EXISTS (SELECT 1 FROM consent_consentrecord r WHERE r.customer_id = c.id AND r.state <> 'pending')
  AND NOT EXISTS (SELECT 1 FROM orders_order o WHERE o.customer_id = c.id)
  AND NOT EXISTS (SELECT 1 FROM carts_cart b WHERE b.customer_id = c.id)
  AND NOT EXISTS (SELECT 1 FROM customers_customerkey k WHERE k.customer_id = c.id)
ORDER BY 1 LIMIT %s
"""


@retention.rule("addresses nobody confirmed", keep="30 days")
def _addresses(before: datetime, limit: int) -> int:
    ids = [row[0] for row in db.rows(_UNCONFIRMED, [before, before, limit])]
    db.run("UPDATE mail_message SET address = '' WHERE customer_id = ANY(%s::bigint[])", [ids])
    return db.run(
        "UPDATE customers_customer SET email = NULL, email_key = NULL, address_hash = NULL, locale = ''"
        " WHERE id = ANY(%s::bigint[])",
        [ids],
    )
