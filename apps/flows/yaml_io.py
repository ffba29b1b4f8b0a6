"""Flows as files: readable YAML out, and back in with every mistake named by line and field.

Of YAML only maps, lists and scalars are read. Anchors, tags and second documents are refused before anything
is built, so that a small file can never become a large one. Words such as `off`, `no` and `1:30` stay words:
YAML 1.1 would make them booleans and minutes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import yaml
from django.utils.translation import gettext

from apps.core.problems import DefinitionRefused, Path, Problem
from apps.flows import definition
from apps.flows.definition import Definition

LARGEST: Final = 64 * 1024
DEEPEST: Final = 32
_INT: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)
_WORDS: Final[dict[str, Any]] = {"true": True, "false": False, "null": None, "~": None, "": None}

Lines = dict[Path, int]


def dump(plan: Definition) -> str:
    """The file of a plan. Reading it back and dumping again gives the same bytes."""
    return dump_plain(plan.plain())


def dump_plain(plain: dict[str, Any]) -> str:
    """The file of a plan in words: one line per step, settings beside their step."""
    laid_out = {key: _laid_out(key, value) for key, value in plain.items()}
    return yaml.dump(
        laid_out,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=False,
        width=10_000,
    )


def in_order(plain: dict[str, Any]) -> dict[str, Any]:
    """The plan with its keys in the order of a file: a database keeps none."""
    return {key: plain[key] for key in definition.KEYS if key in plain} | plain


def load(text: str | bytes) -> Definition:
    """The plan in a file. Raises DefinitionRefused with every problem, each with its line."""
    plain, lines, problems = parse(text)
    try:
        plan = definition.read(plain)
    except DefinitionRefused as refused:
        problems += refused.problems
    if problems:
        raise DefinitionRefused(placed(problems, lines))
    return plan


def decoded(raw: bytes) -> str:
    """A file's text as it can be shown again, whatever it is; what is no text is refused when it is read."""
    return raw.decode("utf-8-sig", errors="replace").replace("\r\n", "\n")


def named(text: str | bytes, message: str) -> Problem:
    """A problem with the short name, at its line."""
    _plain_words, lines, _problems = parse(text)
    return Problem(("flow",), message, _line(("flow",), lines))


def placed(problems: list[Problem] | tuple[Problem, ...], lines: Lines) -> list[Problem]:
    """Problems with the line of their place, or of the nearest place around it, in the order of the file."""
    found = [problem if problem.line else problem.at(_line(problem.path, lines)) for problem in problems]
    return sorted(found, key=lambda problem: (problem.line or 0, problem.field))


def _line(path: Path, lines: Lines) -> int:
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def parse(text: str | bytes) -> tuple[Any, Lines, list[Problem]]:
    """Plain maps, lists and scalars with the line of each. Raises DefinitionRefused for what is no such YAML."""
    read = _decoded(text)
    try:
        _refuse_hostile(read)
        node = yaml.compose(read, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise DefinitionRefused([_unreadable(error)]) from None
    except yaml.YAMLError as error:
        raise DefinitionRefused([Problem((), _one_line(str(error)), 1)]) from None
    problems: list[Problem] = []
    lines: Lines = {(): 1}
    plain = None if node is None else _plain(node, (), lines, problems)
    return plain, lines, problems


def _decoded(text: str | bytes) -> str:
    if len(text) > LARGEST:
        raise DefinitionRefused([Problem((), gettext("larger than %s bytes: that is no flow") % LARGEST, 1)])
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text[: error.start].count(b"\n") + 1
        raise DefinitionRefused([Problem((), gettext("expected UTF-8"), line)]) from None


def _refuse_hostile(text: str) -> None:
    """One pass over the events, which builds nothing."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        refused = ""
        match event:
            case yaml.AliasEvent() | yaml.NodeEvent(anchor=str()):
                refused = gettext("anchors and aliases (& and *) are not read here: write it out")
            case yaml.ScalarEvent(tag=str()) | yaml.CollectionStartEvent(tag=str()):
                refused = gettext("tags (!) are not read here")
            case yaml.DocumentStartEvent():
                documents += 1
                refused = gettext("expected one document") if documents > 1 else ""
            case yaml.CollectionEndEvent():
                depth -= 1
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            refused = refused or (gettext("nested too deeply") if depth > DEEPEST else "")
        if refused:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise DefinitionRefused([Problem((), refused, line)])


def _unreadable(error: yaml.MarkedYAMLError) -> Problem:
    mark = error.problem_mark or error.context_mark
    message = gettext("this is no YAML: %s") % _one_line(error.problem or str(error))
    return Problem((), message, mark.line + 1 if mark else 1)


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200]


def _plain(node: yaml.Node, path: Path, lines: Lines, problems: list[Problem]) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        return dict(_pairs(node, path, lines, problems))
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, (*path, place), lines, problems) for place, child in enumerate(node.value)]
    return _scalar(node)


def _pairs(node: yaml.MappingNode, path: Path, lines: Lines, problems: list[Problem]) -> Iterator[tuple[str, Any]]:
    seen = set()
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            problems.append(Problem(path, gettext("expected a word as key"), line))
            continue
        name = str(key.value)
        if name in seen:
            problems.append(Problem((*path, name), gettext("this stands here twice"), line))
        seen.add(name)
        lines[(*path, name)] = line
        yield name, _plain(value, (*path, name), lines, problems)


def _scalar(node: yaml.Node) -> Any:
    """Whole numbers, true, false and nothing; all else is text."""
    text = str(node.value)
    if getattr(node, "style", None) is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INT.fullmatch(text) else text


class _Beside(dict[str, Any]):
    """A map that stands on the line of its key."""


class _InLine(list[Any]):
    """A list on one line."""


class _Dumper(yaml.SafeDumper):
    """Lists are indented below their key, as people write them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:  # noqa: ARG002
        return super().increase_indent(flow, False)


_Dumper.add_representer(
    _Beside,
    lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=True),
)
_Dumper.add_representer(
    _InLine,
    lambda dumper, data: dumper.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=True),
)


def _laid_out(key: str, value: Any) -> Any:
    if isinstance(value, list):
        parts = [_part(item) for item in value]
        return (
            _InLine([_Beside(part) if isinstance(part, dict) else part for part in parts]) if key == "exits" else parts
        )
    return _Beside(value) if key == "reentry" and isinstance(value, dict) else _part(value)


def _part(value: Any) -> Any:
    """A part: its kind, and beside it what was set; with parts within it, every setting below it."""
    if not isinstance(value, dict):
        return value
    return {kind: _config(given) if isinstance(given, dict) else given for kind, given in value.items()}


def _config(given: dict[str, Any]) -> dict[str, Any]:
    if not any(_holds_parts(value) for value in given.values()):
        return _Beside(given)
    return {name: _inner(value) for name, value in given.items()}


def _inner(value: Any) -> Any:
    if _holds_parts(value):
        return [_part(one) for one in value]
    return _InLine(value) if isinstance(value, list) else value


def _holds_parts(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(one, dict) for one in value)
