"""The page of behaviours names what is there: every number, every preset, every story."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache

import pytest

from apps.flows import presets
from apps.flows.parts import steps
from apps.mail import blocks
from config.defaults import ROOT
from tests.docs.recipes import recipes

PAGE = ROOT / "docs" / "behaviours.md"
LAST = 64
ROW = re.compile(
    r"^\| (?P<numbers>B\d\d[^|]*) \| (?P<what>[^|]+) \| (?P<how>[^|]+) \| (?P<stories>[^|]+) \|$", re.MULTILINE
)
SPAN = re.compile(r"B(\d\d)(?:-B(\d\d))?")
CODE = re.compile(r"`([^`]+)`")
WAYS = ("on", "off", "recipe", "block", "engine")


@dataclass(frozen=True)
class Row:
    numbers: tuple[int, ...]
    how: str
    stories: tuple[str, ...]

    @property
    def way(self) -> str:
        return re.split(r"\W", self.how, maxsplit=1)[0]

    @property
    def parts(self) -> list[str]:
        return CODE.findall(self.how)


def rows() -> list[Row]:
    found = []
    for row in ROW.finditer(PAGE.read_text("utf-8")):
        spans = [(int(first), int(last or first)) for first, last in SPAN.findall(row["numbers"])]
        numbers = tuple(number for first, last in spans for number in range(first, last + 1))
        found.append(Row(numbers, row["how"], tuple(CODE.findall(row["stories"]))))
    return found


ROWS = rows()


@cache
def told_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / path).read_text("utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


def test_every_number_stands_there_once_and_no_row_is_left_unread() -> None:
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| B")]

    assert len(lines) == len(ROWS)
    assert sorted(number for row in ROWS for number in row.numbers) == list(range(1, LAST + 1))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"B{row.numbers[0]:02}")
def test_every_story_that_is_named_is_told(row: Row) -> None:
    assert row.stories
    for story in row.stories:
        path, _, name = story.partition("::")
        assert name in told_in(path), story


def test_each_is_a_preset_a_recipe_a_block_or_the_engine_itself() -> None:
    on = set(presets.kits()["steady"])
    families = {"block": set(blocks.names()), "off": {*presets.known(), *steps} - on, "on": on}
    for row in ROWS:
        assert row.way in WAYS, row
        if row.way in families:
            assert row.parts, row
            assert set(row.parts) <= families[row.way], row


def test_every_shipped_preset_is_named_and_every_recipe_is_one() -> None:
    named = {part for row in ROWS for part in row.parts if row.way in ("on", "off")}
    told = {number for row in ROWS if row.way == "recipe" for number in row.numbers}

    assert set(presets.known()) - named == set()
    assert told == {number for one in recipes() for number in one.numbers}
