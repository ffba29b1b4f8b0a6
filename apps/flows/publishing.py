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
from apps.flows import definition, onedifference, sweeping
from apps.flows.definition import Definition
from apps.flows.models import Enrollment, Flow, Version
from apps.flows.moving import move_all, way
from apps.flows.trees import every_step, long_form
from apps.flows.withdrawing import withdraw_flow, withdraw_runs
from apps.mail.models import Template


class Inside(StrEnum):
    """What publishing does with the people inside."""

    FINISH = "finish"
    MOVE = "move"
    LEAVE = "leave"


INSIDE_WORDS = {
    Inside.FINISH: _("they finish the version they are in"),
    Inside.MOVE: _("they go on in the new version, at the step that is theirs there"),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What one choice at publishing does, in people: those who go on, those who are through, those who leave."""

    choice: Inside
    go_on: int = 0
    through: int = 0
    leave: int = 0


def outlooks(flow: Flow) -> list[Outlook]:
    """What each choice would do to the people who are inside now, if the draft were published."""
    groups = inside(flow)
    count = sum(group.count for group in groups)
    ways = {version.number: way(version.definition, flow.draft) for version in _inhabited(flow, groups)}
    end = len(list(every_step(long_form(flow.draft))))
    through = sum(
        group.count
        for group in groups
        if ways[group.version].landing[min(group.position, len(ways[group.version].landing) - 1)] >= end
    )
    return [
        Outlook(choice=Inside.FINISH, go_on=count),
        Outlook(choice=Inside.MOVE, go_on=count - through, through=through),
        Outlook(choice=Inside.LEAVE, leave=count),
    ]


def _inhabited(flow: Flow, groups: list[HeadCount]) -> list[Version]:
    return list(flow.versions.filter(number__in={group.version for group in groups}))


def check(flow: Flow) -> Definition:
    """The draft, if it can be published. Raises DefinitionRefused with every problem at once."""
    plan = definition.read(flow.draft)
    problems = [*_other_name(flow, plan), *_missing_templates(flow, plan)]
    problems = problems or onedifference.problems_of(plan, flow.store_id)
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
    return [(position, slug) for position, node in enumerate(plan.nodes) for slug in getattr(node.step, "texts", ())]


def _place(plan: Definition, position: int) -> tuple[str | int, ...]:
    node = plan.nodes[position]
    short = not isinstance(plain_part(node.step).get(node.step.kind), dict)
    return (*node.path, node.step.kind) if short else (*node.path, node.step.kind, "template")


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
        sweeping.equip(flow.pk, at, anew=False)
    flow.refresh_from_db()
    return current


def _freeze(flow: Flow, plan: Definition, at: datetime) -> Version:
    last = flow.versions.aggregate(last=Max("number"))["last"] or 0
    return Version.objects.create(flow=flow, number=last + 1, definition=plan.plain(), published_at=at)


_LEAVE = """
UPDATE flows_enrollment SET status = 'exited', reason = %s, due_at = NULL, ended_at = %s
WHERE flow_id = %s AND status = 'active' AND version_id <> %s RETURNING id
"""


def roll_back(flow: Flow, version: Version, at: datetime, people: Inside = Inside.FINISH) -> Version:
    """An older version becomes the draft and is published anew, under the next number.

    Raises DefinitionRefused when it cannot run any more (a mail that is gone): then nothing changed.
    """
    with transaction.atomic():
        locked = Flow.objects.select_for_update().get(pk=flow.pk)
        locked.draft = version.definition
        locked.save(update_fields=["draft"])
        made = publish(locked, at, people)
    flow.refresh_from_db()
    return made


def _settle_people(flow: Flow, version: Version, people: Inside, at: datetime) -> None:
    match people:
        case Inside.MOVE:
            move_all(flow, version, at)
        case Inside.LEAVE:
            left = db.rows(_LEAVE, [Reason.ENROLLMENT_ENDED, at, flow.pk, version.pk])
            withdraw_runs({run: Reason.ENROLLMENT_ENDED for (run,) in left}, at)
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
        _refuse_two_differences(locked, locked.version)
        if not locked.live:
            locked.live, locked.live_since = True, at
            locked.save(update_fields=["live", "live_since"])
            db.run(_WAKE, [at, flow.pk, at])
            sweeping.equip(flow.pk, at, anew=True)
    flow.refresh_from_db()


def _refuse_two_differences(flow: Flow, version: Version | None) -> None:
    """Its texts may have changed since it was published."""
    problems = onedifference.problems_of(definition.read(version.definition), flow.store_id) if version else []
    if problems:
        raise NotPublished("; ".join(problem.message for problem in problems))


def pause(flow: Flow, at: datetime) -> None:
    """Switch off. The people inside stay where they are; a mail that still waits is not sent."""
    with transaction.atomic():
        locked = Flow.objects.select_for_update().get(pk=flow.pk)
        if locked.live:
            locked.live, locked.live_since = False, None
            locked.save(update_fields=["live", "live_since"])
            withdraw_flow(flow.pk, Reason.FLOW_OFF, at)
            sweeping.equip(flow.pk, at, anew=False)
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
    """The shop's flow of this short name, made or changed. What runs stays as it is until it is published.

    One that was put away comes back, off and with its history.
    """
    copied = {"based_on": based_on, "base": plan.plain()} if based_on else {}
    flow, made = Flow.objects.get_or_create(
        store_id=store_id, slug=plan.flow, defaults={"name": plan.name, "draft": plan.plain(), **copied}
    )
    if not made:
        flow.draft = plan.plain()
        if flow.deleted_at is not None:
            flow.deleted_at = None
            flow.based_on, flow.base = based_on, copied.get("base", {})
        flow.save(update_fields=["draft", "deleted_at", "based_on", "base"])
    return flow
