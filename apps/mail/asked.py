"""What the gate looks at: everything about one message that may let it go or keep it, asked in one statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import msgspec

from apps.consent import policy
from apps.core import db
from apps.mail import asking
from apps.stores.rules import Rules


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """The hold that stands longest over this person's promotions."""

    kind: str
    began_at: datetime
    ends_at: datetime | None


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the gate looks at for one message."""

    id: int
    store_id: int
    customer_id: int | None
    kind: str
    purpose: str
    priority: int
    wanted_at: datetime
    valid_until: datetime
    night_only: bool
    since: datetime | None
    has_address: bool
    suppressed: bool
    suppressed_all: bool
    ordered: bool
    basket: str | None
    basket_due_at: datetime | None
    unmailable: str
    store_status: str
    epoch_current: bool
    rules: Rules
    zone: str
    behind: bool
    """The store's inbox holds an order that nobody has read yet."""
    feed: str
    feed_at: datetime | None
    looked: datetime | None = None
    """When the shop itself was asked about this basket, just now; None: it was not, or did not answer."""
    person_country: str
    shop_country: str
    permission: policy.Permission
    last_order: policy.PaidOrder | None
    left_at: tuple[datetime, ...]
    """When marketing mails left for this person within the longest cap, newest first."""
    reason: str = ""
    """Why it was held the last time."""
    outranked: bool = False
    """A more urgent mail of this person is due and waits."""
    beside: bool = False
    """A more urgent mail of this person leaves in this very batch."""
    hold: Hold | None = None
    ends: bool = False
    """It speaks of something that ends on a day, such as a product's life: no shut window makes that day later."""
    shadow: bool = False
    """Its flow only decides: what would be allowed is written down and stays here."""


_FACTS = f"""
SELECT m.id, m.store_id, m.customer_id, m.kind, m.purpose, m.priority, m.wanted_at, m.valid_until, m.night_only,
    m.since, cu.email_key IS NOT NULL, {asking.SUPPRESSED}, {asking.SUPPRESSED_ALL}, {asking.ORDERED}, c.status,
    c.due_at, coalesce(c.unmailable, ''), s.status, s.sending_epoch = m.sending_epoch, s.rules::text,
    s.time_zone, s.feed, s.orders_polled_at, coalesce(cu.country, ''), s.country, m.reason,
    p.state, r.at, r.attest, r.double_opt_in, r.notice_id, r.text_version,
    lo.external_id, lo.paid_at, lo.notice,
    ARRAY(SELECT h.sending_at FROM mail_message h WHERE h.customer_id = m.customer_id AND h.kind = 'marketing'
          AND h.sending_at IS NOT NULL AND h.sending_at > %(horizon)s AND h.id <> m.id
          ORDER BY h.sending_at DESC LIMIT %(most)s), {asking.OUTRANKED}, ho.kind, ho.began_at, ho.ends_at, m.shadow,
    CASE WHEN m.shadow THEN ARRAY(SELECT h.ended_at FROM mail_message h WHERE h.customer_id = m.customer_id
        AND h.kind = 'marketing' AND {asking.IN_SHADOW} AND h.ended_at > %(horizon)s AND h.id <> m.id
        ORDER BY h.ended_at DESC LIMIT %(most)s) END, m.about ? 'ends'
FROM mail_message m JOIN stores_store s ON s.id = m.store_id
LEFT JOIN customers_customer cu ON cu.id = m.customer_id
LEFT JOIN carts_cart c ON c.id = m.cart_id
LEFT JOIN consent_permission p ON p.customer_id = m.customer_id
LEFT JOIN consent_consentrecord r ON r.id = p.record_id
LEFT JOIN LATERAL (
    SELECT o.external_id, coalesce(o.paid_at, o.placed_at) AS paid_at, (
        SELECT n.id FROM stores_notice n WHERE n.store_id = o.store_id AND n.kind = 'order'
          AND (n.from_at IS NULL OR n.from_at <= coalesce(o.paid_at, o.placed_at))
          AND (n.until_at IS NULL OR n.until_at > coalesce(o.paid_at, o.placed_at)) LIMIT 1) AS notice
    FROM orders_order o WHERE o.customer_id = m.customer_id AND o.counts AND cu.orders_count > 0
    ORDER BY o.placed_at DESC LIMIT 1
) AS lo ON true
LEFT JOIN LATERAL ({asking.STANDING} ORDER BY d.ends_at DESC NULLS FIRST, d.began_at, d.id LIMIT 1) AS ho ON true
WHERE m.id = ANY(%(ids)s::bigint[])
"""

