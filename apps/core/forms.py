"""A frozen dataclass drawn as a form: its fields are what an owner may set."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Hashable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from django import forms
from django.core.exceptions import ValidationError

from apps.core.durations import Duration, DurationRefused, parse_duration


class FieldRefused(ValueError):
    """A part's own check failed; `field` names which of its fields."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One field of a part: what it is called, what fits in it, what stands there by itself."""

    name: str
    type: Any
    optional: bool
    choices: tuple[str, ...]
    default: Any
    metadata: Mapping[str, Any]

    @property
    def required(self) -> bool:
        return self.default is dataclasses.MISSING

    @property
    def label(self) -> Any:
        return self.metadata.get("label", self.name.replace("_", " "))


def fields_of(part: type[Any]) -> tuple[FieldSpec, ...]:
    """The fields an owner may set, in the order they stand in the class."""
    return _fields_of(cast("Hashable", part))


@cache
def _fields_of(part: Any) -> tuple[FieldSpec, ...]:
    hints = get_type_hints(part)
    return tuple(_spec(field, hints[field.name]) for field in dataclasses.fields(part))


def _spec(field: dataclasses.Field[Any], hint: Any) -> FieldSpec:
    optional = False
    if get_origin(hint) in (Union, types.UnionType):
        inner = [arg for arg in get_args(hint) if arg is not type(None)]
        optional, hint = len(inner) < len(get_args(hint)), inner[0]
    choices = get_args(hint) if get_origin(hint) is Literal else ()
    return FieldSpec(
        name=field.name,
        type=str if choices else hint,
        optional=optional,
        choices=choices,
        default=field.default,
        metadata=field.metadata,
    )


class DurationField(forms.CharField):
    """A length of time as owners write it: 60m, 24h, 3d."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return None
        try:
            return parse_duration(text)
        except DurationRefused as refused:
            raise ValidationError(str(refused), code="duration") from None

    def prepare_value(self, value: Any) -> Any:
        return str(value) if isinstance(value, Duration) else value


class PartForm(forms.Form):
    """A form that yields a part. It validates and builds; it saves nothing."""

    part_class: type[Any]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                cleaned["part"] = self.part_class(**_given(self.part_class, cleaned))
            except FieldRefused as refused:
                self.add_error(refused.field, str(refused))
        return cleaned

    @property
    def part(self) -> Any:
        """What was filled in, once the form is valid."""
        return self.cleaned_data["part"]


def _given(part: type[Any], cleaned: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the form; a field left empty keeps the part's own default."""
    kept = {}
    for spec in fields_of(part):
        value = cleaned.get(spec.name)
        if value in (None, "") and not spec.required:
            value = spec.default
        kept[spec.name] = value
    return kept


def form_for(part: type[Any]) -> type[PartForm]:
    """The form of a part's class: a field per dataclass field, with label, help and limits."""
    fields = {spec.name: _form_field(spec) for spec in fields_of(part)}
    return type(f"{part.__name__}Form", (PartForm,), {**fields, "part_class": part})


def _form_field(spec: FieldSpec) -> forms.Field:
    common: dict[str, Any] = {
        "label": spec.label,
        "help_text": spec.metadata.get("help", ""),
        "required": spec.required and spec.type is not bool,
        "initial": None if spec.required else spec.default,
    }
    if spec.choices:
        words = spec.metadata.get("choices", {})
        choices = [(choice, words.get(choice, choice)) for choice in spec.choices]
        return forms.ChoiceField(choices=choices, **common)
    limits = {name: spec.metadata[name] for name in ("min_value", "max_value") if name in spec.metadata}
    if spec.type is bool:
        return forms.BooleanField(**common)
    if spec.type is int:
        return forms.IntegerField(**common, **limits)
    if spec.type is Decimal:
        return forms.DecimalField(**common, **limits)
    if spec.type is Duration:
        return DurationField(**common)
    if spec.type is str:
        return forms.CharField(max_length=spec.metadata.get("max_length", 200), **common)
    raise TypeError(f"there is no form field for {spec.type}")
