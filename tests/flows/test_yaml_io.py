from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.core.durations import Duration
from apps.core.problems import DefinitionRefused
from apps.flows import presets, yaml_io
from apps.flows.definition import Definition
from apps.flows.parts import conditions, exits
from apps.flows.triggers.cart_abandoned import CartAbandoned
from apps.flows.words import PRIORITIES, PURPOSES
from tests.flows import trees
from tests.flows.trees import filled

GOOD = """\
flow: win
name: "Off"
purpose: cart
priority: cart
trigger: cart_abandoned
reentry: never
exits: [order_placed]
steps:
  - send_email: win-1
"""


def problems(text: str | bytes) -> list[tuple[int | None, str, str]]:
    with pytest.raises(DefinitionRefused) as refused:
        yaml_io.load(text)
    return [(problem.line, problem.field, problem.message) for problem in refused.value.problems]


slugs = st.from_regex(r"[a-z0-9][a-z0-9-]{0,20}", fullmatch=True)
durations = st.builds(Duration, st.integers(1, 300), st.sampled_from("smhdw"))


@st.composite
def plans(draw: st.DrawFn) -> Definition:
    word = st.characters(categories=["L", "N", "P", "S", "Zs"])
    first = draw(st.characters(categories=["L", "N"]).filter(lambda sign: sign.isalnum()))
    return Definition(
        flow=draw(slugs),
        name=first + draw(st.text(word, max_size=60)),
        purpose=draw(st.sampled_from(sorted(PURPOSES))),
        priority=draw(st.sampled_from(sorted(PRIORITIES))),
        trigger=CartAbandoned(checkout=draw(st.sampled_from(["reached", "not_reached", "any"]))),
        filter=tuple(filled(conditions.get(kind)) for kind in draw(st.sets(st.sampled_from(list(conditions))))),
        reentry=draw(st.sampled_from(["never", "per_subject"]) | durations),
        merge_within=draw(st.none() | st.just("off") | durations),
        holdout=draw(st.none() | st.decimals(0, 90, places=2)),
        exits=tuple(filled(exits.get(kind)) for kind in draw(st.sets(st.sampled_from(list(exits))))),
        steps=draw(trees.trees()),
    )


@settings(deadline=None)
@given(plans())
def test_what_is_written_reads_back_equal_and_is_written_the_same(plan: Definition) -> None:
    text = yaml_io.dump(plan)

    again = yaml_io.load(text)

    assert again == plan
    assert yaml_io.dump(again) == text


@pytest.mark.parametrize("name", presets.known())
def test_a_preset_says_the_same_after_export(name: str) -> None:
    text = yaml_io.dump(presets.preset(name))

    assert yaml_io.load(text) == presets.preset(name)
    assert yaml_io.dump(yaml_io.load(text)) == text


def test_long_and_short_forms_mean_the_same() -> None:
    long = GOOD.replace("cart_abandoned\n", "{cart_abandoned: {checkout: any}}\n").replace(
        "send_email: win-1", "send_email: {template: win-1}"
    )

    assert yaml_io.load(long) == yaml_io.load(GOOD)


def test_words_stay_words() -> None:
    assert yaml_io.load(GOOD.replace('"Off"', "No")).name == "No"