_RULES = """
SELECT DISTINCT s.rules::text FROM stores_store s
WHERE s.id IN (SELECT m.store_id FROM mail_message m WHERE m.id = ANY(%s::bigint[]))
"""


Behind = Callable[[Sequence[int]], set[int]]
"""(stores) → those whose inbox holds an order that nobody has read yet."""

_behind: list[Behind] = []


def asks_inbox(check: Behind) -> Behind:
    """The floor that keeps the inbox says here how to ask it."""
    _behind.append(check)
    return check


def ask(ids: Sequence[int], at: datetime, looked: datetime | None = None) -> list[Asked]:
    """The facts of these messages; of what left before, as far back as the longest cap of their shops looks."""
    caps = [cap for row in db.rows(_RULES, [list(ids)]) for cap in Rules.read(msgspec.json.decode(row[0])).caps]
    params = {
        "ids": list(ids),
        "at": at,
        "horizon": at - max((cap.window for cap in caps), default=timedelta()),
        "most": max((cap.most for cap in caps), default=0),
    }
    found = db.rows(_FACTS, params)
    stores = sorted({row[1] for row in found})
    behind: set[int] = set().union(*(check(stores) for check in _behind)) if stores else set()
    return [_asked(row, behind=row[1] in behind, looked=looked) for row in found]


def _asked(row: tuple, *, behind: bool, looked: datetime | None) -> Asked:  # type: ignore[type-arg]
    rules = Rules.read(msgspec.json.decode(row[19]))
    return Asked(
        id=row[0],
        store_id=row[1],
        customer_id=row[2],
        kind=row[3],
        purpose=row[4],
        priority=row[5],
        wanted_at=row[6],
        valid_until=row[7],
        night_only=row[8],
        since=row[9],
        has_address=row[10],
        suppressed=row[11],
        suppressed_all=row[12],
        ordered=row[13],
        basket=row[14],
        basket_due_at=row[15],
        unmailable=row[16],
        store_status=row[17],
        epoch_current=row[18],
        rules=rules,
        zone=row[20],
        behind=behind,
        feed=row[21],
        feed_at=row[22],
        looked=looked if row[21] == "live" and row[9] is not None else None,
        person_country=row[23],
        shop_country=row[24],
        reason=row[25],
        permission=_permission(row[26:32], rules),
        last_order=_last_order(row[32:35]),
        left_at=tuple(sorted([*row[35], *(row[41] or ())], reverse=True)),
        outranked=row[36],
        hold=Hold(kind=row[37], began_at=row[38], ends_at=row[39]) if row[37] else None,
        shadow=row[40],
        ends=row[42],
    )


def _permission(row: tuple, rules: Rules) -> policy.Permission:  # type: ignore[type-arg]
    state, at, attest, double_opt_in, notice, text_version = row
    if state is None:
        return policy.Permission()
    return policy.Permission(
        state=policy.State(state),
        at=at,
        source=policy.Source.PLATFORM_BOX if attest else policy.Source.OWN_BOX,
        double_opt_in=double_opt_in,
        attested=bool(attest and rules.accepts_marketing),
        text_in_force=text_version or (f"notice:{notice}" if notice else None),
    )


def _last_order(row: tuple) -> policy.PaidOrder | None:  # type: ignore[type-arg]
    external_id, paid_at, notice = row
    if external_id is None or paid_at is None:
        return None
    return policy.PaidOrder(external_id=external_id, paid_at=paid_at, notice=f"notice:{notice}" if notice else None)
