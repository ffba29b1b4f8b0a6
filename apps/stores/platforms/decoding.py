"""From a body's bytes to a typed payload, tolerantly.

The common case is one typed msgspec decode. A body that does not fit its type (a number where text
is usual,
PHP's `[]` for an empty object, a null) is read again field by field, and only what does not fit is
dropped.
What remains refused is hostile or broken as a whole, and says which by its code.
"""

from __future__ import annotations

import json
import re
import types
import typing
from collections.abc import Callable, Hashable
from datetime import datetime
from functools import cache
from typing import Any, NoReturn, TypeVar

import msgspec

from apps.stores.errors import Unreadable

T = TypeVar("T")

# A backslash that is itself escaped makes `\\u0000` six harmless characters.
_NUL_ESCAPE = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_TRUE = frozenset({"1", "true", "yes", "on", "y"})
_FALSE = frozenset({"0", "false", "no", "off", "n", ""})


class _DroppedError(Exception):
    """This value has no reading as the wanted type."""


class _NotFiniteError(Exception):
    """A bare NaN or Infinity, which is no JSON."""


def read(body: bytes, wanted: type[T]) -> T:
    """The payload, or Unreadable. Fields that do not fit take their defaults."""
    guard(body)
    return decode(body, wanted)


def guard(body: bytes) -> None:
    """Refuse bytes that no field may hold: broken UTF-8 (also where nobody looks) and NUL, which
    PostgreSQL cannot.
    """
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError:
            raise Unreadable("not_utf8") from None
    if b"\0" in body:
        # UTF-16 of ASCII text has a NUL beside every character.
        raise Unreadable("not_utf8" if b"\0" in body[:2] else "nul")
    if b"\\u0000" in body and _NUL_ESCAPE.search(body):
        raise Unreadable("nul")


def decode(body: bytes, wanted: type[T]) -> T:
    """`read` for a body that has passed `guard`."""
    try:
        decoded: T = _decoder(typing.cast("Hashable", wanted)).decode(body)
    except msgspec.ValidationError:
        return _leniently(body, wanted)
    except RecursionError:
        # msgspec counts depth in skipped values too: a million brackets in a field we ignore end
        # here.
        raise Unreadable("too_deep") from None
    except ValueError:
        _refuse(body)
    return decoded


@cache
def _decoder(wanted: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(wanted)


def _leniently(body: bytes, wanted: type[T]) -> T:
    try:
        value = msgspec.json.decode(body)
    except msgspec.ValidationError:
        # The one thing an untyped decode finds invalid: a number too large for any type.
        raise Unreadable("nan", "a number out of range") from None
    except RecursionError:
        raise Unreadable("too_deep") from None
    except ValueError:
        _refuse(body)
    if not isinstance(value, dict):
        raise Unreadable("not_an_object", f"expected an object, got {type(value).__name__}")
    return typing.cast("T", _bend(value, wanted))


def _refuse(body: bytes) -> NoReturn:
    """Name what is wrong with a body that is no JSON; Python's reader tells the kinds apart."""
    try:
        json.loads(body.decode(), parse_constant=_not_finite)
    except _NotFiniteError:
        raise Unreadable("nan") from None
    except (ValueError, RecursionError):
        raise Unreadable("not_json") from None
    raise Unreadable("lone_surrogate")


def _not_finite(word: str) -> NoReturn:
    raise _NotFiniteError(word)


def _fit(value: Any, wanted: Any) -> Any:
    try:
        return msgspec.convert(value, wanted)
    except (msgspec.ValidationError, ValueError):
        return _bend(value, wanted)


def _bend(value: Any, wanted: Any) -> Any:
    """The nearest reading of `value` as `wanted`; raises _DroppedError when there is none."""
    origin = typing.get_origin(wanted)
    if origin in (types.UnionType, typing.Union):
        return _bend_to_one_of(value, typing.get_args(wanted))
    if origin is list:
        return _bend_list(value, typing.get_args(wanted)[0])
    if isinstance(wanted, type) and issubclass(wanted, msgspec.Struct):
        return _bend_struct(value, wanted)
    bend = _BENDERS.get(wanted)
    if bend is None:
        raise _DroppedError
    return bend(value)


def _bend_to_one_of(value: Any, members: tuple[Any, ...]) -> Any:
    for member in members:
        if member is str and int in members:
            # An id: what is neither number nor text has no reading, a float has lost digits.
            continue
        try:
            return _bend(value, member)
        except _DroppedError:
            continue
    raise _DroppedError


def _bend_list(value: Any, item: Any) -> list[Any]:
    # PHP writes a list with gaps as an object {"0": …, "2": …}.
    values = value.values() if isinstance(value, dict) else value
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise _DroppedError
    kept = []
    for one in values:
        try:
            kept.append(_fit(one, item))
        except _DroppedError:
            continue
    return kept


def _bend_struct(value: Any, wanted: type[msgspec.Struct]) -> msgspec.Struct:
    if not isinstance(value, dict):
        raise _DroppedError
    fields: dict[str, Any] = {}
    for name, kind in _fields(wanted):
        if name in value:
            try:
                fields[name] = _fit(value[name], kind)
            except _DroppedError:
                continue
    return wanted(**fields)


@cache
def _fields(wanted: type[msgspec.Struct]) -> tuple[tuple[str, Any], ...]:
    return tuple((field.name, field.type) for field in msgspec.structs.fields(wanted))


def _bend_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _DroppedError
    return str(value)


def _bend_bool(value: Any) -> bool:
    word = str(value).lower() if isinstance(value, (str, int)) else None
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise _DroppedError


def _bend_int(value: Any) -> int:
    if isinstance(value, str) and len(value) < 19 and value.strip().lstrip("-").isdecimal():
        return int(value)
    raise _DroppedError


def _bend_time(value: Any) -> datetime:
    """Dates without a time, and forms that RFC 3339 does not know."""
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _DroppedError from None


_BENDERS: dict[Any, Callable[[Any], Any]] = {
    str: _bend_text,
    bool: _bend_bool,
    int: _bend_int,
    datetime: _bend_time,
    msgspec.Raw: lambda value: msgspec.Raw(msgspec.json.encode(value)),
}
