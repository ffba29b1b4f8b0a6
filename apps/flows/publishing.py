"""From draft to running flow: check, freeze, switch on and off, and what becomes of the people inside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.db.models import Count, F, Max
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core import db
from apps.core.plain import plain_part
from apps.core.problems import DefinitionRefused, Problem
from apps.core.reasons import Reason
from apps.flows import definition
from apps.flows.definition import Definition
from apps.flows.models import Enrollment, Flow, Version
from apps.flows.withdrawing import withdraw_flow
from apps.mail.models import Template


class Inside(StrEnum):
    """What publishing does with the people inside."""

    FINISH = "finish"
    MOVE = "move"
    LEAVE = "leave"


INSIDE_WORDS = {
    Inside.FINISH: _("they finish the version they are in"),
    Inside.MOVE: _("they go on in the new version, at the same step"),
    Inside.LEAVE: _("they leave the flow, and what still waits is not sent"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadCount:
    """How many people of one version wait at one step."""

    version: int
    position: int
    count: int


class NotPublished(ValueError):
    """A flow without a published version cannot be switched on."""


def inside(flow: Flow) -> list[HeadCount]:
    """The people inside, by version and next step: what each choice at publishing would touch."""
    rows = (
        Enrollment.objects.of(flow.store_id)
        .filter(flow=flow, status=Enrollment.Status.ACTIVE)
        .values("position", number=F("version__number"))
        .annotate(count=Count("id"))
        .order_by("number", "position")
    )
    return [HeadCount(version=row["number"], position=row["position"], count=row["count"]) for row in rows]


def people_inside(flow: Flow) -> int:
    """How many people are inside."""
    return sum(group.count for group in inside(flow))


def check(flow: Flow) -> Definition:
    """The draft, if it can be published. Raises DefinitionRefused with every problem at once."""
    plan = definition.read(flow.draft)
    problems = [*_other_name(flow, plan), *_missing_templates(flow, plan)]
    if problems:
        raise DefinitionRefused(problems)
    return plan


def _other_name(flow: Flow, plan: Definition) -> list[Problem]:
    if plan.flow == flow.slug:
        return []
    return [
        Problem(
            ("flow",),
            gettext("expected %(slug)s; got “%(got)s”") % {"slug": flow.slug, "got": plan.flow},
        )
    ]


def _missing_templates(flow: Flow, plan: Definition) -> list[Problem]:
    wanted = templates_of(plan)
    known = set(
        Template.objects.of(flow.store_id)
        .filter(slug__in=[slug for _, slug in wanted], live__isnull=False)
        .values_list("slug", flat=True)
    )
    return [
        Problem(_place(plan, position), gettext("this shop has no published template “%s”") % slug)
        for position, slug in wanted
        if slug not in known
    ]


def templates_of(plan: Definition) -> list[tuple[int, str]]:
    """The templates the steps name, with the step's place."""
    return [
        (position, slug)
        for position, step in enumerate(plan.steps)
        if (slug := getattr(step, "template", None)) is not None
    ]


def _place(plan: Definition, position: int) -> tuple[str | int, ...]:
    step = plan.steps[position]
    short = not isinstance(plain_part(step).get(step.kind), dict)
    return ("steps", position, step.kind) if short else ("steps", position, step.kind, "template")


def publish(flow: Flow, at: datetime, people: Inside = Inside.FINISH) -> Version:
    """Freeze the draft into a version and let newcomers follow it. A draft that says nothing new changes nothing.

    Raises DefinitionRefused; the version in use then stays in use.
    """
    with transaction.atomic():
        locked = Flow.objects.select_for_update().get(pk=flow.pk)
        plan = check(locked)
        current = locked.version
        if current is None or current.definition != plan.plain():
            current = _freeze(locked, plan, at)
        locked.version, locked.name, locked.draft = current, plan.name, plan.plain()
        locked.save(update_fields=["version", "name", "draft"])
        _settle_people(locked, current, people, at)
    flow.refresh_from_db()
    return current


