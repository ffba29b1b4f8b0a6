"""A flow's plan, typed; and the same plan in plain words, as drafts, versions and files hold it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext

from apps.core.durations import OFF, Duration
from apps.core.plain import (
    ValueRefused,
    plain_part,
    plain_value,
    read_decimal,
    read_duration,
    read_part,
    read_parts,
)
from apps.core.problems import DefinitionRefused, Path, Problem, one_of, shown
from apps.core.registry import Registry
from apps.flows import layout, sense
from apps.flows.layout import Node, laid_out
from apps.flows.parts import Condition, Exit, Step, Trigger, conditions, exits, steps, triggers
from apps.flows.words import PRIORITIES, PURPOSES
from apps.flows.zones import Zones

KEYS: Final = (
    "flow", "name", "purpose", "priority", "trigger", "filter", "reentry", "merge_within", "holdout", "exits", "steps",
)  # fmt: skip
REQUIRED: Final = ("flow", "name", "purpose", "priority", "trigger", "reentry", "exits", "steps")
NEVER, PER_SUBJECT, EVERY = "never", "per_subject", "every"
REENTRY: Final = (NEVER, PER_SUBJECT, "{every: 7d}")
MOST_HELD_OUT: Final = 90
SLUG: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,79}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a flow does. Equal plans are equal values, whatever shop they stand in.

    `reentry` is "never", "per_subject" or a duration (once per that long). `merge_within` and `holdout` None
    leave it to the shop's own rule; "off" merges nothing.
    """

    flow: str
    name: str
    purpose: str
    priority: str
    trigger: Trigger
    filter: tuple[Condition, ...] = ()
    reentry: str | Duration
    merge_within: Duration | str | None = None
    holdout: Decimal | None = None
    exits: tuple[Exit, ...]
    steps: tuple[Step, ...]
    """The tree: what stands in branches stands within their fork. `nodes` is the flat list."""

    @property
    def rank(self) -> int:
        """The message's priority: the lowest goes first."""
        return PRIORITIES[self.priority]

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The steps as they are walked (`layout`): every step of every branch, once; positions are indexes in it."""
        return laid_out(self.steps)

    def moments(self, triggered_at: datetime, zones: Zones | None = None) -> list[datetime]:
        """Per position, from when that step may be taken at the earliest, as planned from the trigger moment."""
        return layout.moments(self.nodes, triggered_at, zones)

    def plain(self) -> dict[str, Any]:
        """The plan in words, in the order of `KEYS`, without what goes without saying."""
        reentry = {EVERY: str(self.reentry)} if isinstance(self.reentry, Duration) else self.reentry
        words = {
            "flow": self.flow,
            "name": self.name,
            "purpose": self.purpose,
            "priority": self.priority,
            "trigger": plain_part(self.trigger),
            "filter": [plain_part(part) for part in self.filter] or None,
            "reentry": reentry,
            "merge_within": None if self.merge_within is None else str(self.merge_within),
            "holdout": None if self.holdout is None else plain_value(self.holdout) or OFF,
            "exits": [plain_part(part) for part in self.exits],
            "steps": [plain_part(part) for part in self.steps],
        }
        return {key: value for key, value in words.items() if value is not None}


def read(plain: Any) -> Definition:
    """The plan these words describe. Raises DefinitionRefused with every problem at once."""
    if not isinstance(plain, dict):
        raise DefinitionRefused([Problem((), gettext("expected a map with the keys %s") % ", ".join(KEYS))])
    reader = _Reader(plain)
    definition = reader.read()
    if definition is None or reader.problems:
        raise DefinitionRefused(reader.problems)
    return definition


class _Reader:
    """Reads every key, collecting problems instead of stopping at the first."""

    def __init__(self, plain: dict[str, Any]) -> None:
        self.plain = plain
        self.problems: list[Problem] = [
            Problem((str(key),), one_of(KEYS, str(key))) for key in plain if key not in KEYS
        ]
        self.problems += [Problem((key,), gettext("this is missing")) for key in REQUIRED if key not in plain]

    def read(self) -> Definition | None:
        values: dict[str, Any] = {
            "flow": self._matched("flow", SLUG, gettext("lower-case letters, digits and hyphens")),
            "name": self._name(),
            "purpose": self._word("purpose", PURPOSES),
            "priority": self._word("priority", PRIORITIES),
            "trigger": self._trigger(),
            "filter": self._parts("filter", conditions),
            "reentry": self._reentry(),
            "merge_within": self._merge_within(),
            "holdout": self._holdout(),
            "exits": self._parts("exits", exits),
            "steps": self._parts("steps", steps),
        }
        if not self.problems:
            self.problems += sense.problems_of(values["steps"])
        return None if self.problems else Definition(**values)

    def _wrong(self, key: str, message: str) -> None:
        self.problems.append(Problem((key,), message))

    def _matched(self, key: str, pattern: re.Pattern[str], words: str) -> str | None:
        given = self.plain.get(key)
        if isinstance(given, str) and pattern.fullmatch(given):
            return given
        if key in self.plain:
            self._wrong(
                key,
                gettext("expected %(words)s; got “%(got)s”") % {"words": words, "got": shown(given)},
            )
        return None

    def _name(self) -> str | None:
        return self._matched(
            "name",
            re.compile(r"[^\W_][^\x00-\x1f\x7f-\x9f\u2028\u2029]{0,119}"),
            gettext("a text of at most 120 characters"),
        )

    def _word(self, key: str, allowed: Any) -> str | None:
        given = self.plain.get(key)
        if isinstance(given, str) and given in allowed:
            return given
        if key in self.plain:
            self._wrong(key, one_of(allowed, given))
        return None

    def _trigger(self) -> Trigger | None:
        if "trigger" not in self.plain:
            return None
        return read_part(triggers, self.plain["trigger"], ("trigger",), self.problems)

    def _parts(self, key: str, family: Registry[Any]) -> tuple[Any, ...]:
        return read_parts(family, self.plain.get(key, []), (key,), self.problems)

    def _reentry(self) -> str | Duration | None:
        given = self.plain.get("reentry")
        if given in (NEVER, PER_SUBJECT):
            return str(given)
        if isinstance(given, dict) and list(given) == [EVERY]:
            return self._duration(given[EVERY], ("reentry", EVERY))
        if "reentry" in self.plain:
            self._wrong("reentry", one_of(REENTRY, given))
        return None

    def _merge_within(self) -> Duration | str | None:
        given = self.plain.get("merge_within")
        if given is None or given == OFF:
            return given
        return self._duration(given, ("merge_within",))

    def _duration(self, given: Any, path: Path) -> Duration | None:
        try:
            return read_duration(given)
        except ValueRefused as refused:
            self.problems.append(Problem(path, str(refused)))
            return None

    def _holdout(self) -> Decimal | None:
        given = self.plain.get("holdout")
        if given is None:
            return None
        try:
            share = Decimal(0) if given == OFF else read_decimal(given)
        except ValueRefused:
            share = Decimal(-1)
        if 0 <= share <= MOST_HELD_OUT and round(share, 2) == share:
            return share
        expected = gettext("expected off, or a percentage up to %(most)s with two decimals at most; got “%(got)s”")
        self._wrong("holdout", expected % {"most": MOST_HELD_OUT, "got": shown(given)})
        return None
