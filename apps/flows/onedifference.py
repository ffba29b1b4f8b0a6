"""An A/B test tries one thing: variants may differ in their waiting, subject, preview line or body, and in one only.

Otherwise nobody can say what made the difference. The subject and the body stand in templates, so this is asked when
a flow is published and when it is switched on, of the texts that go out then.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import combinations
from typing import Any, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core import db
from apps.core.problems import Path, Problem
from apps.flows.definition import Definition
from apps.flows.layout import branches_of
from apps.flows.parts import Step

_START: Final = datetime(2026, 1, 1, tzinfo=UTC)
THINGS: Final = {
    "wait": _("the waiting"),
    "subject": _("the subject"),
    "preheader": _("the preview line"),
    "body": _("the body"),
}

Text = tuple[str, str, str]
"""Subject, preview line and body of one language."""
Texts = Mapping[str, Mapping[str, Text]]
"""By template, by language: what is published."""

_LIVE = """
SELECT t.slug, t.locale, v.subject, v.preheader, md5(v.mjml || E'\\n' || v.text)
FROM mail_template t JOIN mail_templateversion v ON v.id = t.live_id
WHERE t.store_id = %s AND t.slug = ANY(%s::text[])
"""


def problems_of(plan: Definition, store_id: int) -> list[Problem]:
    """What keeps the tests of this plan from being started in this shop."""
    tests = [node for node in plan.nodes if node.step.kind == "ab"]
    if not tests:
        return []
    texts = _live_texts(store_id, plan)
    found = _named_twice([(node.path, node.step) for node in tests])
    for node in tests:
        variants = [branch.steps for branch in branches_of(node.step)]
        found += _wrong((*node.path, "ab"), variants, texts)
    return found


def _named_twice(tests: Sequence[tuple[Path, Any]]) -> list[Problem]:
    names = [step.name for _, step in tests]
    words = gettext("another test in this flow has this name")
    return [
        Problem((*path, "ab", "name"), words) for place, (path, step) in enumerate(tests) if step.name in names[:place]
    ]


def _live_texts(store_id: int, plan: Definition) -> Texts:
    slugs = {slug for node in plan.nodes for slug in getattr(node.step, "texts", ())}
    found: dict[str, dict[str, Text]] = {}
    for slug, locale, subject, preheader, body in db.rows(_LIVE, [store_id, sorted(slugs)]):
        found.setdefault(slug, {})[locale] = (subject, preheader, body)
    return found


def _wrong(path: Path, variants: Sequence[Sequence[Step]], texts: Texts) -> list[Problem]:
    """The first that is wrong with one test; two by two, since three variants may each differ in one thing."""
    every: set[str] = set()
    for one, other in combinations(variants, 2):
        things = differences(one, other, texts)
        if things is None:
            return [
                Problem((*path, "variants"), gettext("the variants must take the same steps, and differ in one thing"))
            ]
        if not things:
            return [Problem((*path, "variants"), gettext("two variants are the same: there is nothing to compare"))]
        every |= things
    if len(every) < 2:
        return []
    named = ", ".join(str(THINGS[thing]) for thing in THINGS if thing in every)
    return [Problem((*path, "variants"), gettext("the variants differ in more than one thing: %s") % named)]


def differences(one: Sequence[Step], other: Sequence[Step], texts: Texts) -> frozenset[str] | None:
    """In which things two variants differ; None when they do not even take the same steps."""
    mine, theirs = _doing(one), _doing(other)
    if len(mine) != len(theirs):
        return None
    found: set[str] = set()
    for (my_moment, my_step), (their_moment, their_step) in zip(mine, theirs, strict=True):
        if my_moment != their_moment:
            found.add("wait")
        things = _between(my_step, their_step, texts)
        if things is None:
            return None
        found |= things
    return frozenset(found)


def _doing(steps: Sequence[Step]) -> list[tuple[Any, Step]]:
    """What a variant does, each with the waiting before it."""
    found: list[tuple[Any, Step]] = []
    waited: list[Any] = []
    so_far = _START
    for step in steps:
        if step.passes_time:
            so_far = step.opens(_START, so_far)
        elif step.unplanned:
            waited.append(step)
        else:
            found.append(((so_far, tuple(waited)), step))
    if waited and not found:
        found.append(((so_far, tuple(waited)), steps[-1]))
    return found


def _between(one: Step, other: Step, texts: Texts) -> set[str] | None:
    if one == other:
        return set()
    if type(one) is not type(other) or not one.speaks or _bare(one) != _bare(other):
        return None
    mine, theirs = one.texts, other.texts  # type: ignore[attr-defined]
    if len(mine) != len(theirs):
        return None
    found: set[str] = set()
    for my_slug, their_slug in zip(mine, theirs, strict=True):
        found |= _of_texts(texts.get(my_slug, {}), texts.get(their_slug, {}))
    return found


def _bare(step: Any) -> dict[str, Any]:
    """A mail's settings without its texts."""
    kept = {field.name: getattr(step, field.name) for field in dataclasses.fields(step)}
    return {name: value for name, value in kept.items() if name not in ("template", "also")}


def _of_texts(one: Mapping[str, Text], other: Mapping[str, Text]) -> set[str]:
    """In which things two templates differ, over all their languages; one that is missing differs in all."""
    found: set[str] = set()
    for locale in one.keys() | other.keys():
        mine, theirs = one.get(locale), other.get(locale)
        if mine is None or theirs is None:
            return {"subject", "preheader", "body"}
        names = ("subject", "preheader", "body")
        found |= {name for name, a, b in zip(names, mine, theirs, strict=True) if a != b}
    return found
