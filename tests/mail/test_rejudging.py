"""Ten thousand decisions, asked again from nothing but what was stored with their messages."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from apps.consent import policy
from apps.core import db
from apps.core.reasons import Reason, explain
from apps.mail import gate, rejudging, verdicts
from apps.mail.gate import Asked, Held, Hold, Refused
from apps.mail.models import Message
from apps.stores.rules import Rules
from tests.shopkeeping import MONDAY, Shop

DECISIONS = 10_000
RULES = [
    Rules.read(words)
    for words in (
        {},
        {"quiet": "off", "sunday": "on", "caps": "off", "feed_max_age": "off"},
        {"window": "mo-fr 13:00-16:30", "caps": "2/7d"},
        {"quiet": "22:30-07:15", "sunday": "on", "caps": "1/60d", "feed_max_age": "90s"},
        {"quiet": "off", "sunday": "on", "caps": "1/16h,3/7d"},
    )
]
ZONES = ["Europe/Amsterdam", "America/Santiago", "Asia/Kathmandu", "UTC"]
# Both clock-change days of 2026 among them.
DAYS = [
    MONDAY,
    datetime.fromisoformat("2026-03-28T23:30:00+00:00"),
    datetime.fromisoformat("2026-10-24T22:30:00+00:00"),
]


def some(dice: random.Random, at: datetime) -> Asked:
    """Any facts at all, each as likely as not to stand in the mail's way."""
    pick, rare = dice.choice, lambda: dice.random() < 0.05

    def near(days: float = 3) -> datetime:
        return at + timedelta(
            seconds=dice.randint(-int(days * 86_400), int(days * 86_400)), microseconds=dice.randint(0, 999_999)
        )

    def maybe(value: Any, share: float = 0.5) -> Any:
        return value if dice.random() < share else None

    wanted = at - timedelta(seconds=dice.randint(0, 300_000))
    hold = Hold(kind=pick(["return", "complaint", "delay", "score"]), began_at=near(), ends_at=maybe(near(9)))
    return Asked(
        id=1, store_id=1, customer_id=1, kind=pick(["marketing"] * 6 + ["service", "confirmation"]),
        purpose=pick(["cart", "review", "winback", "delay"]), priority=pick([10, 40, 60]), wanted_at=wanted,
        valid_until=wanted + timedelta(hours=pick([12, 24, 120, 500])), night_only=pick([True, False]),
        since=maybe(near()), has_address=not rare(), suppressed=rare(), suppressed_all=rare(), ordered=rare(),
        basket=pick([None, "abandoned", "active", "ordered"] if rare() else [None, "abandoned"]),
        basket_due_at=maybe(near(1)), unmailable="no price" if rare() else "",
        store_status="paused" if rare() else "active", epoch_current=not rare(), rules=pick(RULES), zone=pick(ZONES),
        behind=rare(), feed=pick(["none", "none", "polled", "live"]),
        feed_at=maybe(near(0.01)), looked=maybe(near(0.001)),
        person_country=pick(["", "NL", "DE", "US", "GB", "XX"]), shop_country=pick(["NL", "AT", "US"]),
        permission=policy.Permission(
            state=pick(list(policy.State)), at=maybe(near(400), 0.9), source=pick(list(policy.Source)),
            double_opt_in=pick([True, False]), attested=pick([True, False]), text_in_force=maybe("notice:1", 0.9),
        ),
        last_order=maybe(policy.PaidOrder(external_id="1042", paid_at=near(900), notice=maybe("notice:2"))),
        left_at=tuple(sorted((near(9) for _ in range(pick([0, 0, 0, 1, 3]))), reverse=True)),
        reason=pick(["", "", "cap", "feed_stale", "hold_return", "hold_score"]), outranked=rare(), beside=rare(),
        hold=hold if dice.random() < 0.15 else None,
    )  # fmt: skip


@pytest.mark.django_db
def test_ten_thousand_stored_decisions_are_decided_alike_again(shop: Shop) -> None:
    dice, said = random.Random("again"), Counter[str]()
    rows = []
    for _ in range(DECISIONS):
        at = dice.choice(DAYS) + timedelta(seconds=dice.randint(0, 100_000), microseconds=dice.randint(0, 999_999))
        asked = some(dice, at)
        verdict = gate.judge(asked, at)
        said[verdict.reason.value if isinstance(verdict, (Held, Refused)) else verdict.basis] += 1
        rows.append(verdicts.explained(asked, verdict, at))
    db.run(
        "INSERT INTO mail_message (uid, store_id, origin, kind, purpose, priority, template_slug, night_only, status,"
        " planned_at, wanted_at, valid_until, reason, verdict, claims, attempts, sending_epoch, holder, address, basis,"
        " policy_version, evidence, provider_id, response)"
        " SELECT gen_random_uuid(), %s, 'd:' || n, 'marketing', 'cart', 1, 'x', false, 'unknown', now(), now(), now(),"
        " '', v::jsonb, 0, 0, 1, '', '', '', '', '{}', '', ''"
        " FROM unnest(%s::text[]) WITH ORDINALITY AS t(v, n)",
        [shop.store.pk, rows],
    )

    kept = [msgspec.json.decode(row[0]) for row in db.rows("SELECT verdict::text FROM mail_message")]
    unequal = [(stored, wrong) for stored in kept if (wrong := rejudging.differs(stored))]

    assert len(kept) == DECISIONS
    assert not unequal[:2], f"{len(unequal)} of {DECISIONS} are decided otherwise"
    # The dice met nearly every answer the gate has; "other" is not one of them.
    assert len(said) > 30, said
    assert "other" not in said


@pytest.mark.django_db
def test_what_really_happened_is_kept_whole(shop: Shop, travel: Any, ada: Any) -> None:
    """Not only what the dice throw: a mail that left, one held and one too late, from their own rows."""
    from apps.mail.library import install_templates

    install_templates(shop.store, "abandoned-checkout", ["nl"])
    shop.sets(caps="1/7d")
    shop.says_yes(ada)
    for days in (1, 2, 30):
        shop.asks_for(ada, purpose="review", valid_until=MONDAY + timedelta(days=days))
    travel(days=3)

    found = list(Message.objects.order_by("id"))

    assert {message.status for message in found} == {"accepted", "skipped", "planned"}
    assert [rejudging.differs(message.verdict) for message in found] == [{}, {}, {}]


def test_a_decision_that_was_not_kept_whole_says_so() -> None:
    for stored in ({}, {"at": MONDAY.isoformat(), "inputs": {}}, {"at": "noon", "inputs": {"rules": {}}}):
        with pytest.raises(rejudging.NotKept):
            rejudging.rejudge(stored)


@pytest.mark.parametrize("code", Reason)
def test_no_reason_is_called_other_and_each_says_what_to_do(code: Reason) -> None:
    sentence, mend = explain(code, {})

    assert code.value != "other"
    assert sentence
    assert mend
