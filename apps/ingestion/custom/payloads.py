"""What another app posts. The OpenAPI document is made from these very classes (`schema.py`).

Ours is the format, so it is read strictly: a field we do not know, a name that could not stand in a mail, a text
longer than we keep are refused with their place. Nothing in it is believed: texts are cleaned where they are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from apps.stores.errors import Unreadable
from apps.stores.platforms.cleaning import email as usable
from apps.stores.platforms.decoding import guard

LARGEST: Final = 256 * 1024
"""Bytes of one post: a hundred events of ordinary size."""
MOST_EVENTS: Final = 100
MOST_PROPERTIES: Final = 50
MOST_TAGS: Final = 20
AHEAD: Final = timedelta(minutes=10)
"""How far another clock may run ahead of ours."""
BEHIND: Final = timedelta(days=396)
"""Older than the 13 months we keep."""
LARGEST_NUMBER: Final = 10**15
PROPERTIES: Final = "customer.properties"
"""Not something that happened, but what is true of somebody now."""

NAME: Final = r"^[a-z][a-z0-9_]{0,39}$"
KIND: Final = r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)*$"

Name = Annotated[str, Meta(pattern=NAME)]
Value = Annotated[str, Meta(max_length=500)] | bool | int | float | None
Tag = Annotated[str, Meta(min_length=1, max_length=40)]
Id = Annotated[str, Meta(min_length=1, max_length=100)]


class Told(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something that happened to somebody. Who: an `email`, a `customer_id`, or an `order` of theirs."""

    kind: Annotated[
        str,
        Meta(
            pattern=KIND,
            max_length=60,
            description="What happened, in words with dots: ticket.closed. Or customer.properties: what is true now.",
        ),
    ]
    time: Annotated[datetime, Meta(tz=True, description="When it happened, RFC 3339 with an offset.")] | None = None
    """Unsaid: when it reached us."""
    email: Annotated[str, Meta(max_length=254)] | None = None
    customer_id: Annotated[str, Meta(min_length=1, max_length=100, description="The shop's own id.")] | None = None
    order: (
        Annotated[str, Meta(min_length=1, max_length=60, description="The shop's order: its id or number.")] | None
    ) = None
    properties: Annotated[dict[Name, Value], Meta(max_length=MOST_PROPERTIES)] = {}
    id: Annotated[str, Meta(min_length=1, max_length=100, description="Yours; the same id is taken once.")] | None = (
        None
    )
    tags: Annotated[list[Tag], Meta(max_length=MOST_TAGS, description="With customer.properties only.")] | None = None
    birthday: (
        Annotated[str, Meta(pattern=r"^\d\d-\d\d$", description="MM-DD, with customer.properties only.")] | None
    ) = None


class Batch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Several at once; all are taken or none."""

    events: Annotated[list[Told], Meta(min_length=1, max_length=MOST_EVENTS)]


class Wrong(ValueError):
    """The post is refused: which field, and what was expected. Never what it held."""

    def __init__(self, code: str, detail: str, field: str = "") -> None:
        super().__init__(detail)
        self.code, self.detail, self.field = code, detail, field


_BATCH: Final = re.compile(rb'^\s*\{\s*"events"\s*:')
_FIELD: Final = re.compile(r"field `(\w{1,60})`")


@cache
def _decoder(wanted: type[msgspec.Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(wanted)


def read(body: bytes, at: datetime) -> list[Told]:
    """The events of one post, each known to be whole. Raises Wrong."""
    many = _BATCH.match(body) is not None
    found = _decode(body, Batch if many else Told)
    events = found.events if many else [found]
    for number, told in enumerate(events):
        _check(told, f"events[{number}]." if many else "", at)
    return events


def _decode(body: bytes, wanted: type[msgspec.Struct]) -> Any:
    try:
        guard(body)
        return _decoder(wanted).decode(body)
    except Unreadable as refused:
        raise Wrong(refused.code, "expected JSON in UTF-8, without NUL") from None
    except msgspec.ValidationError as wrong:
        raise _placed(str(wrong)) from None
    except RecursionError:
        raise Wrong("too_deep", "expected an event, not a nest") from None
    except ValueError:
        raise Wrong("not_json", "expected JSON") from None


def _placed(said: str) -> Wrong:
    """What msgspec says, with the place as a field of its own; a value is never repeated."""
    what, _, place = said.partition(" - at ")
    path = place.removeprefix("`key` in ").strip("`").lstrip("$").lstrip(".")
    named = _FIELD.search(what)
    if named and ("missing" in what or "unknown" in what):
        path = f"{path}.{named[1]}".lstrip(".")
    return Wrong("wrong_shape", what[:1].lower() + what[1:], path.removesuffix("[...]"))


def _check(told: Told, place: str, at: datetime) -> None:
    """What no type can say. Raises Wrong."""
    for code, detail, field in (*_of_whom(told), *_of_when(told, at), *_of_what(told)):
        raise Wrong(code, detail, f"{place}{field}")


_Said = Iterator[tuple[str, str, str]]


def _of_whom(told: Told) -> _Said:
    if not (told.email or told.customer_id or told.order):
        yield "nobody", "expected an email, a customer_id or an order", "email"
    if told.email is not None and usable(told.email) is None:
        yield "unusable_address", "expected an e-mail address", "email"


def _of_when(told: Told, at: datetime) -> _Said:
    if told.time is not None and told.time > at + AHEAD:
        yield "in_the_future", "expected a time that is not ahead of now", "time"
    if told.time is not None and told.time < at - BEHIND:
        yield "too_old", "expected a time within the last 13 months", "time"


def _of_what(told: Told) -> _Said:
    for field in ("tags", "birthday"):
        if getattr(told, field) is not None and told.kind != PROPERTIES:
            yield "not_here", f"expected {field} only with the kind {PROPERTIES}", field
    if told.birthday is not None and not _is_day(told.birthday):
        yield "no_such_day", "expected a day of the year as MM-DD", "birthday"
    for name, value in told.properties.items():
        if isinstance(value, (int, float)) and not abs(value) < LARGEST_NUMBER:
            yield "out_of_range", "expected a smaller number", f"properties.{name}"


def _is_day(text: str) -> bool:
    month, day = int(text[:2]), int(text[3:])
    return 1 <= month <= 12 and 1 <= day <= (29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31)
