"""The one gate: right before a mail leaves, is it permitted, wanted, fresh, and is now a good moment?

`judge` is a function of the facts alone, so every verdict can be checked again later from what was stored with
the message. What two processes could disagree on is asked once more in the statement that lets the mail go
(`departing`), in the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, assert_never
from zoneinfo import ZoneInfo

import msgspec

from apps.consent import policy
from apps.consent.policy import Basis, NoBasis
from apps.core import db
from apps.core.reasons import Reason
from apps.core.windows import add_open, next_open
from apps.mail import asking
from apps.stores.rules import Rules

INBOX_PAUSE = timedelta(seconds=5)
FEED_PAUSE = timedelta(minutes=1)
LOOK_LASTS = timedelta(seconds=60)
"""A look is as old as the mail it lets go: later than this, the shop is asked again."""
STORE_PAUSE = timedelta(minutes=5)
RANK_PAUSE = timedelta(minutes=5)


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


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """It may go, on this basis, until that moment."""

    basis: str
    policy_version: str
    evidence: dict[str, Any]
    until: datetime


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Not now."""

    reason: Reason
    until: datetime


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """Not at all."""

    reason: Reason
    facts: dict[str, Any] = {}


Verdict = Allowed | Held | Refused


def judge(asked: Asked, at: datetime) -> Verdict:
    """The verdict on one message at one moment; the first reason that stands is the reason given."""
    until = usable_until(asked)
    refused = _refusal(asked, at, until)
    if refused is not None:
        return refused
    held = _hold(asked, at)
    if held is not None:
        return msgspec.structs.replace(held, until=min(held.until, until))
    basis = _basis(asked, at)
    match basis:
        case Basis():
            return Allowed(
                basis=basis.code.value, policy_version=basis.policy_version, evidence=basis.evidence, until=until
            )
        case NoBasis():
            return Refused(reason=Reason(f"no_basis_{basis.code.value}"), facts=basis.facts)
        case never:
            assert_never(never)


def usable_until(asked: Asked) -> datetime:
    """A validity counts open hours (decision 10): nights and shut windows use none of it."""
    length = asked.valid_until - asked.wanted_at
    if asked.kind != "marketing" or length <= timedelta():
        return asked.valid_until
    zone = ZoneInfo(asked.zone)
    return add_open(asked.wanted_at, length, zone, asked.rules.windows, night_only=asked.night_only)


def _refusal(asked: Asked, at: datetime, until: datetime) -> Refused | None:  # noqa: C901, PLR0911  one reason a line, in the order given
    """What no waiting can mend."""
    if asked.store_status == "uninstalled":
        return Refused(reason=Reason.STORE_UNINSTALLED)
    if not asked.has_address:
        return Refused(reason=Reason.NO_ADDRESS)
    if asked.suppressed_all:
        return Refused(reason=Reason.SUPPRESSED_EVERYTHING)
    if asked.suppressed:
        return Refused(reason=Reason.SUPPRESSED_MARKETING)
    if asked.ordered or asked.basket == "ordered":
        return Refused(reason=Reason.ORDER_PLACED)
    if asked.basket == "emptied":
        return Refused(reason=Reason.CART_EMPTIED)
    if asked.unmailable:
        return Refused(reason=Reason.UNMAILABLE_BASKET, facts={"detail": asked.unmailable})
    if at >= until:
        return Refused(reason=_late(asked.reason))
    return None


def _late(last: str) -> Reason:
    """Too late, and what kept it."""
    return {"cap": Reason.STALE_CAPPED, "feed_stale": Reason.STALE_FEED}.get(last, Reason.STALE)


