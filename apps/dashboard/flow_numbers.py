"""What came of each step, whichever version people were in, and who is inside now: set-wise."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _

from apps.core import db
from apps.core.problems import DefinitionRefused
from apps.dashboard.explaining import because, because_of
from apps.dashboard.flow_line import Line
from apps.dashboard.flow_shelf import Shelf
from apps.dashboard.ledger import RUN_OF
from apps.flows import definition
from apps.flows.differing import matched
from apps.flows.models import Enrollment, Flow, Version
from apps.flows.parts import steps
from apps.flows.trees import Node, Tree, every_step, long_form, own_settings
from apps.flows.words_of import said_of
from apps.mail.models import Message

MOST_PEOPLE: Final = 100

# Per version and place: the mails and what became of them, the steps taken, the people who wait there.
_MAILS = f"""
SELECT e.version_id, split_part(m.origin, 'step:', 2)::int,
    CASE WHEN m.status IN ('planned', 'claimed', 'sending') THEN 'waiting' ELSE m.status END, count(*)
FROM mail_message m JOIN flows_enrollment e ON e.id = {RUN_OF}
WHERE m.store_id = %s AND e.flow_id = %s AND m.origin ~ '^run:[0-9]+/step:[0-9]+$' GROUP BY 1, 2, 3
"""
_TAKEN = """
SELECT e.version_id, r.position, 'passed', count(*)
FROM flows_steprun r JOIN flows_enrollment e ON e.id = r.enrollment_id
WHERE e.store_id = %s AND e.flow_id = %s GROUP BY 1, 2
"""
_INSIDE = """
SELECT version_id, position, 'inside', count(*) FROM flows_enrollment
WHERE store_id = %s AND flow_id = %s AND status = 'active' GROUP BY 1, 2
"""

Counts = dict[int, dict[str, int]]
"""Per step of the plan that is shown (counted from 0): what → how many."""


def of_steps(flow: Flow, tree: Tree) -> Counts:
    """The numbers of all versions, laid onto the steps of this plan; those of a step that is gone fall away."""
    rows = [row for query in (_MAILS, _TAKEN, _INSIDE) for row in db.rows(query, [flow.store_id, flow.pk])]
    plans = dict(Version.objects.of(flow.store_id).filter(flow=flow).values_list("pk", "definition"))
    places = {version: _places(long_form(plans[version]), tree) for version in {row[0] for row in rows}}
    found: Counts = defaultdict(lambda: defaultdict(int))
    for version, position, what, count in rows:
        if position in places[version]:
            found[places[version][position]][what] += count
    return found


def _places(old: Tree, new: Tree) -> dict[int, int]:
    """Position in the older plan → position in the newer one."""
    before, after = ({node.place: number for number, node in enumerate(every_step(tree))} for tree in (old, new))
    return {before[pair.old.place]: after[pair.new.place] for pair in matched(old, new)}


def onto(line: Line, counts: Counts) -> None:
    """Write the numbers beside the steps of a drawn plan."""
    for number, spot in line.by_number.items():
        spot.counts = dict(counts.get(number - 1, {}))
        spot.inside, spot.passed = spot.counts.get("inside", 0), spot.counts.get("passed", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLine:
    """Somebody inside, and what comes next for them."""

    run: Enrollment
    step: str
    at: datetime | None
    why: str


def people(flow: Flow, shelf: Shelf) -> list[PersonLine]:
    """Who is inside, soonest first."""
    runs = Enrollment.objects.of(flow.store_id).filter(flow=flow, status=Enrollment.Status.ACTIVE)
    found = list(runs.select_related("customer", "cart", "version").order_by("due_at")[:MOST_PEOPLE])
    plans = {run.version_id: _Walk(run.version) for run in found}
    waiting = _waiting(flow, found)
    return [_person(run, flow, plans[run.version_id], shelf, waiting.get(run.pk)) for run in found]


class _Walk:
    """A version's steps by position, and when each may be taken."""

    def __init__(self, version: Version) -> None:
        self.nodes: list[Node] = list(every_step(long_form(version.definition)))
        try:
            self.plan: definition.Definition | None = definition.read(version.definition)
        except DefinitionRefused:
            self.plan = None

    def opens(self, run: Enrollment) -> datetime | None:
        if self.plan is None or run.position >= len(self.nodes):
            return run.due_at
        moments = self.plan.moments(run.triggered_at)
        return run.step_at or (moments[run.position] if run.position < len(moments) else None)


def _person(run: Enrollment, flow: Flow, walk: _Walk, shelf: Shelf, waiting: Message | None) -> PersonLine:
    step = _("finish")
    if run.position < len(walk.nodes):
        node = walk.nodes[run.position]
        step = f"{run.position + 1}. {said_of(steps, {node.kind: own_settings(node)}, shelf.name)}"
    moment = max(filter(None, (run.due_at, walk.opens(run))), default=None)
    return PersonLine(run=run, step=step, at=moment, why=_why(run, flow, waiting))


def _waiting(flow: Flow, runs: list[Enrollment]) -> dict[int, Message]:
    """The mail that waits for each of these runs, if one does."""
    mails = Message.objects.of(flow.store_id).filter(
        customer__in=[run.customer_id for run in runs], status="planned", origin__startswith="run:"
    )
    found: dict[int, Message] = {}
    for mail in mails:
        number = mail.origin.partition("/")[0].removeprefix("run:")
        if number.isdecimal():
            found.setdefault(int(number), mail)
    return found


def _why(run: Enrollment, flow: Flow, waiting: Message | None) -> str:
    if not flow.live:
        return because("flow_off", {"flow": flow.name}).sentence
    if waiting is not None and waiting.reason:
        return because_of(waiting).sentence
    if run.cart is not None and run.cart.status == "active":
        return _("The basket is being filled again.")
    return _("The time of this step has not come.")


def held_out(flow: Flow) -> int:
    """How many are in the control group."""
    return Enrollment.objects.of(flow.store_id).filter(flow=flow, status=Enrollment.Status.HELD_OUT).count()
