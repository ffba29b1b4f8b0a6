"""May we write to these people? The gate's question, asked for a screen: nothing is decided here."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import msgspec

from apps.consent import policy
from apps.consent.policy import Basis
from apps.core import db
from apps.stores.rules import Rules

_FACTS = """
SELECT cu.id, s.rules::text, cu.country, s.country, r.state, r.at, r.attest, r.double_opt_in,
    coalesce(nullif(r.text_version, ''), 'notice:' || r.notice_id),
    EXISTS (SELECT FROM consent_suppression x WHERE x.store_id = cu.store_id AND x.address_hash = cu.address_hash
        AND x.lifted_at IS NULL),
    lo.external_id, lo.paid_at, 'notice:' || lo.notice
FROM customers_customer cu JOIN stores_store s ON s.id = cu.store_id
LEFT JOIN consent_permission p ON p.customer_id = cu.id
LEFT JOIN consent_consentrecord r ON r.id = p.record_id
LEFT JOIN LATERAL (
    SELECT o.external_id, coalesce(o.paid_at, o.placed_at) AS paid_at, (
        SELECT n.id FROM stores_notice n WHERE n.store_id = o.store_id AND n.kind = 'order'
          AND (n.from_at IS NULL OR n.from_at <= coalesce(o.paid_at, o.placed_at))
          AND (n.until_at IS NULL OR n.until_at > coalesce(o.paid_at, o.placed_at)) LIMIT 1) AS notice
    FROM orders_order o WHERE o.customer_id = cu.id AND o.counts ORDER BY o.placed_at DESC LIMIT 1
) AS lo ON cu.orders_count > 0
WHERE cu.id = ANY(%s::bigint[])
"""


def permitted(customers: Collection[int], at: datetime) -> frozenset[int]:
    """Those of these people who may get a mail about their basket today."""
    if not customers:
        return frozenset()
    rows = db.rows(_FACTS, [sorted(customers)])
    return frozenset(row[0] for row in rows if not row[9] and _has_basis(row, at))


def _has_basis(row: tuple[Any, ...], at: datetime) -> bool:
    facts = policy.Facts(
        at=at,
        purpose=policy.Purpose.MARKETING,
        kind="cart",
        person_country=row[2],
        shop_country=row[3],
        permission=_permission(row, Rules.read(msgspec.json.decode(row[1]))),
        last_paid_order=_order(row),
    )
    return isinstance(policy.decide(facts), Basis)


def _permission(row: tuple[Any, ...], rules: Rules) -> policy.Permission:
    state, at, attest, double_opt_in, text = row[4:9]
    if state is None:
        return policy.Permission()
    return policy.Permission(
        state=policy.State(state),
        at=at,
        source=policy.Source.PLATFORM_BOX if attest else policy.Source.OWN_BOX,
        double_opt_in=double_opt_in,
        attested=bool(attest and rules.accepts_marketing),
        text_in_force=text,
    )


def _order(row: tuple[Any, ...]) -> policy.PaidOrder | None:
    external_id, paid_at, notice = row[10:13]
    if external_id is None or paid_at is None:
        return None
    return policy.PaidOrder(external_id=external_id, paid_at=paid_at, notice=notice)
