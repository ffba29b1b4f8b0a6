"""What a replay found, as its page shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.customers.models import Customer
from apps.dashboard.campaign_page import in_short
from apps.dashboard.models import Simulation
from apps.dashboard.simulating import found_of
from apps.flows import shadowing
from apps.flows.models import Flow
from apps.flows.simulating.report import MANY_A_DAY, Line, Pair, Simulated, Sum

SHOWN: Final = 200
KEPT: Final = 10
DAYS: Final = (7, 30, 90)
WIDTH, HEIGHT = 300, 60

UNKNOWN_WORDS: Final = {
    "look": gettext_lazy("mails before which the shop itself would have been asked: its answer then is not known"),
    "stock": gettext_lazy("mails about a basket: whether everything in it was in stock then is not known"),
    "contents": gettext_lazy("mails about a basket that was emptied since: what was in it is not known any more"),
    "template": gettext_lazy("mails whose text was not published yet then: today's would have been sent"),
    "nameless": gettext_lazy("things that happened to somebody who is not known, or asked to be forgotten since"),
    "erased": gettext_lazy("people who asked to be forgotten in this time: what they got is not told any more"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A day of the chart."""

    x: float
    y: float
    width: float
    height: float
    day: date
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A mail of the list, with its person where they are still known."""

    line: Line
    customer: Customer | None
    flow: str


def page(flow: Flow, chosen: Simulation | None, *, writes: bool) -> dict[str, Any]:
    """The context of the page: the question, the newest answers, and one of them opened."""
    runs = list(Simulation.objects.of(flow.store_id).filter(flow=flow).order_by("-asked_at", "-id")[:KEPT])
    one = chosen or (runs[0] if runs else None)
    return {
        "flow": flow,
        "runs": runs,
        "one": one,
        "days": DAYS,
        "kinds": Simulation.Kind.choices,
        "may_write": writes and flow.deleted_at is None,
        **(result(one) if one else {}),
    }


def result(one: Simulation) -> dict[str, Any]:
    """One answer; while it is not there yet, only how far it is."""
    found = found_of(one)
    return {"one": one, "waits": one.status in ("waiting", "running"), **(_told(one, found) if found else {})}


def _told(one: Simulation, found: Simulated) -> dict[str, Any]:
    return {
        "found": found,
        "minutes": round(found.grain.total_seconds() / 60),
        "lines": shown(one.store_id, found.lines[:SHOWN], found.names),
        "more": found.mails - min(len(found.lines), SHOWN),
        "skipped": _reasons(found.skipped, found.names),
        "declined": _reasons(found.declined, found.names),
        "unsent": _reasons(found.ended_unsent, found.names),
        "postponed": [(count, in_short(reason)) for reason, count in found.postponed.items()],
        "unknown": [(count, UNKNOWN_WORDS[what]) for what, count in found.unknown.items() if what in UNKNOWN_WORDS],
        "costs": [(money(cost.amount), cost.currency, cost.codes) for cost in found.costs],
        "columns": columns(found.per_day),
        "chart": {"width": WIDTH, "height": HEIGHT},
        "a_day": _a_day(found.most_a_day),
        "matrix": matrix(found.pairs, found.names) if one.kind == Simulation.Kind.CONFLICTS else None,
        "capped": _capped(found),
    }


def money(amount: Decimal) -> str:
    return f"{amount:.2f}"


def _reasons(sums: Sequence[Sum], names: Mapping[str, str]) -> list[tuple[int, str, str]]:
    return [(one.count, in_short(one.reason), names.get(one.flow, one.flow)) for one in sums]


def _a_day(days: Mapping[int, int]) -> list[tuple[str, int]]:
    words = {MANY_A_DAY: _("%(n)s or more") % {"n": MANY_A_DAY}}
    return [(words.get(mails, str(mails)), count) for mails, count in sorted(days.items())]


def _capped(found: Simulated) -> tuple[int, int]:
    """Mails that the caps put off, and those that were never sent because of it."""
    return found.postponed.get("cap", 0), sum(one.count for one in found.skipped if one.reason == "stale_capped")


def matrix(pairs: Sequence[Pair], names: Mapping[str, str]) -> dict[str, Any]:
    """How many people were in both of two flows; on the diagonal, in the one at all."""
    known = {(pair.one, pair.other): pair.people for pair in pairs}
    slugs = list(names)
    return {
        "names": [names[slug] for slug in slugs],
        "rows": [
            (names[one], [(known.get((one, other), 0), one == other) for other in slugs]) for one in slugs
        ],
    }  # fmt: skip


def columns(per_day: Sequence[tuple[date, int]]) -> list[Column]:
    """A bar per day that had mails, where it lies between the first and the last."""
    if not per_day:
        return []
    first, last = per_day[0][0], per_day[-1][0]
    width = WIDTH / ((last - first).days + 1)
    most = max(count for _day, count in per_day)
    return [
        Column(
            x=(day - first).days * width,
            y=HEIGHT - count / most * HEIGHT,
            width=max(width * 0.8, 0.5),
            height=count / most * HEIGHT,
            day=day,
            count=count,
        )
        for day, count in per_day
    ]


def shown(store_id: int, lines: Sequence[Line], names: Mapping[str, str]) -> list[Shown]:
    """These mails with the people they are for."""
    people = Customer.objects.of(store_id).in_bulk({line.customer_id for line in lines})
    return [
        Shown(line=line, customer=people.get(line.customer_id), flow=names.get(line.flow, line.flow)) for line in lines
    ]


def shadow(flow: Flow, *, writes: bool) -> dict[str, Any]:
    """What a flow in shadow decided."""
    lines = shadowing.decisions(flow, SHOWN)
    return {
        "flow": flow,
        "may_write": writes and flow.deleted_at is None,
        "lines": shown(flow.store_id, lines, {flow.slug: flow.name}),
        "refusals": [(count, in_short(reason)) for reason, count in shadowing.refusals(flow)],
        "is_full": len(lines) == SHOWN,
    }


def moment(at: datetime) -> str:
    """A moment in a file's name."""
    return f"{at:%Y-%m-%d}"
