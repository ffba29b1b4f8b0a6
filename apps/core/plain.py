"""Parts in the words of a file, and back: `wait: 1h` is a Wait, and a Wait is `wait: 1h`.

A part stands as a map of one key (its kind) with its fields below it. A part whose class names a `short`
field may give that value alone; a part without any setting is its bare kind. A field that says of which
`family` its values are holds a list of parts, each in the same words.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from datetime import date, time
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from django.utils.translation import gettext

from apps.core.durations import ACCEPTED, Duration, DurationRefused, parse_duration
from apps.core.forms import FieldRefused, FieldSpec, fields_of
from apps.core.problems import Path, Problem, one_of, shown
from apps.core.registry import Registry

T = TypeVar("T")
MOST = 60
"""Plans are bounded, so that one always fits a screen and a file."""
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)


class ValueRefused(ValueError):
    """This does not fit the field; the message says what would."""


def read_part(family: Registry[type[T]], plain: Any, path: Path, problems: list[Problem]) -> T | None:
    """The part that stands here, or None after saying everything that is wrong with it."""
    kind, given = _split(plain)
    if kind is None or kind not in family:
        problems.append(Problem(path if kind is None else _to_kind(plain, path, kind), one_of(family, kind or plain)))
        return None
    part = family.get(kind)
    path = (*path, kind) if isinstance(plain, dict) else path
    config = _as_config(part, given, path, problems)
    if config is None:
        return None
    return _built(part, config, path, problems)


def _to_kind(plain: Any, path: Path, kind: str) -> Path:
    return (*path, kind) if isinstance(plain, dict) else path


def _split(plain: Any) -> tuple[str | None, Any]:
    if isinstance(plain, str):
        return plain, {}
    if isinstance(plain, dict) and len(plain) == 1:
        return next((str(kind), given) for kind, given in plain.items())
    return None, None


def _as_config(part: type[Any], given: Any, path: Path, problems: list[Problem]) -> dict[str, Any] | None:
    if isinstance(given, dict):
        return given
    if given is None:
        return {}
    short = getattr(part, "short", None)
    if short is None or (isinstance(given, list) and not _is_many(part, short)):
        names = ", ".join(spec.name for spec in fields_of(part)) or gettext("nothing")
        expected = gettext("expected a map with %(names)s; got “%(got)s”")
        problems.append(Problem(path, expected % {"names": names, "got": shown(given)}))
        return None
    return {short: given}


def _is_many(part: type[Any], name: str) -> bool:
    return any(spec.name == name and spec.many for spec in fields_of(part))


def _built(part: type[T], config: Mapping[str, Any], path: Path, problems: list[Problem]) -> T | None:
    before = len(problems)
    values = _values(part, config, path, problems)
    if len(problems) > before:
        return None
    try:
        return part(**values)
    except FieldRefused as refused:
        problems.append(Problem((*path, refused.field), str(refused)))
        return None


def _values(part: type[Any], config: Mapping[str, Any], path: Path, problems: list[Problem]) -> dict[str, Any]:
    """Every field that can be read; the others are problems."""
    specs = {spec.name: spec for spec in fields_of(part)}
    unknown = [str(name) for name in config if name not in specs]
    allowed = list(specs) or [gettext("nothing")]
    problems += [Problem((*path, name), one_of(allowed, name)) for name in unknown]
    values = {}
    for name, spec in specs.items():
        if name in config:
            try:
                if spec.family is not None:
                    values[name] = read_parts(spec.family, config[name], (*path, name), problems)
                    continue
                values[name] = read_value(spec, config[name])
            except ValueRefused as refused:
                problems.append(Problem((*path, name), str(refused)))
        elif spec.required:
            problems.append(Problem((*path, name), gettext("this is missing")))
    return values


def read_parts(family: Registry[type[T]], given: Any, path: Path, problems: list[Problem]) -> tuple[T, ...]:
    """The parts of a list, those that can be read; everything wrong with the others is a problem."""
    if not isinstance(given, list) or len(given) > MOST:
        problems.append(Problem(path, gettext("expected a list of at most %s") % MOST))
        return ()
    found = [read_part(family, plain, (*path, place), problems) for place, plain in enumerate(given)]
    return tuple(part for part in found if part is not None)


def read_value(spec: FieldSpec, given: Any) -> Any:
    """One value, strictly of the field's type. Raises ValueRefused naming what is allowed."""
    if given is None and spec.optional:
        return None
    if spec.many:
        if not isinstance(given, list):
            given = [given]
        if len(given) > MOST:
            raise ValueRefused(gettext("expected a list of at most %s") % MOST)
        return tuple(read_value(dataclasses.replace(spec, many=False, optional=False), one) for one in given)
    if spec.choices:
        if isinstance(given, str) and given in spec.choices:
            return given
        raise ValueRefused(one_of(spec.choices, given))
    return _READERS[spec.type](spec, given)


