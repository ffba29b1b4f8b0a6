"""A frozen dataclass drawn as a form: its fields are what an owner may set."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Hashable, Mapping
from datetime import date, time
from decimal import Decimal
from functools import cache, partial
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
    many: bool = False
    """A list of such values (`tuple[str, ...]`), or of parts when `family` says of which."""

    @property
    def required(self) -> bool:
        return self.default is dataclasses.MISSING

    @property
    def family(self) -> Any:
        """The registry whose parts stand in this field; None for a plain value.

        The metadata holds a function, since a part may hold parts of its own family.
        """
        of = self.metadata.get("family")
        return of() if of is not None else None

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
    many = get_origin(hint) is tuple
    if many:
        hint = get_args(hint)[0]
    choices = get_args(hint) if get_origin(hint) is Literal else ()
    return FieldSpec(
        name=field.name,
        type=str if choices else hint,
        optional=optional,
        choices=choices,
        default=field.default,
        metadata=field.metadata,
        many=many,
    )


class TextsField(forms.CharField):
    """Several short texts, with commas or on lines of their own."""

    widget = forms.Textarea(attrs={"rows": 2})

    def to_python(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return tuple(value)
        words = (word.strip() for word in (super().to_python(value) or "").replace("\n", ",").split(","))
        return tuple(word for word in words if word)

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list | tuple) else value


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
    """A form that yields a part. It validates and builds; it saves nothing.

    Parts within the part (a split's branches) have no field here: whoever shows the form gives them as `nested`.
    """

    part_class: type[Any]

    def __init__(self, *args: Any, nested: Mapping[str, tuple[Any, ...]] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.nested = dict(nested or {})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                cleaned["part"] = self.part_class(**_given(self.part_class, {**cleaned, **self.nested}))
            except FieldRefused as refused:
                self.add_error(refused.field if refused.field in self.fields else None, str(refused))
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
        if value in (None, "", ()) and not spec.required:
            value = spec.default
        kept[spec.name] = tuple(value) if spec.many and isinstance(value, list) else value
    return kept


def form_for(part: type[Any]) -> type[PartForm]:
    """The form of a part's class: a field per dataclass field, with label, help and limits."""
    fields = {spec.name: _form_field(spec) for spec in fields_of(part) if spec.family is None}
    return type(f"{part.__name__}Form", (PartForm,), {**fields, "part_class": part})


def _form_field(spec: FieldSpec) -> forms.Field:
    common: dict[str, Any] = {
        "label": spec.label,
        "help_text": spec.metadata.get("help", ""),
        "required": spec.required and spec.type is not bool,
        "initial": None if spec.required else spec.default,
    }
    if spec.choices:
        return _choice_field(spec, common)
    if spec.many:
        return TextsField(max_length=2000, **common)
    if spec.type is str:
        return forms.CharField(max_length=spec.metadata.get("max_length", 200), **common)
    if spec.type in (int, Decimal):
        common |= {name: spec.metadata[name] for name in ("min_value", "max_value") if name in spec.metadata}
    if spec.type not in _FIELDS:
        raise TypeError(f"there is no form field for {spec.type}")
    return _FIELDS[spec.type](**common)


def _choice_field(spec: FieldSpec, common: dict[str, Any]) -> forms.Field:
    words = spec.metadata.get("choices", {})
    choices = [(choice, words.get(choice, choice)) for choice in spec.choices]
    if spec.many:
        return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **common)
    return forms.ChoiceField(choices=choices, **common)


_FIELDS: dict[Any, Callable[..., forms.Field]] = {
    bool: forms.BooleanField,
    int: forms.IntegerField,
    Decimal: forms.DecimalField,
    Duration: DurationField,
    date: partial(forms.DateField, widget=forms.DateInput(attrs={"type": "date"})),
    time: partial(forms.TimeField, widget=forms.TimeInput(attrs={"type": "time"})),
}