def _hold(asked: Asked, at: datetime) -> Held | None:  # noqa: PLR0911  one reason a line
    """What may be over in a while. Service mail waits for nothing but its store."""
    if asked.store_status != "active" or not asked.epoch_current:
        return Held(reason=Reason.STORE_PAUSED, until=at + STORE_PAUSE)
    if asked.kind != "marketing":
        return None
    if asked.basket == "active" and asked.basket_due_at is not None and asked.basket_due_at > at:
        return Held(reason=Reason.PERSON_PAUSED, until=asked.basket_due_at)
    if asked.behind and asked.since is not None:
        return Held(reason=Reason.FEED_STALE, until=at + INBOX_PAUSE)
    if _feed_is_stale(asked, at):
        return Held(reason=Reason.FEED_STALE, until=at + FEED_PAUSE)
    room = _room_at(asked, at)
    if room > at:
        return Held(reason=Reason.CAP, until=room)
    if asked.outranked and asked.rules.caps:
        return Held(reason=Reason.CAP, until=at + RANK_PAUSE)
    opens = next_open(at, ZoneInfo(asked.zone), asked.rules.windows, night_only=asked.night_only)
    return Held(reason=Reason.QUIET_HOURS, until=opens) if opens > at else None


def _feed_is_stale(asked: Asked, at: datetime) -> bool:
    """A shop that is asked for its orders is believed silent only when it was asked lately (decision 13)."""
    if asked.since is None or asked.rules.feed_max_age is None:
        return False
    match asked.feed:
        case "live":
            return asked.looked is None or at - asked.looked > LOOK_LASTS
        case "polled":
            return asked.feed_at is None or at - asked.feed_at > asked.rules.feed_max_age
        case _:
            return False


def _room_at(asked: Asked, at: datetime) -> datetime:
    """When every cap has room for one more."""
    room = at
    for cap in asked.rules.caps:
        within = [moment for moment in asked.left_at if moment > at - cap.window]
        if len(within) >= cap.most:
            room = max(room, within[cap.most - 1] + cap.window)
    return room


def _basis(asked: Asked, at: datetime) -> Basis | NoBasis:
    purpose = {"service": policy.Purpose.SERVICE, "confirmation": policy.Purpose.CONFIRMATION}
    return policy.decide(
        policy.Facts(
            at=at,
            purpose=purpose.get(asked.kind, policy.Purpose.MARKETING),
            kind=asked.purpose,
            person_country=asked.person_country,
            shop_country=asked.shop_country,
            permission=asked.permission,
            last_paid_order=asked.last_order,
        )
    )


_FACTS = f"""
SELECT m.id, m.store_id, m.customer_id, m.kind, m.purpose, m.priority, m.wanted_at, m.valid_until, m.night_only,
    m.since, cu.email_key IS NOT NULL, {asking.SUPPRESSED}, {asking.SUPPRESSED_ALL}, {asking.ORDERED}, c.status,
    c.due_at, coalesce(c.unmailable, ''), s.status, s.sending_epoch = m.sending_epoch, s.rules::text,
    s.time_zone, s.feed, s.orders_polled_at, coalesce(cu.country, ''), s.country, m.reason,
    p.state, r.at, r.attest, r.double_opt_in, r.notice_id, r.text_version,
    lo.external_id, lo.paid_at, lo.notice,
    ARRAY(SELECT h.sending_at FROM mail_message h WHERE h.customer_id = m.customer_id AND h.kind = 'marketing'
          AND h.sending_at IS NOT NULL AND h.sending_at > %(horizon)s AND h.id <> m.id
          ORDER BY h.sending_at DESC LIMIT %(most)s), {asking.OUTRANKED}
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
        left_at=tuple(row[35]),
        outranked=row[36],
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


def judge_all(ids: Sequence[int], at: datetime, looked: datetime | None = None) -> dict[int, tuple[Asked, Verdict]]:
    """Facts and verdict of each message. Of several for one person only the most urgent may go at once.

    `looked`: when their shop was asked about their baskets (`last_look`).
    """
    found = sorted(ask(ids, at, looked), key=lambda asked: (asked.priority, asked.wanted_at, asked.id))
    verdicts: dict[int, tuple[Asked, Verdict]] = {}
    gone: set[int] = set()
    for asked in found:
        verdict = judge(asked, at)
        if isinstance(verdict, Allowed) and asked.kind == "marketing" and asked.rules.caps:
            if asked.customer_id in gone:
                verdict = Held(reason=Reason.CAP, until=at + timedelta(seconds=30))
            elif asked.customer_id is not None:
                gone.add(asked.customer_id)
        verdicts[asked.id] = (asked, verdict)
    return verdicts
