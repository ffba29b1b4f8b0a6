"""Two plans side by side, in words; and where people go when the one becomes the other."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.flows.differing import differences, matched
from apps.flows.moving import way
from apps.flows.trees import every_step, long_form
from apps.flows.upgrading import merge
from tests.flows.shops import PLAN

A, B, C, X = ({"send_email": name} for name in ("a", "b", "c", "x"))
H1, H24, H36, D3 = ({"wait": length} for length in ("1h", "24h", "36h", "3d"))


def plan(*steps: Any, **changes: Any) -> dict[str, Any]:
    return {**PLAN, **changes, "steps": list(steps)}


def split(then: list[Any], otherwise: list[Any]) -> dict[str, Any]:
    return {"split": {"when": [{"ordered": {}}], "then": then, "otherwise": otherwise}}


def words(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    with override("en"):
        return [change.words for change in differences(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (plan(H1, A), plan(H24, A), ["Wait: 1 hour became 24 hours"]),
        (plan(H1, A, H24, B), plan(H1, A, H24, B, D3, X), [
            "Wait: 3 days was added after step 4", "Send e-mail: x was added after step 5"]),
        (plan(H1, A, H24, B), plan(H1, A), ["Step 3 went: Wait: 24 hours", "Step 4 went: Send e-mail: b"]),
        (plan(A, H1, B), plan(X, H1, B), ["Step 1 went: Send e-mail: a", "Send e-mail: x was added at the beginning"]),
        (plan(A, H1, B, H24, C), plan(C, H1, B, H24, A), [
            "Send e-mail: c moved: step 5 is now step 1", "Send e-mail: a moved: step 1 is now step 5"]),
        (plan(split([A], [B])), plan(split([A], [C])), ["Step 3 went: Send e-mail: b",
                                                        "Send e-mail: c was added after step 2"]),
        (plan(A), plan(A, reentry="never"), ["How often: at most once per 7 days became once, and never again"]),
        (plan(A), plan(A, holdout="10"), ["Control group: as the shop's rules say became 10 %"]),
        (plan(A), plan(A, filter=["cart_mailable"]), [
            "Condition gone: Address known", "Condition gone: Something in the basket",
            "Condition gone: No order since the start"]),
    ],
)  # fmt: skip
def test_a_difference_is_a_sentence(before: dict[str, Any], after: dict[str, Any], said: list[str]) -> None:
    found = words(before, after)

    assert [line.split(": ")[0] for line in found] == [line.split(": ")[0] for line in said]
    if not any(line.startswith("Condition") for line in said):
        assert found == said


def test_the_order_of_exits_and_of_conditions_says_nothing() -> None:
    other = plan(A, exits=list(reversed(PLAN["exits"])), filter=list(reversed(PLAN["filter"])))

    assert words(plan(A), other) == []


def test_long_and_short_words_are_the_same_plan() -> None:
    assert words(plan(H1, A), long_form(plan(H1, A))) == []


leaves = st.sampled_from([A, B, C, X, H1, H24, D3, {"exit": {}}, {"tag": {"add": ["vip"]}}])
trees = st.recursive(
    st.lists(leaves, max_size=5),
    lambda inner: st.lists(leaves | st.builds(split, inner, inner), max_size=5),
    max_leaves=10,
)


@settings(deadline=None, max_examples=30)
@given(trees, trees)
def test_plans_differ_in_nothing_when_and_only_when_they_say_the_same(one: list[Any], other: list[Any]) -> None:
    before, after = plan(*one), plan(*other)

    assert words(before, deepcopy(before)) == []
    assert bool(words(before, after)) == (long_form(before) != long_form(after))


@settings(deadline=None, max_examples=30)
@given(trees, trees)
def test_no_step_stands_in_two_pairs(one: list[Any], other: list[Any]) -> None:
    pairs = matched(long_form(plan(*one)), long_form(plan(*other)))

    assert len({pair.old.place for pair in pairs}) == len({pair.new.place for pair in pairs}) == len(pairs)
    assert all(pair.old.kind == pair.new.kind for pair in pairs)


@settings(deadline=None, max_examples=30)
@given(trees, trees)
def test_everybody_lands_somewhere_and_a_plan_moved_into_itself_moves_nobody(one: list[Any], other: list[Any]) -> None:
    before, after = plan(*one), plan(*other)
    count = len(list(every_step(long_form(after))))

    there = way(before, after)

    assert all(0 <= place <= count for place in there.landing)
    assert len(there.landing) == len(list(every_step(long_form(before)))) + 1
    same = way(before, deepcopy(before))
    assert same.landing == list(range(len(same.landing)))


@pytest.mark.parametrize(
    ("before", "after", "standing", "lands"),
    [
        ([H1, A, H24, B], [H1, A, H24, B], 2, 2),
        ([H1, A, H24, B], [H1, A, H36, B], 2, 2),
        ([H1, A, H24, B], [H1, A, H24, X, D3, B], 2, 2),  # a mail more, ahead of them: they get it
        ([H1, A, D3, B], [{"wait": "30m"}, X, H1, A, D3, B], 2, 4),  # one behind them: they do not
        ([H1, A, D3, B], [H1, A], 2, 2),  # all that was left is gone: they are through
        ([H1, A, H24, B, D3, C], [H1, A, D3, C], 2, 2),  # the next is gone: on to the one behind it
        ([A, H1, B, H24, C], [B, H1, A, H24, C], 1, 0),  # what they have not had now stands before: back to it
        ([A, H1, B], [X, H1, B], 1, 1),  # theirs was replaced: they had it
        ([split([A, H1, B], [C]), D3, X], [H1, split([A, H1, B], [C]), D3, X], 2, 3),  # within a branch
        ([split([A, H1, B], [C]), D3, X], [D3, X], 2, 0),  # the branch is gone: behind the fork
    ],
)  # fmt: skip
def test_people_go_to_the_step_that_is_theirs(before: list[Any], after: list[Any], standing: int, lands: int) -> None:
    assert way(plan(*before), plan(*after)).landing[standing] == lands


# --- three plans ------------------------------------------------------------------------------------


def test_ours_is_taken_over_where_only_we_changed_it_and_theirs_stays() -> None:
    then = plan(H1, A, H24, B)
    theirs = plan({"wait": "2h"}, A, H24, B, name="Onze mails")
    now = plan(H1, A, H36, B, D3, X, exits=[*PLAN["exits"], "replied"])

    merged, kept = merge(theirs, then, now)

    assert merged["name"] == "Onze mails"
    assert merged["steps"] == long_form(plan({"wait": "2h"}, A, H36, B, D3, X))["steps"]
    assert {"replied": {}} in merged["exits"]
    assert kept == []


def test_where_both_changed_the_same_theirs_stays_and_it_is_said() -> None:
    then, now = plan(H1, A, H24, B), plan(H1, A, H36, B, reentry="never")
    theirs = plan(H1, A, D3, B, reentry={"every": "30d"})

    merged, kept = merge(theirs, then, now)

    assert merged["steps"] == long_form(theirs)["steps"]
    assert merged["reentry"] == {"every": "30d"}
    assert len(kept) == 2


@settings(deadline=None, max_examples=30)
@given(trees, trees)
def test_whoever_changed_nothing_gets_ours_and_whoever_we_left_alone_keeps_theirs(
    one: list[Any], other: list[Any]
) -> None:
    then, other_plan = plan(*one), plan(*other)

    assert merge(other_plan, then, then)[0] == long_form(other_plan)
    taken, kept = merge(then, then, other_plan)
    assert kept == []
    assert taken == long_form(other_plan)