def test_everything_wrong_is_said_at_once_with_its_line() -> None:
    text = GOOD.replace("priority: cart", "priority: first").replace("never", "{every: soon}") + (
        "  - send_email: {template: b, valid_fro: 1h, valid_for: 3x}\n  - wiat: 1h\nextra: 1\n"
    )

    found = problems(text)

    assert [(line, field) for line, field, _ in found] == [
        (4, "priority"),
        (6, "reentry.every"),
        (10, "steps[2].send_email.valid_for"),
        (10, "steps[2].send_email.valid_fro"),
        (11, "steps[3].wiat"),
        (12, "extra"),
    ]
    assert "checkout, cart, after_purchase, win_back, browse" in found[0][2]
    assert "template, also, valid_for" in found[3][2]
    assert "send_email, split" in found[4][2]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("flow: win", "flow: Win Back", "flow"),
        ("flow: win\n", "", "flow"),
        ("name: \"Off\"", "name: [a]", "name"),
        ("cart_abandoned", "{cart_abandoned: {checkout: maybe}}", "trigger.cart_abandoned.checkout"),
        ("cart_abandoned", "{cart_abandoned: {checkout: true}}", "trigger.cart_abandoned.checkout"),
        ("cart_abandoned", "[cart_abandoned]", "trigger"),
        ("[order_placed]", "order_placed", "exits"),
        ("[order_placed]", "[orders]", "exits[1]"),
        ("[order_placed]", "[{order_placed: {x: 1}}]", "exits[1].order_placed.x"),
        ("reentry: never", "reentry: {every: 3, most: 2}", "reentry"),
        ("reentry: never", "reentry: never\nholdout: 95", "holdout"),
        ("reentry: never", "reentry: never\nholdout: a lot", "holdout"),
        ("reentry: never", "reentry: never\nmerge_within: 5", "merge_within"),
        ("reentry: never", "reentry: never\nreentry: never", "reentry"),
        ("send_email: win-1", "send_email: \"win 1\"", "steps[1].send_email.template"),
        ("send_email: win-1", "send_email: 7", "steps[1].send_email.template"),
        ("send_email: win-1", "wait: 1h", "steps"),
        ("send_email: win-1", "wait: 1h\n  - send_email: a\n  - wait: 30m\n  - send_email: b", "steps[3]"),
        ("send_email: win-1", "send_email: a\n  - send_email: b", "steps[2]"),
        ("send_email: win-1", "send_email: a\n  - wait: 1h", "steps[2]"),
    ],
)  # fmt: skip
def test_each_mistake_names_its_field(old: str, new: str, field: str) -> None:
    assert field in [name for _, name, _ in problems(GOOD.replace(old, new, 1))]


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [1]\nb: *x\n",
        "a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n",
        "!!python/object/apply:os.system ['true']",
        "flow: !!str win",
        "a: 1\n---\nb: 2\n",
        "[" * 5000,
        "a: " + "x" * 2_000_000,
        b"flow: \xff\xfe",
        "flow: [",
        "flow: \x00",
        "",
        "- a",
        "just words",
        "? [a, b]\n: c\n",
    ],
)
def test_hostile_and_broken_files_are_refused_with_a_line(text: str | bytes) -> None:
    found = problems(text)

    assert all(line for line, _, _ in found)


def test_a_billion_laughs_costs_nothing() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))

    assert problems(bomb)[0][0] == 1


@settings(deadline=None)
@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    with pytest.raises(DefinitionRefused):
        yaml_io.load(text)


GOOD_TREE = """\
flow: win
name: Win
purpose: winback
priority: win_back
trigger: {lapsed: {at_least: 180d, factor: 2}}
filter:
  - ordered: {times: at_least, n: 2}
reentry: {every: 180d}
exits: [order_placed, unsubscribed]
steps:
  - split:
      when:
        - ordered: {times: at_least, n: 3}
      then:
        - send_email: win-1
      otherwise:
        - send_email: {template: win-2, valid_for: 2d}
  - wait: 21d
  - give_offer: Welcome back
  - send_email: win-3
"""
PIECES = [
    "", ":", "-", "  ", "{", "}", "[", "]", "null", "true", "0", "-1", "9" * 30, "1e9", "\\x00", "é", "&a", "*a", "!!x",
    "wait", "split", "then", "send_email: ", "steps:\n", "when: 3", "2026-13-99", "99d", '"', "'", "|", "? ",
]  # fmt: skip


@st.composite
def mutilated(draw: st.DrawFn) -> str:
    """A good plan after somebody edited it in the dark."""
    lines = GOOD_TREE.splitlines(keepends=True)
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(lines) - 1))
        match draw(st.sampled_from(["drop", "twice", "swap", "in", "instead", "deeper"])):
            case "drop":
                lines[place] = ""
            case "twice":
                lines.insert(place, lines[place])
            case "swap":
                other = draw(st.integers(0, len(lines) - 1))
                lines[place], lines[other] = lines[other], lines[place]
            case "deeper":
                lines[place] = "  " + lines[place]
            case how:
                at, piece = draw(st.integers(0, len(lines[place]))), draw(st.sampled_from(PIECES))
                lines[place] = lines[place][:at] + piece + ("" if how == "instead" else lines[place][at:])
    return "".join(lines)


def read(text: str) -> Definition | tuple[Any, ...]:
    try:
        return yaml_io.load(text)
    except DefinitionRefused as refused:
        return refused.problems


@settings(deadline=None, max_examples=150)
@given(mutilated())
def test_an_edited_file_is_a_plan_or_a_list_of_mistakes_with_their_lines(text: str) -> None:
    found = read(text)

    if isinstance(found, Definition):
        assert yaml_io.load(yaml_io.dump(found)) == found
    else:
        assert found
        assert all(problem.line and problem.message for problem in found)
