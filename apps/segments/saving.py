"""A segment's definition taken over: checked against the shop's other segments, then its members without a word."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext

from apps.core.problems import DefinitionRefused, Problem
from apps.segments import compiling, entering
from apps.segments.models import Segment


class StillAsked(ValueError):
    """Other segments ask about this one; the message names them."""


def save(segment: Segment, plain: list[Any], at: datetime) -> None:
    """Keep the definition and make the membership anew: whoever fits is in it, and no flow begins by an edit.

    Raises DefinitionRefused, also for a segment that would ask about itself.
    """
    conditions = compiling.read(plain)
    asked = entering.asked_about(conditions)
    others = {
        one.slug: entering.asked_about(read) for one, read in entering.in_order([segment.store_id]) if one != segment
    }
    problems = [Problem(("conditions",), _unknown(slug)) for slug in asked if slug not in {*others, segment.slug}]
    if circle := _circle(segment.slug, {**others, segment.slug: asked}):
        told = gettext("a segment cannot ask about itself: %s") % " → ".join(circle)
        problems.append(Problem(("conditions",), told))
    if problems:
        raise DefinitionRefused(problems)
    with transaction.atomic():
        segment.definition = compiling.plain(conditions)
        segment.save(update_fields=["name", "definition"])
        entering.rebuild(segment, at)


def _unknown(slug: str) -> str:
    return gettext("there is no segment “%s” in this shop") % slug


def _circle(start: str, asks: dict[str, list[str]]) -> list[str]:
    """The way from a segment back to itself; empty when there is none."""
    ways = [[start]]
    for way in ways:
        for slug in asks.get(way[-1], ()):
            if slug == start:
                return [*way, slug]
            if slug not in way:
                ways.append([*way, slug])
    return []


def asking(segment: Segment) -> list[str]:
    """The names of other segments that ask about this one."""
    return [
        one.name for one, read in entering.in_order([segment.store_id]) if segment.slug in entering.asked_about(read)
    ]


def remove(segment: Segment) -> None:
    """Delete a segment with its memberships. Raises StillAsked."""
    names = asking(segment)
    if names:
        raise StillAsked(", ".join(names))
    segment.delete()
