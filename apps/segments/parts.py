"""The conditions of segments, of flow filters and of splits: what can be true of a person.

Each is one frozen dataclass in one file of `conditions/`. Its SQL is a predicate over these aliases, and no others:

- `p` the person (customers_customer), `s` the shop (stores_store);
- `f` the person's figures (segments_figures; a left join: NULL when nothing was measured yet);
- `n.at` the moment of asking (timestamptz); dates mean days of the shop's zone, `s.time_zone`;
- `e` the run (`e.triggered_at` ...) only for conditions with `in_runs_only`, which segments refuse.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

from apps.core.reasons import Reason
from apps.core.registry import Registry, load_all
from apps.core.sql import Sql


class Condition(Protocol):
    """What must be true of somebody. As a flow's filter: else the run ends with `reason`."""

    kind: ClassVar[str]
    label: ClassVar[Any]
    reason: ClassVar[Reason]
    in_runs_only: ClassVar[bool]

    def where(self) -> Sql: ...


conditions: Registry[type[Condition]] = Registry("condition")


def load() -> None:
    """Let every condition register itself."""
    load_all("apps.segments.conditions")
