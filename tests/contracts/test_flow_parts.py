"""Every trigger, condition, exit and step keeps the promises of its family, newcomers included."""

from __future__ import annotations

import dataclasses
import inspect
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_origin

import msgspec
import pytest
from django.utils.functional import Promise
from django.utils.translation import override

from apps.consent.models import Suppression
from apps.core.durations import Duration
from apps.core.forms import FieldSpec, fields_of, form_for
from apps.core.plain import plain_config, plain_part, read_part
from apps.core.reasons import Reason
from apps.core.registry import Registry
from apps.customers.models import Customer
from apps.events.listeners import Told
from apps.flows import admitting, sweeping, walking
from apps.flows.definition import Definition
from apps.flows.judging import Subject, judge, rulebook_of
from apps.flows.models import Enrollment, Flow, Notice, Version
from apps.flows.parts import FAMILIES, conditions, exits, steps, triggers
from apps.flows.plans import Plan
from apps.flows.steps.send_email import SendEmail
from apps.flows.taking import Case, Taken
from apps.flows.zones import Zones
from apps.offers.models import Code
from apps.stores.rules import Rules
from tests.flows.shops import open_shop
from tests.flows.trees import SAMPLES
from tests.flows.trees import filled as sample
from tests.flows.trees import value as sample_value

BY_FAMILY: dict[str, Registry[Any]] = {
    "triggers": triggers, "conditions": conditions, "exits": exits, "steps": steps,
}  # fmt: skip
PARTS = [(family, kind) for family, registry in BY_FAMILY.items() for kind in registry]
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def part_of(family: str, kind: str) -> Any:
    return BY_FAMILY[family].get(kind)


def typed(spec: FieldSpec, value: Any) -> Any:
    """A value as a browser sends it."""
    if spec.many:
        return list(value) if spec.choices else ", ".join(value)
    return str(value)


def test_the_families_are_those_of_the_folders() -> None:
    assert set(BY_FAMILY) == set(FAMILIES)


@pytest.mark.parametrize("family", FAMILIES)
def test_one_file_holds_one_part_of_its_name(family: str) -> None:
    folder = Path(inspect.getfile(admitting)).parent / family
    files = {path.stem for path in folder.glob("*.py")} - {"__init__"}

    own = {kind for kind, part in BY_FAMILY[family].items() if part.__module__.startswith("apps.flows.")}
    assert files == own


@pytest.mark.parametrize(("family", "kind"), PARTS)
def test_a_part_is_frozen_described_and_translatable(family: str, kind: str) -> None:
    part = part_of(family, kind)

    assert part.kind == kind
    assert part.__dataclass_params__.frozen
    assert part.__doc__
    assert "(" not in part.__doc__.split("\n")[0][:20]
    assert isinstance(part.label, Promise)
    for field in dataclasses.fields(part):
        assert isinstance(field.metadata["label"], Promise), field.name
        for choice in next(spec.choices for spec in fields_of(part) if spec.name == field.name):
            assert isinstance(field.metadata["choices"][choice], Promise), choice


@pytest.mark.parametrize(("family", "kind"), PARTS)
def test_a_part_reads_back_from_its_own_words(family: str, kind: str) -> None:
    registry = BY_FAMILY[family]
    filled = sample(part_of(family, kind))
    long = {kind: plain_config(filled)}

    for plain in (plain_part(filled), long):
        problems: list[Any] = []
        assert read_part(registry, plain, (), problems) == filled
        assert problems == []


@pytest.mark.parametrize(("family", "kind"), PARTS)
def test_an_unknown_setting_is_refused_by_name(family: str, kind: str) -> None:
    problems: list[Any] = []

    assert read_part(BY_FAMILY[family], {kind: {"no_such": 1}}, ("here",), problems) is None
    assert f"here.{kind}.no_such" in [problem.field for problem in problems]


@pytest.mark.parametrize(("family", "kind"), PARTS)
def test_its_form_yields_the_part_and_names_a_wrong_field(family: str, kind: str) -> None:
    part = part_of(family, kind)
    filled = sample(part)
    data = {spec.name: typed(spec, getattr(filled, spec.name)) for spec in fields_of(part) if spec.family is None}

    nested = {spec.name: getattr(filled, spec.name) for spec in fields_of(part) if spec.family is not None}
    form = form_for(part)(data, nested=nested)
    assert form.is_valid(), form.errors
    assert form.part == filled
    for spec in fields_of(part):
        if spec.type is Duration or spec.choices:
            wrong = form_for(part)({**data, spec.name: "no such thing"})
            assert spec.name in wrong.errors


@pytest.mark.parametrize(("family", "kind"), PARTS)
def test_what_it_needs_is_said_in_the_form(family: str, kind: str) -> None:
    part = part_of(family, kind)

    nested = {spec.name: sample_value(spec) for spec in fields_of(part) if spec.family is not None}
    form = form_for(part)({}, nested=nested)

    needed = {spec.name for spec in fields_of(part) if spec.required and spec.family is None}
    if needed:
        assert set(form.errors) == needed
    else:
        # Nothing is needed by itself; a check over several fields names one of them, or the part as a whole.
        assert set(form.errors) <= {spec.name for spec in fields_of(part)} | {"__all__"}


