"""Two plans laid side by side: which step of the one is which of the other, and what changed, in words."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final, Literal

from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from apps.core.forms import fields_of
from apps.core.problems import Path
from apps.core.registry import Registry
from apps.flows.parts import conditions, exits, steps, triggers
from apps.flows.trees import Node, Tree, canonical, every_step, long_form, nodes_of, own_settings
from apps.flows.words_of import Names, as_written, capitalised, head_in_words, said_of, settings_of

What = Literal["added", "removed", "moved", "changed"]
HEAD: Final = {
    "name": _("Name"),
    "purpose": _("Purpose"),
    "priority": _("Priority"),
    "reentry": _("How often"),
    "merge_within": _("Newer basket joins within"),
    "holdout": _("Control group"),
}
"""The keys of a plan that are one value, with their words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference, as a sentence. `key` is the part of the plan, `place` the step in the newer plan."""

    what: What
    key: str
    words: str
    place: Path = ()


def differences(before: Mapping[str, Any], after: Mapping[str, Any], names: Names = as_written) -> list[Change]:
    """What changed from one plan to the other, from top to bottom. Plans that say the same differ in nothing."""
    old, new = long_form(dict(before)), long_form(dict(after))
    return [
        *_heads(old, new),
        *_trigger(old, new, names),
        *_unordered("filter", conditions, old, new, names),
        *_unordered("exits", exits, old, new, names),
        *_steps(old, new, names),
    ]


def _heads(old: Tree, new: Tree) -> list[Change]:
    return [
        Change(what="changed", key=key, words=_became(str(label), head_in_words(key, old.get(key)),
                                                      head_in_words(key, new.get(key))))
        for key, label in HEAD.items()
        if canonical(old.get(key)) != canonical(new.get(key))
    ]  # fmt: skip


def _became(what: str, before: str, after: str) -> str:
    words = {"what": what, "before": before, "after": after}
    if not before:
        return gettext("%(what)s: now %(after)s") % words
    if not after:
        return gettext("%(what)s: no longer %(before)s") % words
    return gettext("%(what)s: %(before)s became %(after)s") % words


def _trigger(old: Tree, new: Tree, names: Names) -> list[Change]:
    if canonical(old.get("trigger")) == canonical(new.get("trigger")):
        return []
    before, after = (said_of(triggers, tree["trigger"], names) if "trigger" in tree else "" for tree in (old, new))
    return [Change(what="changed", key="trigger", words=_became(gettext("Begins when"), before, after))]


_COMES: Final = {"filter": _("New condition: %(what)s"), "exits": _("Now also ends when: %(what)s")}
_GOES: Final = {"filter": _("Condition gone: %(what)s"), "exits": _("No longer ends when: %(what)s")}


def _unordered(key: str, family: Registry[Any], old: Tree, new: Tree, names: Names) -> list[Change]:
    """Conditions and exits all hold at once: their order says nothing."""
    before, after = ({canonical(one): one for one in tree.get(key) or []} for tree in (old, new))
    went = [before[text] for text in before if text not in after]
    came = [after[text] for text in after if text not in before]
    lost = [str(_GOES[key]) % {"what": said_of(family, one, names)} for one in went]
    won = [str(_COMES[key]) % {"what": said_of(family, one, names)} for one in came]
    return [
        *(Change(what="removed", key=key, words=words) for words in lost),
        *(Change(what="added", key=key, words=words) for words in won),
    ]


# --- steps -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pair:
    """The same step in both plans; `moved` when it changed places with others or went into another branch."""

    old: Node
    new: Node
    moved: bool = False


def matched(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Pair]:
    """Which step of the older plan is which of the newer: no step of either stands in two pairs."""
    matcher = _Matcher(before, after)
    return matcher.pairs


class _Matcher:
    """Equal stretches first, then steps that say nearly the same in one place, then what went elsewhere."""

    def __init__(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        self.old, self.new = list(every_step(before)), list(every_step(after))
        self.pairs: list[Pair] = []
        self._old_left = {node.place: node for node in self.old}
        self._new_left = {node.place: node for node in self.new}
        self._lists(nodes_of(steps, before.get("steps"), ("steps",)), nodes_of(steps, after.get("steps"), ("steps",)))
        for same in (_exactly, _mainly):
            self._elsewhere(same)
        self.pairs.sort(key=lambda pair: _order(pair.new.place))

    def _pair(self, old: Node, new: Node, *, moved: bool = False) -> None:
        if old.family is steps:
            if old.place not in self._old_left or new.place not in self._new_left:
                return
            del self._old_left[old.place], self._new_left[new.place]
            self.pairs.append(Pair(old, new, moved))
        fields = {branch.spec.name: branch for branch in new.branches}
        for branch in old.branches:
            if branch.spec.name in fields and branch.spec.family is not conditions:
                self._lists(branch.nodes, fields[branch.spec.name].nodes)

    def _lists(self, old: list[Node], new: list[Node]) -> None:
        """Two lists of one kind of parts, first by what is equal, then by what is alike in the gaps."""
        marks = SequenceMatcher(
            None, [_exactly(node) for node in old], [_exactly(node) for node in new], autojunk=False
        )
        for tag, a, b, c, d in marks.get_opcodes():
            if tag == "equal":
                for before, after in zip(old[a:b], new[c:d], strict=True):
                    self._pair(before, after)
            elif tag == "replace":
                self._alike(old[a:b], new[c:d])

    def _alike(self, old: list[Node], new: list[Node]) -> None:
        for same in (_mainly, _kind):
            marks = _laid_beside(old, new, same)
            found = [(a + n, c + n) for a, c, size in marks.get_matching_blocks() for n in range(size)]
            for a, c in found:
                self._pair(old[a], new[c])
            old = [node for place, node in enumerate(old) if place not in {a for a, _c in found}]
            new = [node for place, node in enumerate(new) if place not in {c for _a, c in found}]

    def _elsewhere(self, same: Callable[[Node], str]) -> None:
        waiting: dict[str, list[Node]] = defaultdict(list)
        for node in self.new:
            if node.place in self._new_left and node.kind != "wait":
                waiting[same(node)].append(node)
        for node in self.old:
            if node.place in self._old_left and waiting[same(node)]:
                new = waiting[same(node)].pop(0)
                if new.place in self._new_left:
                    self._pair(node, new, moved=True)


def _laid_beside(old: list[Node], new: list[Node], same: Callable[[Node], str]) -> SequenceMatcher[str]:
    return SequenceMatcher(None, [same(node) for node in old], [same(node) for node in new], autojunk=False)


def _exactly(node: Node) -> str:
    return canonical([node.kind, node.config])


def _kind(node: Node) -> str:
    # A mail with another text is another mail: people who had the one have not had the other.
    return _mainly(node) if getattr(node.part, "speaks", False) else node.kind


def _mainly(node: Node) -> str:
    """What makes it this very step: its kind, the one setting that may stand alone, and what it sends."""
    names = {getattr(node.part, "short", ""), "template", "survey"} - {branch.spec.name for branch in node.branches}
    return canonical([node.kind, {name: node.config[name] for name in names if name in node.config}])


def _order(place: Path) -> tuple[tuple[int, str], ...]:
    return tuple((word, "") if isinstance(word, int) else (-1, word) for word in place)


def _steps(old: Tree, new: Tree, names: Names) -> list[Change]:
    matcher = _Matcher(old, new)
    met_old, met_new = {pair.old.place for pair in matcher.pairs}, {pair.new.place for pair in matcher.pairs}
    numbers_old, numbers_new = _numbers(matcher.old), _numbers(matcher.new)
    changes = [
        Change(what="removed", key="steps", words=gettext("Step %(number)s went: %(what)s")
               % {"number": numbers_old[node.place], "what": said_of(steps, _bare(node), names)})
        for node in matcher.old if node.place not in met_old
    ]  # fmt: skip
    changes += [_came(node, numbers_new[node.place], names) for node in matcher.new if node.place not in met_new]
    for pair in matcher.pairs:
        changes += _pair_changes(pair, numbers_old[pair.old.place], numbers_new[pair.new.place], names)
    return changes


def _numbers(nodes: Iterable[Node]) -> dict[Path, int]:
    return {node.place: number for number, node in enumerate(nodes, start=1)}


def _bare(node: Node) -> dict[str, Any]:
    return {node.kind: own_settings(node)}


def _came(node: Node, number: int, names: Names) -> Change:
    what = said_of(steps, _bare(node), names)
    if number == 1:
        words = gettext("%(what)s was added at the beginning") % {"what": what}
    else:
        words = gettext("%(what)s was added after step %(number)s") % {"what": what, "number": number - 1}
    return Change(what="added", key="steps", words=words, place=node.place)


def _pair_changes(pair: Pair, was: int, now: int, names: Names) -> list[Change]:
    found = []
    if pair.moved:
        words = gettext("%(what)s moved: step %(was)s is now step %(now)s")
        what = said_of(steps, _bare(pair.new), names)
        found.append(Change(what="moved", key="steps", place=pair.new.place,
                            words=words % {"what": what, "was": was, "now": now}))  # fmt: skip
    found += [
        Change(what="changed", key="steps", words=words, place=pair.new.place) for words in _settings(pair, names)
    ]
    return found


def _settings(pair: Pair, names: Names) -> list[str]:
    """Each setting that differs: "Wait: 24 hours became 36 hours"."""
    old, new = pair.old.config, pair.new.config
    if pair.new.part is None or pair.old.kind != pair.new.kind:
        return [] if canonical(old) == canonical(new) else [said_of(steps, _bare(pair.new), names)]
    before, after = (settings_of(pair.new.part, config, names) for config in (old, new))
    label, short = str(pair.new.part.label), getattr(pair.new.part, "short", "")
    found = []
    for spec in fields_of(pair.new.part):
        family = spec.family
        if family is not None and family is not conditions:
            continue
        if canonical(old.get(spec.name)) != canonical(new.get(spec.name)):
            what = label if spec.name == short else f"{label}, {capitalised(str(spec.label))}"
            said = before.get(spec.name, ""), after.get(spec.name, "")
            found.append(_became(what, *said) if any(said) else pgettext("step", "%(what)s changed") % {"what": what})
    return found + _variants(pair, names)


def _variants(pair: Pair, names: Names) -> list[str]:
    """Settings of parts that hold steps but are none themselves, such as the weight of an A/B text."""
    found: list[str] = []
    fields = {branch.spec.name: branch for branch in pair.new.branches}
    for branch in pair.old.branches:
        if branch.spec.family in (steps, conditions) or branch.spec.name not in fields:
            continue
        was, now = ([_bare(node) for node in one.nodes] for one in (branch, fields[branch.spec.name]))
        if canonical(was) != canonical(now):
            before, after = (", ".join(said_of(branch.spec.family, one, names) for one in side) for side in (was, now))
            found.append(_became(str(capitalised(str(branch.spec.label))), before, after))
    return found
