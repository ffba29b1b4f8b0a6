from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.core.durations import Duration
from apps.flows.reentry import Again, Begin, Declined, Merge, Newcomer, Past, decide, rule

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def newcomer(**changes: Any) -> Newcomer:
    values: dict[str, Any] = {
        "flow_id": 1, "lane": "basket", "subject": "", "triggered_at": NOON, "cart_id": 2, "newest_at": NOON,
        "reentry": timedelta(days=7),
    }  # fmt: skip
    return Newcomer(**(values | changes))


def past(days: float, **changes: Any) -> Past:
    began = NOON - timedelta(days=days)
    values: dict[str, Any] = {
        "id": 9, "flow_id": 1, "lane": "basket", "subject": "", "status": "active", "triggered_at": began,
        "cart_id": 1, "newest_at": began, "merge_within": timedelta(days=5),
    }  # fmt: skip
    return Past(**(values | changes))


def test_a_first_time_begins() -> None:
    assert decide(newcomer(), []) == Begin()


@pytest.mark.parametrize(("days", "merges"), [(0.1, True), (5, True), (5.1, False)])
def test_baskets_within_the_window_are_one_story(days: float, merges: bool) -> None:
    run = past(days)

    assert isinstance(decide(newcomer(), [run]), Merge) is merges


def test_a_later_basket_ends_the_old_story_even_when_a_new_one_may_not_begin() -> None:
    run = past(6)

    assert decide(newcomer(), [run]) == Declined("reentry_too_soon", run)


def test_a_later_basket_ends_the_old_story_and_begins_its_own() -> None:
    run = past(8)

    assert decide(newcomer(), [run]) == Begin(run)


def test_the_same_basket_once_more_is_no_news() -> None:
    assert decide(newcomer(cart_id=1), [past(6)]) == Declined("")


def test_a_run_of_another_lane_is_no_hindrance() -> None:
    assert decide(newcomer(), [past(1, lane="", flow_id=5)]) == Begin()


def test_per_subject_lets_a_new_subject_in() -> None:
    old = past(1, lane="", subject="order:1", status="completed")

    assert decide(newcomer(lane="", subject="order:2", reentry="per_subject"), [old]) == Begin()
    assert decide(newcomer(lane="", subject="order:1", reentry="per_subject"), [old]) == Declined("reentry_too_soon")


def test_outside_lanes_an_active_run_of_the_same_subject_goes_on() -> None:
    run = past(100, lane="", subject="order:1")

    assert decide(newcomer(lane="", subject="order:1"), [run]) == Declined("")


def test_the_shops_period_stands_in_for_the_flows_but_never_for_once() -> None:
    week = Duration(7, "d")

    assert rule(week, None) == timedelta(days=7)
    assert rule(week, timedelta()) == timedelta()
    assert rule("never", timedelta()) == "never"


def unpaid(**changes: Any) -> Newcomer:
    """Somebody whose payment failed."""
    return newcomer(flow_id=2, subject="order:7", reentry="per_subject", takes_over=True, **changes)


def test_a_payment_that_failed_takes_the_place_of_a_reminder_about_the_same_basket() -> None:
    run = past(0.1, cart_id=2)

    assert decide(unpaid(), [run]) == Begin(run)


def test_what_happens_to_the_order_after_that_begins_its_wait_anew() -> None:
    run = past(0.1, flow_id=2, subject="order:7", cart_id=2, takes_over=True)

    assert decide(unpaid(), [run]) == Again(run)
    run.status = "completed"
    assert decide(unpaid(), [run]) == Declined("reentry_too_soon")


@pytest.mark.parametrize(("cart_id", "days", "answer"), [(2, 1, ""), (3, 1, "lane_taken"), (3, 6, None)])
def test_meanwhile_no_basket_is_reminded_of(cart_id: int, days: float, answer: str | None) -> None:
    run = past(days, flow_id=2, subject="order:7", cart_id=2, takes_over=True)

    assert decide(newcomer(cart_id=cart_id), [run]) == (Begin(run) if answer is None else Declined(answer))


def test_one_occasion_begins_once_whatever_the_rule() -> None:
    run = past(300, lane="", status="completed", occasion="birthday:2026")
    born = newcomer(lane="", occasion="birthday:2026", reentry=timedelta())

    assert decide(born, [run]) == Declined("")
    assert decide(newcomer(lane="", occasion="birthday:2027", reentry=timedelta()), [run]) == Begin()