@pytest.mark.parametrize("kind", list(conditions) + list(exits))
def test_its_sql_judges_a_batch(db: None, kind: str) -> None:
    is_exit = kind in exits
    part = sample((exits if is_exit else conditions).get(kind))
    rulebook = rulebook_of((part,) if is_exit else (), () if is_exit else (part,), "")
    subject = Subject(
        key=1, store_id=1, customer_id=1, cart_id=None, order_id=None, triggered_at=AT, merges_until=None,
        rulebook=rulebook,
    )  # fmt: skip

    assert judge([subject], AT) == {}
    assert part.reason in Reason
    assert hash(part) == hash(sample(type(part)))


@pytest.mark.parametrize("kind", list(triggers))
def test_its_candidates_and_its_hold_are_sql(db: None, kind: str) -> None:
    trigger = triggers.get(kind)
    told = [
        Told(
            id=1, store_id=1, customer_id=None, subject="order:1", kind=heard, occurred_at=AT, recorded_at=AT,
            data={"cart": 1, "order": 1, "code": 1, "custom": 1, "product": "1"},
        )
        for heard in sorted(trigger.hears)
    ]  # fmt: skip

    assert admitting.candidates(trigger, [], told) == []
    assert rulebook_of((), (), trigger.hold).statement


@pytest.mark.parametrize("kind", list(triggers))
def test_what_goes_by_dates_is_one_statement_and_whatever_begins_hears_or_does(db: None, kind: str) -> None:
    trigger = sample(triggers.get(kind))
    due = trigger.due()
    plan = Definition(
        flow="sample", name="Sample", purpose="other", priority="browse", trigger=trigger, reentry=Duration(1, "d"),
        exits=tuple(sample(exits.get(one)) for one in exits), steps=(SendEmail(template="first"),),
    )  # fmt: skip

    assert trigger.hears or due is not None
    if due is None:
        return
    flow = admitting.LiveFlow(
        id=1, store_id=1, version_id=1, live_since=AT, store_holdout=Decimal(10), rules=Rules.read({}),
        plan=Plan.of(plan),
    )  # fmt: skip
    stretch = sweeping.Stretch(since=AT, until=AT + timedelta(days=1), live_since=AT, zone="Europe/Amsterdam")

    assert sweeping.sweep(flow, stretch, AT + timedelta(days=1)) == {sweeping.BEGAN: 0}


@pytest.mark.parametrize("kind", list(steps))
def test_a_step_opens_in_order_and_takes_a_whole_batch(db: None, kind: str) -> None:
    step = sample(steps.get(kind))
    later = AT + timedelta(days=2)

    for zones in (None, Zones.of("Europe/Amsterdam", "AU")):
        assert step.opens(AT, AT, zones) >= AT
        assert step.opens(AT, later, zones) >= later
    cases = _cases(step)
    taken = type(step).take(cases, AT)
    assert [type(one) for one in taken] == [Taken] * 3
    assert [one.case.run.id for one in taken] == [case.run.id for case in cases]
    assert len({one.wish.origin for one in taken if one.wish}) in (0, 3)
    assert all(one.wish is None for one in taken) is not step.speaks
    assert type(step).take(cases, AT) == taken


@pytest.mark.parametrize("kind", list(steps))
def test_a_step_in_shadow_touches_nothing_but_its_own_rows(db: None, kind: str) -> None:
    """What a flow in shadow may write: mails that say they are in shadow, and nothing of people or shops."""
    cases = [msgspec.structs.replace(case, shadow=True) for case in _cases(sample(steps.get(kind)))]

    taken = type(cases[0].step).take(cases, AT)

    assert all(one.wish.shadow for one in taken if one.wish)
    assert not Code.objects.exists()
    assert not Suppression.objects.exists()
    assert not Notice.objects.exists()
    assert set(Customer.objects.values_list("tags__0", flat=True)) == {None}


def _cases(step: Any) -> list[Case]:
    """Three people of one shop at this step."""
    shop = open_shop()
    plan = Definition(
        flow="sample", name="Sample", purpose="cart", priority="cart", trigger=sample(triggers.get("cart_abandoned")),
        reentry="never", exits=(), steps=(step, SendEmail(template="last")),
    )  # fmt: skip
    flow = Flow.objects.create(store=shop.store, slug="sample", name="Sample")
    version = Version.objects.create(flow=flow, number=1, definition={}, published_at=AT)
    for name in ("ada", "ben", "cy"):
        Enrollment.objects.create(
            store=shop.store, flow=flow, version=version, customer=shop.person(name), occasion=name, triggered_at=AT,
            entered_at=AT, due_at=AT,
        )  # fmt: skip
    return [
        Case(run=run, plan=Plan.of(plan), rules=Rules.read({}), position=0, planned=AT, due=AT)
        for run in walking.claim(AT, 10)
    ]


def test_labels_are_english_words_in_english() -> None:
    with override("en"):
        assert all(str(part_of(*named).label)[0].isupper() for named in PARTS)


def test_no_field_type_without_a_form() -> None:
    for named in PARTS:
        for spec in fields_of(part_of(*named)):
            if spec.family is None:
                assert get_origin(spec.type) is None
                assert spec.type in SAMPLES