def _freeze(flow: Flow, plan: Definition, at: datetime) -> Version:
    last = flow.versions.aggregate(last=Max("number"))["last"] or 0
    return Version.objects.create(flow=flow, number=last + 1, definition=plan.plain(), published_at=at)


# Whoever took n steps goes on with step n + 1 of the new plan; the engine works out anew when that is due.
_MOVE = """
UPDATE flows_enrollment SET version_id = %s, due_at = %s, attempts = 0
WHERE flow_id = %s AND status = 'active' AND version_id <> %s
"""

_LEAVE = """
UPDATE flows_enrollment SET status = 'exited', reason = %s, due_at = NULL, ended_at = %s
WHERE flow_id = %s AND status = 'active' AND version_id <> %s
"""


def _settle_people(flow: Flow, version: Version, people: Inside, at: datetime) -> None:
    match people:
        case Inside.MOVE:
            db.run(_MOVE, [version.pk, at, flow.pk, version.pk])
        case Inside.LEAVE:
            db.run(_LEAVE, [Reason.ENROLLMENT_ENDED, at, flow.pk, version.pk])
            withdraw_flow(flow.pk, Reason.ENROLLMENT_ENDED, at)
        case Inside.FINISH:
            pass


_WAKE = """
UPDATE flows_enrollment SET due_at = %s
WHERE flow_id = %s AND status = 'active' AND due_at > %s
"""


def go_live(flow: Flow, at: datetime) -> None:
    """Switch on. Baskets left behind before this moment start nothing; people already inside go on.

    They are only looked at anew: a step is taken when it is due, and one that is too late is dropped by the
    gate, never sent in a burst.
    """
    with transaction.atomic():
        locked = Flow.objects.select_for_update().get(pk=flow.pk)
        if locked.version_id is None or locked.deleted_at is not None:
            raise NotPublished(gettext("Publish %s before you switch it on.") % locked.name)
        if not locked.live:
            locked.live, locked.live_since = True, at
            locked.save(update_fields=["live", "live_since"])
            db.run(_WAKE, [at, flow.pk, at])
    flow.refresh_from_db()


def pause(flow: Flow, at: datetime) -> None:
    """Switch off. The people inside stay where they are; a mail that still waits is not sent."""
    with transaction.atomic():
        locked = Flow.objects.select_for_update().get(pk=flow.pk)
        if locked.live:
            locked.live, locked.live_since = False, None
            locked.save(update_fields=["live", "live_since"])
            withdraw_flow(flow.pk, Reason.FLOW_OFF, at)
    flow.refresh_from_db()


_CLOSE = """
UPDATE flows_enrollment SET status = 'exited', reason = %s, due_at = NULL, ended_at = %s
WHERE flow_id = %s AND status = 'active'
"""


def delete(flow: Flow, at: datetime) -> None:
    """Put away for good. Its history stays: who was inside, what was sent and why not."""
    with transaction.atomic():
        pause(flow, at)
        db.run(_CLOSE, [Reason.FLOW_OFF, at, flow.pk])
        withdraw_flow(flow.pk, Reason.FLOW_OFF, at)
        Flow.objects.of(flow.store_id).filter(pk=flow.pk).update(deleted_at=at)
    flow.refresh_from_db()


def save_draft(store_id: int, plan: Definition, based_on: str = "") -> Flow:
    """The shop's flow of this short name, made or changed. What runs stays as it is until it is published."""
    flow, made = Flow.objects.get_or_create(
        store_id=store_id,
        slug=plan.flow,
        defaults={"name": plan.name, "draft": plan.plain(), "based_on": based_on},
    )
    if not made:
        flow.draft, flow.deleted_at = plan.plain(), None
        flow.save(update_fields=["draft", "deleted_at"])
    return flow
