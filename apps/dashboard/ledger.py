"""The ledger that balances: planned = accepted + rejected + skipped + unknown + waiting."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.core import db
from apps.dashboard.explaining import because

# A message knows no flow: its origin names the run that asked for it.
RUN_OF = "nullif(split_part(split_part(m.origin, '/', 1), 'run:', 2), '')::bigint"

_COUNTS = f"""
SELECT m.store_id, e.flow_id,
    CASE WHEN m.status IN ('planned', 'claimed', 'sending') THEN 'waiting' ELSE m.status END, count(*)
FROM mail_message m LEFT JOIN flows_enrollment e ON e.id = {RUN_OF} AND m.origin LIKE 'run:%%'
WHERE m.store_id = ANY(%s::bigint[]) GROUP BY 1, 2, 3
"""

_SKIPPED = """
SELECT reason, status, count(*) FROM mail_message
WHERE store_id = ANY(%s::bigint[]) AND status IN ('skipped', 'rejected') AND reason <> '' GROUP BY 1, 2 ORDER BY 3 DESC
"""

ENDS = ("accepted", "rejected", "skipped", "unknown", "waiting")


@dataclass(slots=True)
class Line:
    """One row of the ledger."""

    name: str
    query: dict[str, str]
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ENDS, 0))

    @property
    def planned(self) -> int:
        return sum(self.counts.values())

    def cells(self) -> list[dict[str, Any]]:
        """Planned first, then what became of it, each with the list behind it."""
        all_of = {"label": _("planned"), "count": self.planned, "url": messages(self.query), "end": "planned"}
        return [all_of, *({
            "label": words(end), "count": self.counts[end], "end": end,
            "url": messages(self.query | {"state": end}),
        } for end in ENDS)]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """One reason for which mail was not sent."""

    count: int
    sentence: str
    mend: str
    url: str


def words(end: str) -> str:
    """What an end is called on screen."""
    return {
        "accepted": _("accepted"),
        "rejected": _("refused"),
        "skipped": _("not sent"),
        "unknown": _("unknown"),
        "waiting": _("waiting"),
    }[end]


def messages(query: dict[str, str]) -> str:
    """The list of messages behind a count."""
    return f"{reverse('admin:mail_message_changelist')}?{urlencode(query)}"


def ledger(stores: Collection[tuple[int, str]], flows: dict[int, str]) -> tuple[list[Line], list[Line]]:
    """Per shop and per flow; mail that no flow asked for stands in a line of its own."""
    names = dict(stores)
    by_store = {key: Line(name, {"store": str(key)}) for key, name in names.items()}
    by_flow: dict[tuple[int, int | None], Line] = {}
    for store_id, flow_id, end, count in db.rows(_COUNTS, [sorted(names)]):
        by_store[store_id].counts[end] += count
        line = by_flow.setdefault((store_id, flow_id), _of_flow(store_id, flow_id, names, flows))
        line.counts[end] += count
    return list(by_store.values()), [by_flow[key] for key in sorted(by_flow, key=str)]


def _of_flow(store_id: int, flow_id: int | None, names: dict[int, str], flows: dict[int, str]) -> Line:
    name = flows.get(flow_id, "") if flow_id else _("not from a flow")
    query = {"store": str(store_id), "flow": str(flow_id or "none")}
    return Line(f"{names[store_id]} · {name}" if len(names) > 1 else name, query)


def skipped(stores: Iterable[int]) -> list[Skipped]:
    """Why mail was not sent, most frequent first, in a sentence with its mend."""
    found = []
    for reason, state, count in db.rows(_SKIPPED, [sorted(stores)]):
        why = because(reason, {})
        query = {"state": state, "reason": reason}
        found.append(Skipped(count=count, sentence=why.sentence, mend=why.mend, url=messages(query)))
    return found
