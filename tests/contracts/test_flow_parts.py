"""Every trigger, condition, exit and step keeps the promises of its family, newcomers included."""

from __future__ import annotations

import dataclasses
import inspect
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, get_origin

import pytest
from django.utils.functional import Promise
from django.utils.translation import override

from apps.core.durations import Duration
from apps.core.forms import FieldSpec, fields_of, form_for
from apps.core.plain import plain_config, plain_part, read_part
from apps.core.reasons import Reason
from apps.core.registry import Registry
from apps.flows import admitting
from apps.flows.definition import Definition
from apps.flows.judging import Subject, judge, rulebook_of
from apps.flows.parts import FAMILIES, conditions, exits, steps, triggers
from apps.flows.plans import Plan
from apps.flows.steps.send_email import SendEmail
from apps.flows.taking import Case, Run, Taken
from apps.stores.rules import Rules

BY_FAMILY: dict[str, Registry[Any]] = {
    "triggers": triggers, "conditions": conditions, "exits": exits, "steps": steps,
}  # fmt: skip
PARTS = [(family, kind) for family, registry in BY_FAMILY.items() for kind in registry]
AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
SAMPLES: dict[Any, Any] = {
    str: "sample", int: 1, bool: True, Duration: Duration(2, "h"), Decimal: Decimal(1), date: date(2026, 3, 2),
    time: time(9, 0),
}  # fmt: skip


def part_of(family: str, kind: str) -> Any:
    return BY_FAMILY[family].get(kind)


def sample(part: type[Any]) -> Any:
    """The part with every field filled in."""
    return part(**{spec.name: sample_value(spec) for spec in fields_of(part)})


def sample_value(spec: FieldSpec) -> Any:
    if spec.family is not None:
        return ()
    one = spec.choices[0] if spec.choices else spec.metadata.get("example", SAMPLES[spec.type])
    return (one,) if spec.many else one


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
    data = {spec.name: str(getattr(filled, spec.name)) for spec in fields_of(part)}

    form = form_for(part)(data)
    assert form.is_valid(), form.errors
    assert form.part == filled
    for spec in fields_of(part):
        if spec.type is Duration or spec.choices:
            wrong = form_for(part)({**data, spec.name: "no such thing"})
            assert spec.name in wrong.errors


@pytest.mark.parametrize(("family", "kind"), PARTS)
def test_what_it_needs_is_said_in_the_form(family: str, kind: str) -> None:
    part = part_of(family, kind)

    form = form_for(part)({})

    assert set(form.errors) == {spec.name for spec in fields_of(part) if spec.required}


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
    from apps.events.listeners import Told

    trigger = triggers.get(kind)
    told = Told(
        id=1, store_id=1, customer_id=None, subject="", kind=min(trigger.hears), occurred_at=AT, recorded_at=AT,
        data={"cart": 1, "order": 1},
    )  # fmt: skip

    assert trigger.hears
    assert admitting.candidates(trigger, [], [told]) == []
    rulebook = rulebook_of((), (), trigger.hold)
    assert rulebook.statement


@pytest.mark.parametrize("kind", list(steps))
def test_a_step_opens_in_order_and_takes_a_whole_batch(kind: str) -> None:
    step = sample(steps.get(kind))
    later = AT + timedelta(days=2)

    assert step.opens(AT, AT) >= AT
    assert step.opens(AT, later) >= later
    taken = type(step).take([_case(step, number) for number in range(3)], AT)
    assert [type(one) for one in taken] == [Taken] * 3
    assert [one.case.run.id for one in taken] == [0, 1, 2]
    assert len({one.wish.origin for one in taken if one.wish}) in (0, 3)
    assert all(one.wish is None for one in taken) is not step.speaks


def _case(step: Any, number: int) -> Case:
    plan = Definition(
        flow="sample", name="Sample", purpose="cart", priority="cart", trigger=sample(triggers.get("cart_abandoned")),
        reentry="never", exits=(), steps=(step, SendEmail(template="last")),
    )  # fmt: skip
    run = Run(
        id=number, store_id=1, flow_id=1, version_id=1, customer_id=number, cart_id=None, order_id=None, position=0,
        triggered_at=AT, due_at=AT, attempts=0,
    )  # fmt: skip
    return Case(run=run, plan=Plan.of(plan), rules=Rules.read({}), position=0, due=AT)


def test_labels_are_english_words_in_english() -> None:
    with override("en"):
        assert all(str(part_of(*named).label)[0].isupper() for named in PARTS)


def test_no_field_type_without_a_form() -> None:
    for named in PARTS:
        for spec in fields_of(part_of(*named)):
            assert get_origin(spec.type) is None
            assert spec.type in SAMPLES
