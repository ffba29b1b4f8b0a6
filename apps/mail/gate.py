"""The one gate: right before a mail leaves, is it permitted, wanted, fresh, and is now a good moment?

`judge` is a function of the facts alone, so every verdict can be checked again later from what was stored with
the message. What two processes could disagree on is asked once more in the statement that lets the mail go
(`departing`), in the same words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, assert_never
from zoneinfo import ZoneInfo

import msgspec

from apps.consent import policy
from apps.consent.policy import Basis, NoBasis
from apps.core.reasons import Reason
from apps.core.windows import add_open, next_open
from apps.mail.asked import Asked, Hold, ask, asks_inbox

__all__ = [
    "Allowed", "Asked", "Held", "Hold", "Refused", "Verdict", "ask", "asks_inbox", "judge", "judge_all", "usable_until",
]  # fmt: skip

INBOX_PAUSE = timedelta(seconds=5)
FEED_PAUSE = timedelta(minutes=1)
LOOK_LASTS = timedelta(seconds=60)
"""A look is as old as the mail it lets go: later than this, the shop is asked again."""
STORE_PAUSE = timedelta(minutes=5)
RANK_PAUSE = timedelta(minutes=5)
BESIDE_PAUSE = timedelta(seconds=30)
HOLD_PAUSE = timedelta(hours=1)
"""A hold stands for days; once it is lifted nobody needs to have a promotion within the minute."""


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
        case Basis() if asked.shadow:
            return Refused(reason=Reason.SHADOW, facts={"basis": basis.code.value})
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
    if asked.kind != "marketing" or asked.ends or length <= timedelta():
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
    return _LATE.get(last, Reason.STALE)


_LATE: Final[Mapping[str, Reason]] = {
    Reason.CAP: Reason.STALE_CAPPED,
    Reason.FEED_STALE: Reason.STALE_FEED,
    Reason.HOLD_RETURN: Reason.STALE_RETURN,
    Reason.HOLD_COMPLAINT: Reason.STALE_COMPLAINT,
    Reason.HOLD_DELAY: Reason.STALE_DELAY,
    Reason.HOLD_SCORE: Reason.STALE_SCORE,
}


def _hold(asked: Asked, at: datetime) -> Held | None:
    """What may be over in a while. Service mail waits for nothing but its store."""
    if asked.store_status != "active" or not asked.epoch_current:
        return Held(reason=Reason.STORE_PAUSED, until=at + STORE_PAUSE)
    if asked.kind != "marketing":
        return None
    return _while_held(asked, at) or _while_busy(asked, at) or _while_full(asked, at)


def _while_held(asked: Asked, at: datetime) -> Held | None:
    """Nobody is sold anything while something of theirs is not right."""
    hold = asked.hold
    if hold is None or (hold.ends_at is not None and hold.ends_at <= at):
        return None
    until = at + HOLD_PAUSE if hold.ends_at is None else min(hold.ends_at, at + HOLD_PAUSE)
    return Held(reason=Reason(f"hold_{hold.kind}"), until=until)


def _while_busy(asked: Asked, at: datetime) -> Held | None:
    """The person is shopping, or we may not know yet what they bought."""
    filling = asked.basket == "active" and asked.purpose != "unpaid"
    if filling and asked.basket_due_at is not None and asked.basket_due_at > at:
        return Held(reason=Reason.PERSON_PAUSED, until=asked.basket_due_at)
    if asked.behind and asked.since is not None:
        return Held(reason=Reason.FEED_STALE, until=at + INBOX_PAUSE)
    return Held(reason=Reason.FEED_STALE, until=at + FEED_PAUSE) if _feed_is_stale(asked, at) else None


def _while_full(asked: Asked, at: datetime) -> Held | None:
    """Enough mail for now, something more urgent, or the wrong hour."""
    room = _room_at(asked, at)
    if room > at:
        return Held(reason=Reason.CAP, until=room)
    if asked.outranked and asked.rules.caps:
        return Held(reason=Reason.CAP, until=at + RANK_PAUSE)
    opens = next_open(at, ZoneInfo(asked.zone), asked.rules.windows, night_only=asked.night_only)
    if opens > at:
        return Held(reason=Reason.QUIET_HOURS, until=opens)
    return Held(reason=Reason.CAP, until=at + BESIDE_PAUSE) if asked.beside and asked.rules.caps else None


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


def judge_all(ids: Sequence[int], at: datetime, looked: datetime | None = None) -> dict[int, tuple[Asked, Verdict]]:
    """Facts and verdict of each message. Of several for one person only the most urgent may go at once.

    `looked`: when their shop was asked about their baskets (`last_look`).
    """
    found = sorted(ask(ids, at, looked), key=lambda asked: (asked.priority, asked.wanted_at, asked.id))
    verdicts: dict[int, tuple[Asked, Verdict]] = {}
    gone: set[tuple[int | None, bool]] = set()
    for asked in found:
        verdict = judge(asked, at)
        if _goes(verdict) and asked.kind == "marketing" and asked.rules.caps and asked.customer_id is not None:
            if {(asked.customer_id, False), (asked.customer_id, asked.shadow)} & gone:
                asked = msgspec.structs.replace(asked, beside=True)  # noqa: PLW2901  what was decided is stored with why
                verdict = judge(asked, at)
            else:
                gone.add((asked.customer_id, asked.shadow))
        verdicts[asked.id] = (asked, verdict)
    return verdicts


def _goes(verdict: Verdict) -> bool:
    """It leaves, or would have left if its flow did not only decide."""
    return isinstance(verdict, Allowed) or (isinstance(verdict, Refused) and verdict.reason is Reason.SHADOW)