def _bool(_spec: FieldSpec, given: Any) -> bool:
    if isinstance(given, bool):
        return given
    raise ValueRefused(one_of(("true", "false"), given))


def _int(spec: FieldSpec, given: Any) -> int:
    low, high = spec.metadata.get("min_value"), spec.metadata.get("max_value")
    fits = isinstance(given, int) and not isinstance(given, bool)
    if fits and (low is None or given >= low) and (high is None or given <= high):
        return int(given)
    span = "" if low is None and high is None else f" ({low} – {high})"
    raise ValueRefused(gettext("expected a whole number%(span)s; got “%(got)s”") % {"span": span, "got": shown(given)})


def _text(spec: FieldSpec, given: Any) -> str:
    limit = spec.metadata.get("max_length", 200)
    if isinstance(given, str) and given.isprintable() and 0 < len(given) <= limit:
        return given
    expected = gettext("expected a text of at most %(limit)s characters on one line; got “%(got)s”")
    raise ValueRefused(expected % {"limit": limit, "got": shown(given)})


def read_decimal(given: Any) -> Decimal:
    """A plain decimal number. Raises ValueRefused."""
    try:
        if isinstance(given, int | str) and not isinstance(given, bool):
            number = Decimal(given)
            if number.is_finite() and abs(number) < 10**13:
                return number
    except InvalidOperation:
        pass
    raise ValueRefused(gettext("expected a number; got “%(got)s”") % {"got": shown(given)})


def read_duration(given: Any) -> Duration:
    """A length of time in the owner's words. Raises ValueRefused."""
    if not isinstance(given, str):
        raise ValueRefused(
            gettext("expected %(accepted)s; got “%(got)s”") % {"accepted": ACCEPTED, "got": shown(given)}
        )
    try:
        return parse_duration(given)
    except DurationRefused as refused:
        raise ValueRefused(str(refused)) from None


def _date(_spec: FieldSpec, given: Any) -> date:
    try:
        return date.fromisoformat(given) if len(given) == 10 else _no_date(given)
    except (TypeError, ValueError):
        return _no_date(given)


def _no_date(given: Any) -> date:
    raise ValueRefused(gettext("expected a date such as 2026-12-31; got “%s”") % shown(given))


def _time(_spec: FieldSpec, given: Any) -> time:
    if isinstance(given, str) and _CLOCK.fullmatch(given):
        return time.fromisoformat(given)
    raise ValueRefused(gettext("expected a time of day such as 09:00; got “%s”") % shown(given))


_READERS: dict[Any, Any] = {
    date: _date,
    time: _time,
    bool: _bool,
    int: _int,
    str: _text,
    Decimal: lambda _spec, given: read_decimal(given),
    Duration: lambda _spec, given: read_duration(given),
}


def plain_part(part: Any) -> Any:
    """A part in the shortest words that `read_part` reads back as the same part."""
    config = plain_config(part)
    short: str = getattr(part, "short", "")
    if not config:
        return part.kind
    return {part.kind: config[short] if set(config) == {short} else config}


def plain_config(part: Any) -> dict[str, Any]:
    """The fields that differ from what stands there by itself."""
    return {
        field.name: plain_value(getattr(part, field.name))
        for field in dataclasses.fields(part)
        if field.default is dataclasses.MISSING or getattr(part, field.name) != field.default
    }


def plain_value(value: Any) -> Any:
    """A value as JSON and YAML hold it."""
    match value:
        case tuple():
            return [plain_part(one) if hasattr(one, "kind") else plain_value(one) for one in value]
        case time():
            return f"{value:%H:%M}"
        case Duration() | date():
            return str(value)
        case Decimal():
            return int(value) if value == value.to_integral_value() else str(value)
        case _:
            return value
