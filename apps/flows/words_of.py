"""Parts and their settings as sentences, for owners: from the registries, so that a new part speaks by itself.

A part may say more than its label and its settings with `sentence`: a method that tells it, or a text in which its
settings are named ("Wait until %(until)s after the start"), used when every setting it names has a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from django.utils.dateparse import parse_date
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext

from apps.core.durations import Duration, DurationRefused, parse_duration
from apps.core.forms import FieldSpec, fields_of
from apps.core.plain import plain_value, read_part
from apps.core.problems import shown
from apps.core.registry import Registry
from apps.flows.definition import EVERY, NEVER, PER_SUBJECT
from apps.flows.parts import triggers
from apps.flows.trees import written_out
from apps.flows.words import PRIORITY_WORDS, PURPOSES

Names = Callable[[str, str], str]
"""What the shop calls its own thing: (kind of thing, short name or number) → name."""

_NAMED: Final = re.compile(r"%\((\w+)\)s")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_LENGTH: Final = re.compile(r"\d{1,6}[smhdw]", re.ASCII)


def as_written(_thing: str, name: str) -> str:
    """The short name itself."""
    return name


def lasting(length: Duration) -> str:
    """A length of time in full words."""
    words = {
        "s": ngettext("%(count)s second", "%(count)s seconds", length.count),
        "m": ngettext("%(count)s minute", "%(count)s minutes", length.count),
        "h": ngettext("%(count)s hour", "%(count)s hours", length.count),
        "d": ngettext("%(count)s day", "%(count)s days", length.count),
        "w": ngettext("%(count)s week", "%(count)s weeks", length.count),
    }
    return words[length.unit] % {"count": length.count}


def length_in_words(given: Any) -> str:
    """A written length such as 36h in words; what is none stands as it is."""
    try:
        return lasting(parse_duration(given))
    except (DurationRefused, AttributeError):
        return shown(given)


def said_of(family: Registry[Any], plain: Any, names: Names = as_written) -> str:
    """One part as a sentence, however half it is."""
    kind, config = written_out(family, plain)
    if kind not in family:
        return kind or shown(plain)
    part = family.get(kind)
    sentence = getattr(part, "sentence", None)
    if callable(sentence) and (read := read_part(family, plain, (), [])) is not None:
        return capitalised(str(read.sentence()))
    # What starts a flow is told with the settings it has by itself: they are what the owner would ask.
    settings = settings_of(part, _by_itself(part) | config if family is triggers else config, names)
    if isinstance(sentence, str | Promise) and set(_NAMED.findall(str(sentence))) <= set(settings):
        return str(sentence) % settings
    if not settings:
        return str(part.label)
    if len(settings) == 1 and next(iter(settings)) == getattr(part, "short", ""):
        return f"{part.label}: {next(iter(settings.values()))}"
    labels = {spec.name: capitalised(str(spec.label)) for spec in fields_of(part)}
    return f"{part.label} · " + " · ".join(f"{labels[name]}: {value}" for name, value in settings.items())


def _by_itself(part: type[Any]) -> dict[str, Any]:
    """The settings of a part of which nothing was set."""
    return {
        spec.name: plain_value(spec.default)
        for spec in fields_of(part)
        if not spec.required and spec.family is None and spec.default not in (None, "", ())
    }


def capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


def settings_of(part: type[Any], config: Mapping[str, Any], names: Names = as_written) -> dict[str, str]:
    """The settings that say something, each in words; branches of steps are left to whoever draws them."""
    found = {}
    for spec in fields_of(part):
        value = config.get(spec.name)
        if value in (None, "", [], False) or (spec.family is not None and not _is_judged(spec.family)):
            continue
        found[spec.name] = value_in_words(spec, value, names)
    return found


def _is_judged(family: Registry[Any]) -> bool:
    return family.family == "condition"


def value_in_words(spec: FieldSpec, value: Any, names: Names = as_written) -> str:
    """One value of a field as a person says it."""
    if spec.family is not None:
        return ", ".join(said_of(spec.family, one, names) for one in value if value) if isinstance(value, list) else ""
    if isinstance(value, list | tuple):
        return ", ".join(_one(spec, one, names) for one in value)
    return _one(spec, value, names)


def _one(spec: FieldSpec, value: Any, names: Names) -> str:
    if spec.choices:
        return str(spec.metadata.get("choices", {}).get(value, value))
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    text = str(value)
    if _LENGTH.fullmatch(text) and spec.type is Duration:
        return length_in_words(text)
    if _DATE.fullmatch(text) and (day := _day(text)) is not None:
        return date_format(day)
    return names(chosen_from(spec), text) if chosen_from(spec) else shown(text)


def _day(text: str) -> Any:
    try:
        return parse_date(text)
    except ValueError:
        return None


def chosen_from(spec: FieldSpec) -> str:
    """Of which of the shop's own things this field names one: template, survey, offer, segment; else ''."""
    found = str(spec.metadata.get("choose", spec.name)).removesuffix("s")
    return found if found in CHOSEN else ""


CHOSEN: Final = frozenset({"template", "survey", "offer", "segment", "product"})


# --- the head of a plan ----------------------------------------------------------------------------


def head_in_words(key: str, value: Any) -> str:
    """The value of one of the plan's own keys (not its parts) as a person says it."""
    if key == "reentry":
        return reentry_in_words(value)
    closed: dict[str, Mapping[str, Any]] = {"purpose": PURPOSES, "priority": PRIORITY_WORDS}
    if key in closed:
        return str(closed[key].get(value, value))
    if value is None:
        return gettext("as the shop's rules say")
    if key == "holdout":
        return gettext("none") if value in ("off", 0, "0") else f"{value} %"
    if key == "merge_within":
        return gettext("never") if value == "off" else length_in_words(value)
    return shown(value)


def reentry_in_words(value: Any) -> str:
    """How often somebody may begin."""
    if value == NEVER:
        return gettext("once, and never again")
    if value == PER_SUBJECT:
        return gettext("once for each order or product it is about")
    if isinstance(value, dict) and EVERY in value:
        return gettext("at most once per %(length)s") % {"length": length_in_words(value[EVERY])}
    return shown(value)
