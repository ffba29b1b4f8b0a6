"""Positions from which nothing but waiting leads to a mail: those whose mail is asked for in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from apps.flows.layout import Node


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A position from which nothing but waiting leads to a mail, and what follows it."""

    step: Any
    """The mail: a SendEmail."""
    mail: int
    next: int
    onward: bool
    """False: the mail is the last step, and `next` the end."""
    start: timedelta | None
    """From the trigger moment to this position, for a run that brought no moment along; None: it cannot be told."""
    walk: timedelta
    """From the trigger moment to the mail."""
    wait: timedelta
    """From the trigger moment to what follows."""
    first: bool
    """No mail stands before it on its way: what a run did not bring along is not missing."""


def shape_of(nodes: Sequence[Node], gifts: Sequence[Sequence[int]], position: int) -> Shape | None:
    """The shape of a position; None when the engine must walk it."""
    mail, walk = position, timedelta()
    while mail < len(nodes) and (wait := nodes[mail].step).kind == "wait":
        walk, mail = max(walk, _until(wait)), nodes[mail].after
    if mail >= len(nodes):
        return None
    step, after = nodes[mail].step, nodes[mail].after
    if step.kind != "send_email" or getattr(step, "also", None) or gifts[mail]:
        return None
    following = nodes[after].step if after < len(nodes) else None
    if following is not None and following.kind == "wait_until":
        return None
    before = [nodes[place].step for place in nodes[position].way]
    start = _planned(before, nodes[position].step)
    return Shape(
        step=step,
        mail=mail,
        next=after,
        onward=following is not None,
        start=start,
        walk=walk,
        wait=_until(following) if following is not None else timedelta(),
        first=start is not None and not any(one.speaks for one in before),
    )


def _planned(before: Sequence[Any], own: Any) -> timedelta | None:
    if any(step.kind == "wait_until" for step in before):
        return None
    return max(map(_until, (*before, own)))


def _until(step: Any) -> timedelta:
    """How long after the trigger moment a wait ends; nothing for any other step."""
    until: timedelta = step.until.delta if step.kind == "wait" else timedelta()
    return until
