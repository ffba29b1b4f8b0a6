"""A tree in words, a flat list when walked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from apps.core.problems import DefinitionRefused
from apps.flows import definition, sense
from apps.flows.layout import Node, laid_out, moments, size
from apps.flows.parts import Step
from apps.flows.zones import Zones
from tests.flows.shops import PLAN
from tests.flows.trees import trees

AT = datetime(2026, 3, 2, 9, 7, tzinfo=UTC)
WHEN = ["address_known"]
FORKED: list[Any] = [
    {"wait": "1h"},
    {"split": {
        "when": WHEN,
        "then": [{"send_email": "a"}, {"split": {"when": WHEN, "then": ["exit"], "otherwise": [{"tag": "x"}]}}],
        "otherwise": [],
    }},
    {"wait": "2h"},
    {"send_email": "b"},
]  # fmt: skip


def nodes_of(steps: list[Any]) -> tuple[Node, ...]:
    return definition.read({**PLAN, "steps": steps}).nodes


def refused(*steps: Any) -> list[tuple[str, str]]:
    with pytest.raises(DefinitionRefused) as found:
        definition.read({**PLAN, "steps": list(steps)})
    return [(problem.field, problem.message) for problem in found.value.problems]


def test_branches_follow_their_fork_and_join_behind_it() -> None:
    nodes = nodes_of(FORKED)

    assert [node.step.kind for node in nodes] == [
        "wait", "split", "send_email", "split", "exit", "tag", "wait", "send_email",
    ]  # fmt: skip
    assert [node.after for node in nodes] == [1, 6, 3, 6, 6, 6, 7, 8]
    assert nodes[1].branches == (2, 6)
    assert nodes[3].branches == (4, 5)
    assert nodes[5].path == ("steps", 1, "split", "then", 1, "split", "otherwise", 0)
    assert nodes[7].way == (0, 1, 6)
    assert nodes[5].way == (0, 1, 2, 3)


def every_end(nodes: tuple[Node, ...]) -> int:
    """Walk every way there is; how many steps the longest takes."""
    longest, ways = 0, [(0, 0)]
    seen = set()
    while ways:
        position, taken = ways.pop()
        longest = max(longest, taken)
        if position == len(nodes) or (position, taken) in seen:
            continue
        seen.add((position, taken))
        node = nodes[position]
        further = node.branches or (() if node.step.ends else (node.after,))
        assert all(to > position for to in further)
        ways += [(to, taken + 1) for to in further]
    return longest


@settings(deadline=None, max_examples=150)
@given(trees())
def test_every_way_through_a_plan_that_makes_sense_ends_and_reads_back(steps: tuple[Step, ...]) -> None:
    assert sense.problems_of(steps) == []

    nodes = laid_out(steps)

    assert len(nodes) == size(steps)
    assert 0 < every_end(nodes) <= len(nodes)
    assert len({node.path for node in nodes}) == len(nodes)
    found = moments(nodes, AT, Zones.of("Europe/Amsterdam"))
    for node, moment in zip(nodes, found, strict=True):
        assert all(found[before] <= moment for before in node.way)
        assert all(before < nodes.index(node) for before in node.way)
    plain = definition.read({**PLAN, "steps": [{"send_email": "x"}]})
    plan = definition.Definition(**{**_fields(plain), "steps": steps})
    assert definition.read(plan.plain()) == plan


def _fields(plan: definition.Definition) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in definition.Definition.__dataclass_fields__}


@pytest.mark.parametrize(
    ("steps", "field", "words"),
    [
        ([{"split": {"when": WHEN, "then": [], "otherwise": []}}, {"send_email": "a"}], "steps[1]", "branch"),
        ([{"split": {"when": [], "then": [{"send_email": "a"}]}}], "steps[1].split.when", "condition"),
        ([{"send_email": "a"}, "exit", {"send_email": "b"}], "steps[3]", "never reached"),
        (
            [{"split": {"when": WHEN, "then": [{"send_email": "a"}, "exit"], "otherwise": ["exit"]}}, {"tag": "x"}],
            "steps[2]",
            "never reached",
        ),
        (
            [{"split": {"when": WHEN, "then": [{"send_email": "a"}]}}, {"send_email": "b"}],
            "steps[2]",
            "two mails at one moment",
        ),
        (
            [{"wait": "3h"}, {"split": {"when": WHEN, "then": [{"wait": "2h"}, {"send_email": "a"}]}}],
            "steps[2].split.then[1]",
            "over before it starts",
        ),
        (
            [{"send_email": "a"}, {"split": {"when": WHEN, "then": [{"wait": "9h"}]}}],
            "steps[2].split.then[1]",
            "nothing follows",
        ),
        ([{"wait_for": {"event": "custom", "at_most": "3d"}}, {"send_email": "a"}], "steps[1].wait_for.name", "name"),
        ([{"ab": {"name": "a", "variants": [{"variant": {}}]}}, {"send_email": "a"}], "steps[1].ab.variants", "two"),
        ([{"tag": {}}, {"send_email": "a"}], "steps[1].tag.add", "word"),
        ([{"wait": "1h"}], "steps", "at least one step"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_where_it_stands(steps: list[Any], field: str, words: str) -> None:
    from django.utils.translation import override

    with override("en"):
        found = refused(*steps)

    assert any(place == field and words in said for place, said in found), found


def test_a_wait_that_is_over_on_one_way_only_is_no_mistake() -> None:
    slow = [{"wait": "3h"}, {"send_email": "a"}]
    nodes = nodes_of([{"split": {"when": WHEN, "then": slow}}, {"wait": "2h"}, {"tag": "b"}])

    assert [moment - AT for moment in moments(nodes, AT)][-1] == timedelta(hours=2)
