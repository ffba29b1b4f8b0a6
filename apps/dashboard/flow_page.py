"""The context of a flow's page: its line of time to read and to change, its file, its versions, its people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.core.clock import now
from apps.core.forms import fields_of
from apps.core.problems import DefinitionRefused, Path, Problem
from apps.core.registry import Registry
from apps.dashboard import flow_numbers, flow_versions
from apps.dashboard.flow_draft import family_for, shortest, stamp
from apps.dashboard.flow_forms import PartForm, head_form, part_form
from apps.dashboard.flow_line import Line, clocks, span
from apps.dashboard.flow_price import price_of
from apps.dashboard.flow_shelf import Shelf
from apps.dashboard.ledger import messages
from apps.flows import publishing, yaml_io
from apps.flows.comparing import compare, tests_of
from apps.flows.layout import LONGEST
from apps.flows.models import Flow
from apps.flows.parts import conditions, exits, steps, triggers
from apps.flows.publishing import INSIDE_WORDS, inside, outlooks, people_inside
from apps.flows.seeing import unseen
from apps.flows.trees import Node, NoSuchPlace, Tree, long_form, node_at, node_of, place_of, spelled
from apps.flows.words_of import reentry_in_words

__all__ = ["span"]

TABS: Final = ("line", "file", "versions", "people")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The one small form that stands open on the page: a part that is changed, or a new one at its place."""

    place: str
    is_new: bool
    kind: str
    label: str
    form: PartForm | None


def page(flow: Flow, asked: Mapping[str, str], *, writes: bool) -> dict[str, Any]:
    """Everything the page shows. `asked` is what stands behind the ? of its address."""
    tab = asked["tab"] if asked.get("tab") in TABS else "line"
    shelf, tree = Shelf(flow.store), long_form(flow.draft)
    context = {
        "flow": flow,
        "tab": tab,
        "tabs": [(name, words, f"?tab={name}") for name, words in zip(TABS, _tabs(), strict=True)],
        "may_write": writes and flow.deleted_at is None,
        "headcount": people_inside(flow),
        "held_out": flow_numbers.held_out(flow),
        "ledger_url": messages({"store": str(flow.store_id), "flow": str(flow.pk)}),
        "changed": is_changed(flow),
        "seen": stamp(flow.draft),
    }
    return context | _PANES[tab](flow, tree, shelf, asked)


def _tabs() -> tuple[str, ...]:
    return _("Line of time"), _("The plan as a file"), _("Versions"), _("People inside")


def _line(flow: Flow, tree: Tree, shelf: Shelf, asked: Mapping[str, str]) -> dict[str, Any]:
    found = problems_of(flow)
    line = Line(tree, shelf, [_kinder(problem) for problem in found])
    flow_numbers.onto(line, flow_numbers.of_steps(flow, tree))
    lane = str(getattr(line.trigger.node.part, "lane", "")) if line.trigger else ""
    for spot in line.by_number.values():
        spot.clocks = clocks(spot.after, flow.store.abandon_after, lane) if spot.after is not None else ""
    return {
        "line": line,
        "total": span(line.total) if line.total else "",
        "steps": list(line.by_number.values()),
        "idle": flow.store.abandon_after if lane == "basket" else None,
        "problems": found,
        "reentry": reentry_in_words(flow.draft.get("reentry")) if flow.draft.get("reentry") else "",
        "head": head_form(flow.draft),
        "menus": menus(),
        "ticks": ticks(tree),
        "opened": opened(tree, shelf, asked),
        "looking": asked.get("look", ""),
        "outlooks": [(one, INSIDE_WORDS[one.choice]) for one in outlooks(flow)],
        "groups": inside(flow),
        "unseen": unseen(flow),
        "price": price_of(flow, now()),
        "upgrade": flow_versions.upgrade_of(flow, shelf.name),
        "changes": flow_versions.since_published(flow, shelf.name),
        "comparisons": [
            compare(flow, name, now()) for name in tests_of(flow.version.definition if flow.version else {})
        ],
    }


def _file(flow: Flow, _tree: Tree, _shelf: Shelf, _asked: Mapping[str, str]) -> dict[str, Any]:
    text = draft_of(flow)
    return {"draft": text, "problems": problems(text) if text else [], "draft_problems": problems_of(flow)}


def _versions(flow: Flow, _tree: Tree, shelf: Shelf, _asked: Mapping[str, str]) -> dict[str, Any]:
    return {
        "history": flow_versions.history(flow, shelf.name),
        "outlooks": [(one, INSIDE_WORDS[one.choice]) for one in outlooks(flow)],
    }


