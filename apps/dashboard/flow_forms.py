"""The small forms of a flow's page, drawn from the fields of its parts: they check, and yield plain words."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.core.durations import UNITS, Duration, DurationRefused
from apps.core.forms import FieldSpec, fields_of, form_for
from apps.core.plain import plain_value, read_part
from apps.core.problems import Problem
from apps.core.registry import Registry
from apps.dashboard.flow_shelf import EMPTY, Shelf
from apps.flows.definition import EVERY, MOST_HELD_OUT, NEVER, PER_SUBJECT
from apps.flows.trees import Node
from apps.flows.words import PRIORITY_WORDS, PURPOSES
from apps.flows.words_of import chosen_from

MOST_TICKS: Final = 12
UNIT_WORDS: Final = (("m", _("minutes")), ("h", _("hours")), ("d", _("days")), ("w", _("weeks")), ("s", _("seconds")))


class LengthWidget(forms.MultiWidget):
    """A number and its unit, side by side."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        number = forms.NumberInput(attrs={"min": 0, "inputmode": "numeric", "class": "m-input m-input--number"})
        unit = forms.Select(choices=UNIT_WORDS, attrs={"class": "m-input m-input--unit", "aria-label": _("unit")})
        super().__init__({"count": number, "unit": unit}, attrs)

    def decompress(self, value: Any) -> list[Any]:
        text = str(value) if value else ""
        return [text[:-1], text[-1:]] if text[-1:] in UNITS else [None, "d"]


class LengthField(forms.MultiValueField):
    """A length of time: 3 days. Yields a Duration, or None when nothing is filled in."""

    widget = LengthWidget

    def __init__(self, **more: Any) -> None:
        fields = (forms.IntegerField(min_value=0, max_value=99_999), forms.ChoiceField(choices=UNIT_WORDS))
        super().__init__(fields=fields, require_all_fields=False, **more)

    def clean(self, value: Any) -> Any:
        # The unit alone says nothing: an empty number is an empty field.
        return super().clean(None if not value or value[0] in (None, "") else value)

    def compress(self, values: list[Any]) -> Any:
        if not values or values[0] is None:
            return None
        try:
            return Duration(int(values[0]), str(values[1]))
        except DurationRefused:
            raise forms.ValidationError(_("At most ten years.")) from None


