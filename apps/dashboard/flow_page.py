"""A flow as a readable line of time: when each step comes by both clocks, what it did, and who is inside."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.utils.translation import gettext as _

from apps.core import db
from apps.core.problems import DefinitionRefused
from apps.dashboard.explaining import because, because_of
from apps.dashboard.ledger import RUN_OF, messages
from apps.flows import definition, yaml_io
from apps.flows.definition import Definition
from apps.flows.models import Enrollment, Flow
from apps.flows.publishing import INSIDE_WORDS, inside, people_inside
from apps.mail.models import Message, Template

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
MOST_PEOPLE: Final = 100

_PER_STEP = f"""
SELECT split_part(m.origin, 'step:', 2)::int,
    CASE WHEN m.status IN ('planned', 'claimed', 'sending') THEN 'waiting' ELSE m.status END, count(*)
FROM mail_message m JOIN flows_enrollment e ON e.id = {RUN_OF}
WHERE m.store_id = %s AND e.flow_id = %s AND m.origin LIKE 'run:%%' GROUP BY 1, 2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepLine:
    """One step on the line of time."""

    position: int
    label: str
    speaks: bool
    clocks: str
    template: str = ""
    languages: list[Template] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    inside: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLine:
    """Somebody inside, and what comes next for them."""

    run: Enrollment
    step: str
    at: datetime | None
    why: str


def plan_of(flow: Flow) -> Definition | None:
    """What runs, or the draft before anything ran; None when neither can be read."""
    plain = flow.version.definition if flow.version else flow.draft
    try:
        return definition.read(plain)
    except DefinitionRefused:
        return None


def page(flow: Flow) -> dict[str, Any]:
    """The context of a flow's page."""
    plan = plan_of(flow)
    text = draft_of(flow)
    return {
        "flow": flow,
        "plan": plan,
        "trigger": _trigger(plan),
        "steps": steps(flow, plan) if plan else [],
        "people": people(flow, plan) if plan else [],
        "headcount": people_inside(flow),
        "groups": inside(flow),
        "choices": list(INSIDE_WORDS.items()),
        "draft": text,
        "problems": problems(text),
        "changed": flow.version is None or flow.version.definition != flow.draft,
        "versions": flow.versions.order_by("-number")[:20],
        "ledger_url": messages({"store": str(flow.store_id), "flow": str(flow.pk)}),
        "held_out": Enrollment.objects.of(flow.store_id).filter(flow=flow, status="held_out").count(),
    }


def draft_of(flow: Flow) -> str:
    """The draft as its file. The database keeps no order of keys, so they are put back in theirs."""
    ordered = {key: flow.draft[key] for key in definition.KEYS if key in flow.draft}
    return yaml_io.dump_plain(ordered | flow.draft) if flow.draft else ""


def _trigger(plan: Definition | None) -> str:
    return str(plan.trigger.label) if plan else ""


def problems(text: str) -> list[Any]:
    """What is wrong with a draft, each with its line."""
    try:
        yaml_io.load(text)
    except DefinitionRefused as refused:
        return list(refused.problems)
    return []


def steps(flow: Flow, plan: Definition) -> list[StepLine]:
    """Every step with its clocks, texts and numbers."""
    counts = _counts(flow)
    waiting = {group.position: group.count for group in inside(flow)}
    moments = plan.moments(START)
    slugs = {getattr(step, "template", "") for step in plan.steps}
    texts = list(Template.objects.of(flow.store_id).filter(slug__in=slugs - {""}).order_by("locale"))
    return [
        StepLine(
            position=position,
            label=str(step.label),
            speaks=step.speaks,
            clocks=clocks(moments[position] - START, flow.store.abandon_after, plan),
            template=getattr(step, "template", ""),
            languages=[text for text in texts if text.slug == getattr(step, "template", "")],
            counts=counts.get(position, {}),
            inside=waiting.get(position, 0),
        )
        for position, step in enumerate(plan.steps)
    ]


def clocks(after: timedelta, idle: timedelta, plan: Definition) -> str:
    """Both clocks: from the start of the flow, and from what the shopper did last."""
    if plan.trigger.lane != "basket":
        return _("%(time)s after the start") % {"time": span(after)}
    return _("%(start)s after the start is about %(last)s after the last activity") % {
        "start": span(after),
        "last": span(after + idle),
    }


def span(length: timedelta) -> str:
    """A length of time as people say it, in its two largest units."""
    rest = round(length.total_seconds())
    said = []
    for seconds, unit in ((86400, _("%s d")), (3600, _("%s h")), (60, _("%s min")), (1, _("%s s"))):
        count, rest = divmod(rest, seconds)
        if count:
            said.append(unit % count)
    return " ".join(said[:2]) or _("%s s") % 0


def _counts(flow: Flow) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    for position, end, count in db.rows(_PER_STEP, [flow.store_id, flow.pk]):
        found.setdefault(position, {})[end] = count
    return found


def people(flow: Flow, plan: Definition) -> list[PersonLine]:
    """Who is inside, soonest first."""
    runs = Enrollment.objects.of(flow.store_id).filter(flow=flow, status=Enrollment.Status.ACTIVE)
    found = runs.select_related("customer", "cart", "version").order_by("due_at")[:MOST_PEOPLE]
    return [_person(run, flow, plan) for run in found]


def _person(run: Enrollment, flow: Flow, plan: Definition) -> PersonLine:
    position = run.position
    while position < len(plan.steps) and not plan.steps[position].speaks:
        position += 1
    step = plan.steps[position] if position < len(plan.steps) else None
    moments = plan.moments(run.triggered_at)
    label = getattr(step, "template", "") or (str(step.label) if step else _("finish"))
    moment = max(filter(None, (run.due_at, moments[position] if step else None)), default=None)
    return PersonLine(run=run, step=label, at=moment, why=_why(run, flow))


def _why(run: Enrollment, flow: Flow) -> str:
    if not flow.live:
        return because("flow_off", {"flow": flow.name}).sentence
    waiting = Message.objects.of(run.store_id).filter(origin__startswith=f"run:{run.pk}/", status="planned").first()
    if waiting is not None and waiting.reason:
        return because_of(waiting).sentence
    if run.cart is not None and run.cart.status == "active":
        return _("The basket is being filled again.")
    return _("The time of this step has not come.")
