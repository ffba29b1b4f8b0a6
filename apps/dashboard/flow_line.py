"""A draft as a line of time: every part with its words, its moment by both clocks, its numbers and what is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.utils.translation import gettext as _

from apps.core.forms import fields_of
from apps.core.plain import read_part
from apps.core.problems import Path, Problem
from apps.dashboard.flow_shelf import Shelf
from apps.flows.parts import steps, triggers
from apps.flows.seeing import templates_in
from apps.flows.trees import LISTS, Node, Tree, node_of, nodes_of, spelled
from apps.flows.words_of import capitalised, chosen_from, said_of
from apps.mail.models import Template

START: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(slots=True, kw_only=True)
class Spot:
    """One part as it is drawn."""

    node: Node
    place: str
    words: str
    label: str
    number: int = 0
    icon: str = "bolt"
    speaks: bool = False
    after: timedelta | None = None
    clocks: str = ""
    mails: list[Mail] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    branches: list[Lane] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    inside: int = 0
    passed: int = 0
    first: bool = False
    last: bool = False

    @property
    def has_form(self) -> bool:
        """Whether there is something to fill in."""
        return self.node.part is not None and any(spec.family is None for spec in fields_of(self.node.part))


@dataclass(slots=True, kw_only=True)
class Lane:
    """A list of parts as it is drawn; `end` is the place of one put behind the last."""

    label: str
    place: str
    end: str
    family: str
    spots: list[Spot]
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail a step sends, as the shop has it; `template` None: the shop has no published mail of that name."""

    slug: str
    template: Template | None


ICONS: Final = {"wait": "hourglass_empty", "wait_until": "schedule", "wait_for": "hearing", "split": "call_split",
                "ab": "science", "give_offer": "local_offer", "ask": "quiz", "tag": "sell", "notify_owner": "campaign",
                "suppress": "notifications_off", "exit": "logout"}  # fmt: skip


class Line:
    """Draws one plan. Problems find the innermost part that they are about; what is left is about the whole."""

    def __init__(self, tree: Tree, shelf: Shelf, problems: Iterable[Problem] = ()) -> None:
        self.tree, self.shelf = tree, shelf
        self.left = list(problems)
        self._number = 0
        self.by_number: dict[int, Spot] = {}
        self.trigger = self._single()
        self.filter = self._lane("filter")
        self.exits = self._lane("exits")
        self.steps = self._lane("steps")
        self.total = max((spot.after for spot in self.by_number.values() if spot.after is not None), default=None)

    def _single(self) -> Spot | None:
        if "trigger" not in self.tree:
            return None
        node = node_of(triggers, self.tree["trigger"], ("trigger",))
        return self._spot(node, None)

    def _lane(self, key: str) -> Lane:
        family = LISTS[key]
        nodes = nodes_of(family, self.tree.get(key), (key,))
        return self._drawn((key,), "", family.family, nodes, timedelta())

    def _drawn(self, place: Path, label: str, family: str, nodes: list[Node], so_far: timedelta | None) -> Lane:
        spots: list[Spot] = []
        for node in nodes:
            spot = self._spot(node, so_far)
            so_far = spot.after if spot.after is not None else so_far
            spots.append(spot)
        if spots:
            spots[0].first = spots[-1].last = True
        mine = [*self._taken(place, exact=True)]
        return Lane(label=label, place=spelled(place), end=spelled((*place, len(nodes))), family=family, spots=spots,
                    problems=mine)  # fmt: skip

    def _spot(self, node: Node, so_far: timedelta | None) -> Spot:
        is_step = node.family is steps
        spot = Spot(
            node=node, place=spelled(node.place), words=said_of(node.family, _bare(node), self.shelf.name),
            label=str(node.part.label) if node.part else node.kind,
            speaks=bool(getattr(node.part, "speaks", False)),
        )  # fmt: skip
        if is_step:
            self._number += 1
            spot.number = self._number
            self.by_number[spot.number] = spot
            spot.icon = "mail" if spot.speaks else ICONS.get(node.kind, "bolt")
            spot.after = _opens(node, so_far)
            spot.mails = [Mail(slug=slug, template=self.shelf.mails.get(slug)) for slug in templates_in(node)]
        spot.notes = self._absent(node)
        inner = spot.after if is_step else so_far
        for branch in node.branches:
            label, family = str(branch.spec.label), branch.spec.family
            spot.branches.append(self._drawn(branch.place, label, family.family, branch.nodes, inner))
        spot.problems = self._taken(node.place)
        return spot

    def _absent(self, node: Node) -> list[str]:
        """What the part names and the shop does not have; a mail that is missing is a problem, and said there."""
        found = []
        for spec in fields_of(node.part) if node.part else ():
            thing, given = chosen_from(spec), node.config.get(spec.name)
            if thing not in ("", "template", "product") and given:
                known = dict(self.shelf.choices(thing))
                names = given if isinstance(given, list) else [given]
                found += [
                    _("This shop has no “%s” yet: make it, or choose another.") % name
                    for name in names
                    if name not in known
                ]
        return found

    def _taken(self, place: Path, *, exact: bool = False) -> list[str]:
        """The problems of this place; the inner parts took theirs before."""
        mine = [one for one in self.left if (one.path == place if exact else one.path[: len(place)] == place)]
        self.left = [one for one in self.left if one not in mine]
        return list(dict.fromkeys(capitalised(one.message) for one in mine))


def _bare(node: Node) -> dict[str, Any]:
    """The part without the steps in its branches; its conditions belong to its sentence."""
    hidden = {branch.spec.name for branch in node.branches}
    return {node.kind: {name: value for name, value in node.config.items() if name not in hidden}}


def _opens(node: Node, so_far: timedelta | None) -> timedelta | None:
    """How long after the start this step is taken at the earliest; None when that cannot be told yet."""
    part = read_part(steps, {node.kind: node.config}, (), []) if so_far is not None else None
    if part is None or so_far is None:
        return so_far
    opens: datetime = part.opens(START, START + so_far)
    return opens - START


def clocks(after: timedelta, idle: timedelta, lane: str) -> str:
    """Both clocks: from the start of the flow, and from what the shopper did last."""
    if not after:
        return _("at once")
    if lane != "basket":
        return _("%(time)s after the start") % {"time": span(after)}
    return _("%(start)s after the start is about %(last)s after the last activity") % {
        "start": span(after),
        "last": span(after + idle),
    }


def span(length: timedelta) -> str:
    """A length of time as people say it, in its two largest units."""
    rest = round(length.total_seconds())
    said = []
    for seconds, unit in ((86400, _("%s d")), (3600, _("%s h")), (60, _("%s min")), (1, _("%s s"))):
        count, rest = divmod(rest, seconds)
        if count:
            said.append(unit % count)
    return " ".join(said[:2]) or _("%s s") % 0
