"""A full past is replayed by two processes, each with half of the people: nobody's fate depends on anybody else's.

A process of its own has its own connection, and so its own stage. Only an offer's budget is one for all, so plans that
give offers are replayed by one.
"""

from __future__ import annotations

import json
import multiprocessing
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from multiprocessing.connection import Connection, wait
from typing import Any, Final

import msgspec
from django.db import connection

from apps.core import db
from apps.flows import definition
from apps.flows.simulating import process as process_of
from apps.flows.simulating.replay import Progress, replayed
from apps.flows.simulating.report import MOST_LINES, Cost, Pair, Simulated, Sum
from apps.flows.simulating.setting import Tried
from apps.stores.models import Store

WORTH_IT: Final = 8_000
"""So many events are worth the seconds it takes to start a process."""
PARTS: Final = 2

_COUNT: Final = """
SELECT count(*) FROM (SELECT 1 FROM events_event WHERE store_id = %s AND recorded_at >= %s AND recorded_at < %s
    LIMIT %s) AS lines
"""


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """What a process is told."""

    database: str
    store_id: int
    began: datetime
    ended: datetime
    part: int
    plans: list[tuple[str, int | None]]
    """Each plan as JSON, with its flow."""


class Interrupted(RuntimeError):
    """A process ended without an answer."""


class NotReplayable(ValueError):
    """Nothing can be replayed; the message says why."""


def simulate(
    store: Store,
    tried: Sequence[Tried],
    *,
    began: datetime,
    ended: datetime,
    progress: Progress | None = None,
) -> Simulated:
    """What these plans would have done with what this shop lived through. Writes nothing.

    Raises NotReplayable when there is no plan or no time.
    """
    if not tried or not began < ended:
        raise NotReplayable("expected at least one flow, and a beginning before the end")
    looks = progress or _nobody_looks
    if is_worth_it(store.pk, tried, began, ended):
        return shared(store.pk, tried, began, ended, looks)
    return replayed(store, tried, began, ended, looks)


def _nobody_looks(_share: float) -> None:
    pass


def is_worth_it(store_id: int, tried: Sequence[Tried], began: datetime, ended: datetime) -> bool:
    """Whether there is enough to share, and nothing that must be counted as one."""
    # What the caller's own transaction wrote, no other process could see.
    if connection.in_atomic_block or any(one.gives for one in tried):
        return False
    return bool(db.rows(_COUNT, [store_id, began, ended, WORTH_IT])[0][0] == WORTH_IT)


def shared(store_id: int, tried: Sequence[Tried], began: datetime, ended: datetime, progress: Progress) -> Simulated:
    """The same replay, by several processes. Raises Interrupted."""
    plans = [(msgspec.json.encode(one.plan.plain()).decode(), one.flow_id) for one in tried]
    name = str(connection.settings_dict["NAME"])
    works = [
        Work(database=name, store_id=store_id, began=began, ended=ended, part=part, plans=plans)
        for part in range(PARTS)
    ]
    context = multiprocessing.get_context("spawn")
    lines, processes = [], []
    for work in works:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=process_of.work, args=(theirs, msgspec.json.encode(work)), daemon=True)
        process.start()
        theirs.close()
        lines.append(ours)
        processes.append(process)
    try:
        return joined(_answers(lines, progress))
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _answers(lines: Sequence[Connection], progress: Progress) -> list[Simulated]:
    """Listen to all until each has said what it found; how far they are is how far the slowest is."""
    shares: dict[Any, float] = dict.fromkeys(lines, 0.0)
    found: dict[Any, Simulated] = {}
    while len(found) < len(lines):
        for line in wait([line for line in lines if line not in found]):
            assert isinstance(line, Connection)
            try:
                said = line.recv_bytes()
            except EOFError:
                raise Interrupted("a process that replayed a part ended without an answer") from None
            if said.startswith(b"{"):
                found[line] = msgspec.json.decode(said, type=Simulated)
                shares[line] = 1.0
            else:
                shares[line] = float(said)
            progress(min(shares.values()))
    return [found[line] for line in lines]


def answer(line: Connection, told: bytes) -> None:
    """What such a process does once it is set up."""
    work = msgspec.json.decode(told, type=Work)
    connection.settings_dict["NAME"] = work.database
    tried = [Tried(plan=definition.read(json.loads(plan)), flow_id=flow) for plan, flow in work.plans]
    found = replayed(
        Store.objects.get(pk=work.store_id),
        tried,
        work.began,
        work.ended,
        lambda share: line.send_bytes(f"{share:.4f}".encode()),
        part=(work.part, PARTS),
    )
    line.send_bytes(msgspec.json.encode(found))


def joined(parts: Sequence[Simulated]) -> Simulated:
    """What several found about different people, as one."""
    first = parts[0]
    lines = sorted((line for part in parts for line in part.lines), key=lambda line: (line.at, line.customer_id))
    of_the_shop = {"nameless", "erased"}
    unknown = _added(
        {what: count for what, count in part.unknown.items() if part is first or what not in of_the_shop}
        for part in parts
    )
    return msgspec.structs.replace(
        first,
        **{name: sum(getattr(part, name) for part in parts) for name in _COUNTED},
        grain=max(part.grain for part in parts),
        lines=lines[:MOST_LINES],
        skipped=_sums(part.skipped for part in parts),
        declined=_sums(part.declined for part in parts),
        ended_unsent=_sums(part.ended_unsent for part in parts),
        postponed=_added(part.postponed for part in parts),
        costs=_costs(part.costs for part in parts),
        per_day=_days(part.per_day for part in parts),
        most_a_day=dict(sorted(_added(part.most_a_day for part in parts).items())),
        pairs=_pairs(part.pairs for part in parts),
        unknown=unknown,
    )


_COUNTED: Final = (
    "events", "entered", "held_out", "people", "mails", "bought_before", "bought_anyway", "inside", "inside_mails",
)  # fmt: skip


def _added(parts: Any) -> dict[Any, int]:
    found: Counter[Any] = Counter()
    for part in parts:
        found.update(part)
    return dict(found)


def _sums(parts: Any) -> list[Sum]:
    found = _added({(one.flow, one.reason): one.count for one in part} for part in parts)
    made = [Sum(flow=flow, reason=reason, count=count) for (flow, reason), count in found.items()]
    return sorted(made, key=lambda one: (one.flow, -one.count, one.reason))


def _pairs(parts: Any) -> list[Pair]:
    found = _added({(one.one, one.other): one.people for one in part} for part in parts)
    return [Pair(one=one, other=other, people=people) for (one, other), people in sorted(found.items())]


def _days(parts: Any) -> list[tuple[date, int]]:
    return sorted(_added(dict(part) for part in parts).items())


def _costs(parts: Any) -> list[Cost]:
    """Of plans that give offers there is one part only."""
    return [cost for part in parts for cost in part]