class PartForm(forms.Form):
    """A part's own settings. Valid, `plain` holds them in the words of the plan, its branches included."""

    def __init__(self, data: Any, *, node: Node, shelf: Shelf) -> None:
        assert node.part is not None
        self.node, self.part, self.shelf = node, node.part, shelf
        self.plain: dict[str, Any] = {}
        initial = {name: _shown(value) for name, value in node.config.items()}
        super().__init__(data, initial=initial, prefix="part", auto_id=f"id-{'-'.join(map(str, node.place))}-%s")
        own = deepcopy(form_for(self.part).base_fields)
        self.fields.update({spec.name: self._field(spec, own[spec.name]) for spec in fields_of(self.part)
                            if spec.name in own})  # fmt: skip
        _dressed(self)

    def _field(self, spec: FieldSpec, drawn: forms.Field) -> forms.Field:
        common: dict[str, Any] = {"label": drawn.label, "help_text": drawn.help_text, "required": drawn.required}
        if spec.type is Duration and not spec.many:
            return LengthField(initial=drawn.initial, **common | {"help_text": ""})
        if not spec.choices and (thing := chosen_from(spec)):
            return self._chosen(spec, thing, common)
        return drawn

    def _chosen(self, spec: FieldSpec, thing: str, common: dict[str, Any]) -> forms.Field:
        """One or several of the shop's own; what the plan names and the shop lacks stays to be seen."""
        choices = list(self.shelf.choices(thing))
        given = self.node.config.get(spec.name)
        kept = given if isinstance(given, list) else [given] if given else []
        choices += [(str(word), str(_("%s (not in this shop)") % word)) for word in kept if word not in dict(choices)]
        if not choices:
            common["help_text"] = EMPTY[thing]()
        if spec.many:
            few = len(choices) <= MOST_TICKS
            widget = forms.CheckboxSelectMultiple() if few else forms.SelectMultiple(attrs={"size": 8})
            return forms.MultipleChoiceField(choices=choices, widget=widget, **common)
        return forms.ChoiceField(
            choices=[("", "–"), *choices] if len(choices) != 1 or not spec.required else choices, **common
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        inner = {branch.spec.name: branch.plain for branch in self.node.branches}
        self.plain = {self.node.kind: _settings(self.part, cleaned) | {k: v for k, v in inner.items() if v}}
        problems: list[Problem] = []
        read_part(self.node.family, self.plain, (), problems)
        for problem in problems:
            # What is wrong within its branches is said there; it keeps nobody from filling them.
            if len(problem.path) <= 1 or (len(problem.path) == 2 and problem.path[1] in self.fields):
                self.add_error(str(problem.path[1]) if len(problem.path) == 2 else None, problem.message)
        return cleaned


def _dressed(form: forms.Form) -> None:
    """The look of our pages; what is made of several boxes dresses them itself."""
    for field in form.fields.values():
        if not isinstance(field.widget, (forms.CheckboxInput, forms.MultiWidget, forms.CheckboxSelectMultiple)):
            field.widget.attrs.setdefault("class", "m-input")


def _shown(value: Any) -> Any:
    """A value of the plan as a form's field takes it."""
    return (*value,) if isinstance(value, list) else value


def _settings(part: type[Any], cleaned: dict[str, Any]) -> dict[str, Any]:
    """What was filled in and differs from what stands there by itself, in plain words."""
    found = {}
    for spec in fields_of(part):
        value = cleaned.get(spec.name)
        if spec.family is not None or (value in (None, "", (), []) and not spec.required):
            continue
        plain = plain_value(tuple(value or ()) if spec.many else value)
        if spec.required or plain != plain_value(spec.default):
            found[spec.name] = plain
    return found


def part_form(family: Registry[Any], node: Node, shelf: Shelf, data: Any = None) -> PartForm | None:
    """The form of this part; None for a kind that nobody registered."""
    return PartForm(data, node=node, shelf=shelf) if node.kind in family else None


# --- the head of a plan ----------------------------------------------------------------------------

REENTRY: Final = (
    (NEVER, _("once, and never again")),
    (PER_SUBJECT, _("once for each order or product it is about")),
    (EVERY, _("again after a while:")),
)
HOLDOUT: Final = (("", _("as the shop's rules say")), ("off", _("nobody")), ("share", _("a share of the people:")))


class HeadForm(forms.Form):
    """What a flow is called and for, and how often somebody may begin."""

    name = forms.CharField(label=_("name"), max_length=120)
    purpose = forms.ChoiceField(label=_("what it is for"), choices=list(PURPOSES.items()),
                                help_text=_("Says how long its mails stay of use."))  # fmt: skip
    priority = forms.ChoiceField(
        label=_("who goes first"),
        choices=list(PRIORITY_WORDS.items()),
        help_text=_("When somebody may get one mail only, the first of this list wins."),
    )
    reentry = forms.ChoiceField(label=_("how often somebody may begin"), choices=REENTRY)
    every = LengthField(label=_("after how long"), required=False, help_text=_("Only with “again after a while”."))
    holdout = forms.ChoiceField(
        label=_("control group"),
        choices=HOLDOUT,
        required=False,
        help_text=_("These people get nothing, so that you see what the mails really bring."),
    )
    share = forms.DecimalField(label=_("share in %"), required=False, min_value=Decimal("0.01"),
                               max_value=MOST_HELD_OUT, decimal_places=2)  # fmt: skip

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or self.cleaned_data
        if given.get("reentry") == EVERY and not given.get("every") and "every" not in self.errors:
            self.add_error("every", _("Fill in after how long."))
        if given.get("holdout") == "share" and not given.get("share") and "share" not in self.errors:
            self.add_error("share", _("Fill in which share."))
        return given

    def written(self, tree: dict[str, Any]) -> dict[str, Any]:
        """The plan with these words in its head."""
        given = self.cleaned_data
        reentry = {EVERY: str(given["every"])} if given["reentry"] == EVERY else given["reentry"]
        found = tree | {key: given[key] for key in ("name", "purpose", "priority")} | {"reentry": reentry}
        found.pop("holdout", None)
        if given["holdout"]:
            found["holdout"] = "off" if given["holdout"] == "off" else plain_value(given["share"])
        return found


def head_form(tree: dict[str, Any], data: Any = None) -> HeadForm:
    """The head as it is, or as it was typed."""
    reentry, holdout = tree.get("reentry"), tree.get("holdout")
    every = reentry.get(EVERY) if isinstance(reentry, dict) else None
    off = holdout in ("off", 0, "0")
    initial = {key: tree.get(key) for key in ("name", "purpose", "priority")} | {
        "reentry": EVERY if every else reentry,
        "every": every,
        "holdout": "" if holdout is None else "off" if off else "share",
        "share": None if off else holdout,
    }
    form = HeadForm(data, initial=initial, auto_id="id-head-%s")
    _dressed(form)
    return form