def _people(flow: Flow, _tree: Tree, shelf: Shelf, _asked: Mapping[str, str]) -> dict[str, Any]:
    return {"people": flow_numbers.people(flow, shelf), "groups": inside(flow)}


_PANES: Final = {"line": _line, "file": _file, "versions": _versions, "people": _people}


def is_changed(flow: Flow) -> bool:
    """Whether the draft says something else than what runs."""
    return flow.version is None or shortest(flow.version.definition) != shortest(flow.draft)


def draft_of(flow: Flow) -> str:
    """The draft as its file. The database keeps no order of keys, so they are put back in theirs."""
    return yaml_io.dump_plain(yaml_io.in_order(shortest(flow.draft))) if flow.draft else ""


def problems(text: str) -> list[Problem]:
    """What is wrong with a file, each with its line."""
    try:
        yaml_io.load(text)
    except DefinitionRefused as refused:
        return list(refused.problems)
    return []


def problems_of(flow: Flow) -> list[Problem]:
    """What keeps the draft from being published, each at its place."""
    try:
        publishing.check(flow)
    except DefinitionRefused as refused:
        return list(refused.problems)
    return []


def _kinder(problem: Problem) -> Problem:
    """The first things a new flow lacks, in the words of somebody who makes one."""
    words = {
        ("trigger",): _("Choose what the flow begins with."),
        ("steps",): _("Add a first step: a mail, or a wait before it."),
    }
    if problem.path in words and (problem.path == ("trigger",) or not _is_long(problem)):
        return Problem(problem.path, words[problem.path])
    return problem


def _is_long(problem: Problem) -> bool:
    return str(LONGEST) in problem.message


# --- what can be added, and the form that stands open ----------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One kind of part that can be added. `bare`: it has nothing to fill in."""

    kind: str
    label: str
    bare: bool


def menus() -> dict[str, list[Choice]]:
    """Per family, every registered kind, by its name on screen."""
    families: list[Registry[Any]] = [triggers, conditions, exits, steps]
    found = {family.family: _menu(family) for family in families}
    for kind in steps:
        for spec in fields_of(steps.get(kind)):
            if spec.family is not None and spec.family.family not in found:
                found[spec.family.family] = _menu(spec.family)
    return found


def _menu(family: Registry[Any]) -> list[Choice]:
    choices = [Choice(kind=kind, label=str(part.label), bare=is_bare(part)) for kind, part in family.items()]
    return sorted(choices, key=lambda choice: choice.label.casefold())


def is_bare(part: type[Any]) -> bool:
    """Whether there is nothing to fill in, on this part's own form."""
    return not [spec for spec in fields_of(part) if spec.family is None]


def ticks(tree: Tree) -> list[tuple[Choice, bool]]:
    """The exits that need no settings, each with whether it is taken."""
    taken = {node_of(exits, one, ()).kind for one in tree.get("exits") or []}
    return [(choice, choice.kind in taken) for choice in _menu(exits) if choice.bare]


def opened(tree: Tree, shelf: Shelf, asked: Mapping[str, str]) -> Opened | None:
    """The form the address asks for; None when it asks for none, or for a place that is no longer there."""
    try:
        if "add" in asked:
            return new_part(tree, shelf, place_of(asked["add"]), asked.get("kind", ""))
        return changed_part(tree, shelf, place_of(asked["edit"]), asked.get("kind", "")) if "edit" in asked else None
    except NoSuchPlace:
        return None


def new_part(tree: Tree, shelf: Shelf, place: Path, kind: str, data: Any = None) -> Opened:
    """A part that is not there yet. Raises NoSuchPlace for a place or kind there is not."""
    family = family_for(tree, place)
    if kind not in family:
        raise NoSuchPlace(kind)
    fresh = Node(place=place, family=family, kind=kind, config={}, part=family.get(kind))
    return _opened(fresh, shelf, data, is_new=True)


def changed_part(tree: Tree, shelf: Shelf, place: Path, kind: str = "", data: Any = None) -> Opened:
    """A part that is there; `kind` only for another trigger in its place. Raises NoSuchPlace."""
    if place == ("trigger",) and kind:
        node = node_of(triggers, tree.get("trigger"), place)
        if node.kind != kind:
            return new_part(tree, shelf, place, kind, data)
    return _opened(node_at(tree, place), shelf, data, is_new=False)


def _opened(node: Node, shelf: Shelf, data: Any, *, is_new: bool) -> Opened:
    label = str(node.part.label) if node.part else node.kind
    form = part_form(node.family, node, shelf, data)
    return Opened(place=spelled(node.place), is_new=is_new, kind=node.kind, label=label, form=form)


def address_of(flow: Flow) -> str:
    """Where the page stands."""
    return reverse("admin:flows_flow_change", args=[flow.pk])
