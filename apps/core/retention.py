"""What is kept for how long (decision 7; product page, section 6).

Each floor registers its rules; one job sweeps them all. A rule deletes one batch and says how many rows went,
so it can be stopped and begun again anywhere: what is left over goes with the next tick.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

import msgspec
from django.db import transaction

from apps.core import db
from apps.core.due import drain

log = logging.getLogger(__name__)

BATCH = 5_000
SLICE_SECONDS = 6.0
"""Per rule and tick: all rules together stay well within a task's time."""

Sweep = Callable[[datetime, int], int]
"""(before, limit): delete up to so many rows older than that; returns how many went."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One promise: `keep` is an interval in PostgreSQL's words, so that months are calendar months."""

    name: str
    keep: str
    sweep: Sweep


_rules: dict[str, Rule] = {}


def rule(name: str, *, keep: str) -> Callable[[Sweep], Sweep]:
    """Register a sweep under its name."""

    def decorate(sweep: Sweep) -> Sweep:
        _rules[name] = Rule(name=name, keep=keep, sweep=sweep)
        return sweep

    return decorate


def rules() -> list[Rule]:
    """All rules, by name."""
    return [_rules[name] for name in sorted(_rules)]


def retain(at: datetime, limit: int = BATCH, seconds: float = SLICE_SECONDS) -> dict[str, int]:
    """Sweep by every rule; returns what went, by rule. A rule that fails holds up no other."""
    went: dict[str, int] = {}
    for entry in rules():
        try:
            went[entry.name] = _sweep(entry, at, limit, seconds)
        except Exception:
            log.exception("the retention rule %s failed", entry.name)
    return went


def _sweep(entry: Rule, at: datetime, limit: int, seconds: float) -> int:
    before = db.rows("SELECT %s::timestamptz - %s::text::interval", [at, entry.keep])[0][0]

    def step() -> int:
        with transaction.atomic():
            return entry.sweep(before, limit)

    return drain(step, seconds)
