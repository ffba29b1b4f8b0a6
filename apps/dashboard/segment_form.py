"""The builder of a segment: AND of groups, OR within a group, each condition drawn from its own fields.

Everything travels in the form itself: adding and removing send what was typed and get it back with one row more or
less, so the page works without a script and nothing is kept before “save”. `part` says what stands where, as
`group.place.kind`; a condition's own fields carry `group.place` before their names. What no form can draw (groups
within groups, from a file) stays as it is, as text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from apps.core.forms import PartForm, fields_of, form_for
from apps.core.plain import plain_part, read_part
from apps.core.problems import Problem
from apps.dashboard.goods_form import dressed
from apps.segments.conditions.any import AnyOf
from apps.segments.done import Done
from apps.segments.parts import Condition, conditions
from apps.segments.words import words

WHOLE = "whole"
"""The kind of a part that is shown in words only."""
MOST_PARTS = 60
OF_THE_SHOP = ("segment",)
"""Settings that name one of the shop's own things by its short name."""
_HOW_OFTEN = ("times", "n", "period", "days", "day", "last_day")


@dataclass(slots=True)
class Row:
    """One condition in the builder. `form` is None for one that is shown in words only."""

    kind: str
    prefix: str
    form: PartForm | None = None
    part: Condition | None = None
    plain: str = ""

    @property
    def label(self) -> str:
        return str(conditions.get(self.kind).label) if self.kind in conditions else _("As written")

    @property
    def group(self) -> str:
        return self.prefix.partition(".")[0]

    @property
    def sentence(self) -> str:
        return words(self.part) if self.part is not None else ""

    @property
    def fields(self) -> list[Any]:
        """What is always shown: what makes the condition."""
        return [one for one in self.form or () if one.name not in self._filters]

    @property
    def filters(self) -> list[Any]:
        """What narrows it down."""
        return [one for one in self.form or () if one.name in self._filters]

    @property
    def narrowed(self) -> bool:
        return any(one.errors or one.value() for one in self.filters)

    @property
    def _filters(self) -> set[str]:
        part = conditions.get(self.kind)
        return {spec.name for spec in fields_of(part)} - set(_HOW_OFTEN) if issubclass(part, Done) else set()


@dataclass(slots=True)
class Builder:
    """What stands in the form: groups of rows, all groups true, one row of each."""

    groups: list[list[Row]] = field(default_factory=list)

    @property
    def is_valid(self) -> bool:
        return all(row.part is not None for group in self.groups for row in group)

    @property
    def plain(self) -> list[Any]:
        """The definition in words. Only when it is valid."""
        found: list[Any] = []
        for group in self.groups:
            parts = [plain_part(row.part) for row in group]
            found += parts if len(parts) == 1 else [{"any": parts}] if parts else []
        return found

    @property
    def valid_plain(self) -> list[Any]:
        """The definition without the rows that are not filled in yet."""
        kept = [[row for row in group if row.part is not None] for group in self.groups]
        return Builder([group for group in kept if group]).plain


def from_plain(plain: Iterable[Any]) -> Builder:
    """The builder as a definition is kept."""
    groups = []
    for place, one in enumerate(plain):
        inner = one["any"] if isinstance(one, dict) and set(one) == {"any"} else [one]
        inner = inner["conditions"] if isinstance(inner, dict) else inner
        groups.append([_row_of(part, f"{place}.{number}") for number, part in enumerate(inner)])
    return Builder(groups)


def _row_of(plain: Any, prefix: str) -> Row:
    problems: list[Problem] = []
    part = read_part(conditions, plain, (), problems)
    if part is None or isinstance(part, AnyOf):
        return Row(WHOLE, prefix, part=part, plain=json.dumps(plain))
    form: Any = form_for(type(part))
    kept = {spec.name: getattr(part, spec.name) for spec in fields_of(type(part))}
    return Row(part.kind, prefix, form=_dressed(form(prefix=prefix, initial=kept)), part=part)


def from_post(given: QueryDict | Mapping[str, Any]) -> Builder:
    """The builder as it was sent; rows that are wrong keep what was typed and say what is wrong."""
    named = given.getlist("part") if isinstance(given, QueryDict) else list(given.get("part", ()))
    found: dict[int, list[Row]] = {}
    for one in named[:MOST_PARTS]:
        group, _dot, rest = str(one).partition(".")
        place, _dot, kind = rest.partition(".")
        if group.isdecimal() and place.isdecimal() and len(group + place) < 7 and (kind in conditions or kind == WHOLE):
            found.setdefault(int(group), []).append(_sent(given, f"{int(group)}.{int(place)}", kind))
    return Builder([found[group] for group in sorted(found)])


def _sent(given: Any, prefix: str, kind: str) -> Row:
    if kind == WHOLE:
        text = str(given.get(f"{prefix}-plain", ""))[:20_000]
        try:
            return _row_of(json.loads(text), prefix)
        except ValueError:
            return Row(WHOLE, prefix, plain=text)
    form = form_for(conditions.get(kind))(given, prefix=prefix)
    return Row(kind, prefix, form=_dressed(form), part=form.part if form.is_valid() else None)


def _dressed(form: PartForm) -> PartForm:
    for name, one in form.fields.items():
        if isinstance(one, forms.CharField) and isinstance(one.widget, forms.Textarea):
            one.widget.attrs["rows"] = 1
        elif name in OF_THE_SHOP:
            # The page lists the shop's own under this name.
            one.widget.attrs["list"] = f"own-{name}s"
    dressed(form)
    for one in form.fields.values():
        if isinstance(one.widget, forms.CheckboxSelectMultiple):
            del one.widget.attrs["class"]
    return form


def reshaped(builder: Builder, act: str) -> Builder:
    """The builder after a button: `add:2:ordered`, `drop:0.1`; `add::ordered` begins a group of its own."""
    verb, _colon, what = act.partition(":")
    if verb == "drop":
        builder = Builder([[row for row in group if row.prefix != what] for group in builder.groups])
    elif verb == "add":
        group, _colon, kind = what.partition(":")
        if kind in conditions:
            _add(builder, group, kind)
    return Builder([group for group in builder.groups if group])


def _add(builder: Builder, group: str, kind: str) -> None:
    numbers = [int(row.prefix.split(".")[0]) for rows in builder.groups for row in rows]
    place = next((rows for rows in builder.groups if rows and rows[0].prefix.split(".")[0] == group), None)
    if place is None:
        place, group = [], str(max(numbers, default=-1) + 1)
        builder.groups.append(place)
    number = max((int(row.prefix.split(".")[1]) for row in place), default=-1) + 1
    prefix = f"{group}.{number}"
    form = form_for(conditions.get(kind))(prefix=prefix)
    place.append(Row(kind, prefix, form=_dressed(form)))


def choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """The conditions to choose from, in groups as people think of them."""
    done = [(kind, str(part.label)) for kind, part in conditions.items() if issubclass(part, Done)]
    being = [
        (kind, str(part.label)) for kind, part in conditions.items() if not issubclass(part, Done) and part is not AnyOf
    ]
    return [(_("What they did"), sorted(done, key=_by_label)), (_("What they are"), sorted(being, key=_by_label))]


def _by_label(choice: tuple[str, str]) -> str:
    return choice[1].lower()
