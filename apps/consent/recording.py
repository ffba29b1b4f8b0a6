"""Consent into rows: every word kept, the newest one in force."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec

from apps.core import db
from apps.events import kinds
from apps.events.log import Happened, append, as_history
from apps.stores.snapshots import ConsentGiven


class ConsentNews(msgspec.Struct, frozen=True, kw_only=True):
    """One person's word on its way in. `at` is the platform's moment, else the arrival.

    `account` only where no address stood beside it.
    """

    store_id: int
    customer_id: int
    given: ConsentGiven
    at: datetime
    account: str = ""


_INSERT = """
INSERT INTO consent_consentrecord (customer_id, state, at, source, text_version, notice_id, double_opt_in, attest,
    account)
SELECT t.customer_id, t.state, t.at, t.source, t.text_version,
    (SELECT n.id FROM stores_notice n WHERE n.store_id = t.store_id AND n.kind = 'opt_in'
        AND (n.from_at IS NULL OR n.from_at <= t.at) AND (n.until_at IS NULL OR n.until_at > t.at)
     ORDER BY n.from_at DESC NULLS LAST, n.id DESC LIMIT 1),
    t.double_opt_in, t.attest, t.account
FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[], %s::text[], %s::text[], %s::boolean[],
    %s::boolean[], %s::text[])
    AS t(store_id, customer_id, state, at, source, text_version, double_opt_in, attest, account)
ON CONFLICT DO NOTHING
"""

_STORES = "SELECT id, store_id FROM customers_customer WHERE id = ANY(%s::bigint[])"

_STANDING = "SELECT customer_id, state, at, record_id FROM consent_permission WHERE customer_id = ANY(%s::bigint[])"

RANK = "CASE state WHEN 'erased' THEN 3 WHEN 'denied' THEN 2 WHEN 'granted' THEN 1 ELSE 0 END"
"""Two words of one second: the careful one counts."""

_NEWEST = f"""
INSERT INTO consent_permission AS p (customer_id, state, at, record_id)
SELECT DISTINCT ON (customer_id) customer_id, state, at, id FROM consent_consentrecord
WHERE customer_id = ANY(%s::bigint[])
ORDER BY customer_id, attest, at DESC, {RANK} DESC, double_opt_in DESC, source DESC, account DESC, id DESC
ON CONFLICT (customer_id) DO UPDATE SET state = excluded.state, at = excluded.at, record_id = excluded.record_id
WHERE p.record_id <> excluded.record_id
RETURNING p.customer_id, p.state, p.at, p.record_id
"""

# The owner's hand can say yes here for somebody else: by a file, or in Shopify's own admin, whose webhook looks
# the same as a shopper's. Only what a person did, or confirmed by mail, takes an unsubscribe back.
_LIFT = """
UPDATE consent_suppression s SET lifted_at = p.at
FROM consent_permission p JOIN customers_customer c ON c.id = p.customer_id
JOIN consent_consentrecord r ON r.id = p.record_id
WHERE p.customer_id = ANY(%s::bigint[]) AND p.state = 'granted' AND NOT r.attest
  AND (r.double_opt_in OR r.source NOT IN ('import', 'shopify'))
  AND s.store_id = c.store_id AND s.address_hash = c.address_hash AND s.scope = 'marketing'
  AND s.lifted_at IS NULL AND s.at < p.at
"""


def record(
    news: Sequence[ConsentNews], at: datetime, history_until: datetime | None = None, moved: Collection[int] = ()
) -> None:
    """Keep every word, point at the newest, and lift an unsubscribe that is older than a person's new yes.

    A box that counts only when attested never outweighs a word that counts by itself. `moved` are persons to or
    from whom an account went, and with it what was said under it.
    """
    if news:
        _insert(news)
    customers = sorted({*(item.customer_id for item in news), *moved})
    if not customers:
        return
    changed = set(db.rows(_NEWEST, [customers]))
    if moved:
        # Whose rows went together may have a word that stood under the other's name when it was told.
        changed |= set(db.rows(_STANDING, [sorted(moved)]))
    db.run(_LIFT, [customers])
    if changed:
        stores = dict(db.rows(_STORES, [[row[0] for row in changed]]))
        append(as_history([_told(stores[row[0]], row) for row in sorted(changed)], history_until, at), at)


def _insert(news: Sequence[ConsentNews]) -> None:
    db.run(
        _INSERT,
        [
            [item.store_id for item in news],
            [item.customer_id for item in news],
            [item.given.state for item in news],
            [item.at for item in news],
            [item.given.source[:60] for item in news],
            [item.given.text_version[:80] for item in news],
            [item.given.double_opt_in for item in news],
            [item.given.attest for item in news],
            [item.account[:120] for item in news],
        ],
    )


def _told(store_id: int, row: tuple[int, str, datetime, int]) -> Happened:
    customer_id, state, moment, record_id = row
    return Happened(
        store_id=store_id,
        customer_id=customer_id,
        subject=f"customer:{customer_id}",
        kind=kinds.CONSENT_CHANGED,
        occurred_at=moment,
        # The same word may come to stand for another person, when it was said under an account.
        source_key=f"{record_id}:{customer_id}",
        data={"state": state, "record": record_id},
    )
