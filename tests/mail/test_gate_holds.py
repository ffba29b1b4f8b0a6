"""What a hold keeps back and what it lets go, whatever the order in which the news came."""

from __future__ import annotations

from datetime import timedelta

import pytest

from apps.core.reasons import Reason
from apps.customers.holding import lift, on_happened
from apps.customers.models import Hold
from apps.events import kinds
from apps.events.listeners import Told
from apps.mail import gate
from apps.mail.asking import UNHELD
from apps.mail.gate import Allowed, Held, Refused
from tests.shopkeeping import ADA, MONDAY, Shop

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
GO_ON = [("cart", "marketing"), ("unpaid", "marketing"), ("care", "marketing"), ("delay", "service"), ("x", "service")]
WAIT = [
    (purpose, "marketing") for purpose in ("review", "crosssell", "winback", "replenish", "survey", "birthday", "vip")
]


def verdicts(shop: Shop, wishes: list[tuple[str, str]]) -> dict[str, object]:
    shop.sets(caps="off")
    asked = [shop.asks_for(ADA, purpose=purpose, kind=kind) for purpose, kind in wishes]
    judged = gate.judge_all(asked, shop.world.at)
    return {judged[one][0].purpose: judged[one][1] for one in asked}


@pytest.mark.parametrize("kind", Hold.Kind)
def test_promotions_wait_and_say_for_what_and_the_rest_goes_on(shop: Shop, kind: Hold.Kind) -> None:
    shop.says_yes(ADA)
    Hold.objects.create(
        store=shop.store,
        customer=shop.customer(ADA),
        kind=kind,
        began_at=MONDAY - DAY,
        ends_at=MONDAY + timedelta(minutes=9),
    )

    found = verdicts(shop, WAIT + GO_ON)

    waits = Held(reason=Reason(f"hold_{kind}"), until=MONDAY + timedelta(minutes=9))
    assert [found[purpose] for purpose, _ in WAIT] == [waits] * len(WAIT)
    assert all(isinstance(found[purpose], Allowed) for purpose, _ in GO_ON)
    assert set(UNHELD) >= {"cart", "unpaid"}


def test_of_several_holds_the_longest_is_named_and_over_is_over(shop: Shop) -> None:
    shop.says_yes(ADA)
    for kind, began, ends in (
        ("delay", -3, 1),
        ("complaint", -2, None),
        ("return", -9, -1),
        ("score", 1, 9),
    ):
        Hold.objects.create(
            store=shop.store, customer=shop.customer(ADA), kind=kind, began_at=MONDAY + began * DAY,
            ends_at=None if ends is None else MONDAY + ends * DAY,
        )  # fmt: skip
    hold = Hold.objects.get(kind="complaint")

    held = verdicts(shop, [("review", "marketing")])["review"]
    assert held == Held(reason=Reason.HOLD_COMPLAINT, until=MONDAY + timedelta(hours=1))

    lift(hold, MONDAY)
    Hold.objects.filter(kind="delay").update(ends_at=MONDAY)
    assert isinstance(verdicts(shop, [("winback", "marketing")])["winback"], Allowed)


def test_beyond_its_use_it_is_skipped_for_the_hold_that_kept_it(shop: Shop) -> None:
    shop.says_yes(ADA)
    message = shop.asks_for(ADA, purpose="review")
    (asked,) = gate.ask([message], MONDAY)
    for reason, late in (("hold_return", "stale_return"), ("hold_score", "stale_score"), ("cap", "stale_capped")):
        again = gate.msgspec.structs.replace(asked, reason=reason)
        assert gate.judge(again, MONDAY + 9 * DAY) == Refused(reason=Reason(late))


def told(shop: Shop, kind: str, days: float, subject: str = "", name: str = "") -> Told:
    return Told(
        id=1, store_id=shop.store.pk, customer_id=shop.customer(ADA).pk, subject=subject, kind=kind,
        occurred_at=MONDAY + days * DAY, recorded_at=MONDAY, data={"name": name} if name else {},
    )  # fmt: skip


def standing(at_days: float) -> list[tuple[str, str]]:
    at = MONDAY + at_days * DAY
    holds = Hold.objects.filter(began_at__lte=at).exclude(ends_at__lte=at)
    return sorted(holds.values_list("kind", "subject"))


def test_holds_open_and_close_by_what_happened_not_by_what_was_heard_first(shop: Shop) -> None:
    shop.says_yes(ADA)
    hear = lambda *events: on_happened(events, MONDAY)  # noqa: E731

    hear(told(shop, kinds.RETURN_CLOSED, 3, "order:5"))
    hear(told(shop, kinds.RETURN_OPENED, 1, "order:5"))
    assert standing(2) == []
    hear(told(shop, kinds.RETURN_OPENED, 4, "order:5"), told(shop, kinds.RETURN_OPENED, 4, "order:6"))
    hear(told(shop, kinds.RETURN_OPENED, 4.5, "order:5"))
    assert standing(5) == [("return", "order:5"), ("return", "order:6")]
    hear(told(shop, kinds.ORDER_REFUNDED, 6, "order:5"))
    assert standing(7) == [("return", "order:6")]
    assert standing(4 + 89) == [("return", "order:6")]
    assert standing(4 + 91) == []

    hear(told(shop, kinds.CUSTOM, 100, name="complaint.opened"))
    hear(told(shop, kinds.CUSTOM, 100, "order:7", name="delivery.delayed"))
    hear(told(shop, kinds.CUSTOM, 100, name="points.earned"))
    hear(told(shop, kinds.SCORE_LOW, 100))
    hear(told(shop, kinds.ORDER_FULFILLED, 101, "order:8"))
    assert standing(102) == [("complaint", ""), ("delay", "order:7"), ("score", "")]
    hear(told(shop, kinds.ORDER_FULFILLED, 103, "order:7"), told(shop, kinds.CUSTOM, 103, name="complaint.closed"))
    assert standing(104) == [("score", "")]
    assert standing(131) == []


def test_what_ends_on_a_day_is_not_of_use_after_it_however_long_it_waited(shop: Shop) -> None:
    """A restock mail is of use to the end of the product's life; shut hours make that day no later."""
    shop.says_yes(ADA)
    shop.sets(caps="off", window="mo-fr 09:00-11:00")
    wish = {"purpose": "replenish", "valid_until": MONDAY + 2 * DAY}
    open_hours, to_the_day = shop.asks_for(ADA, **wish), shop.asks_for(ADA, **wish, about={"ends": "2026-03-03"})

    late = gate.judge_all([open_hours, to_the_day], MONDAY + 3 * DAY)

    assert not isinstance(late[open_hours][1], Refused)
    assert late[to_the_day][1] == Refused(reason=Reason.STALE)
