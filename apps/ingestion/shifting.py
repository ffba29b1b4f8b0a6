"""Moving recorded deliveries in time: all by one amount, so that what lay between them stays.

Bodies are signed bytes, so they are not read and written anew: each time is replaced in its own place, in its
own form, with its own offset and precision. The shift is in whole seconds for the same reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

# Strings of JSON one after the other; a key is a string before a colon.
_STRING: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"(\s*:)?')
_TIME: Final = re.compile(rb"(\d{4}-\d{2}-\d{2})([T ])(\d{2}:\d{2}:\d{2})(\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})?(?: UTC)?\Z")
_EPOCH: Final = re.compile(r"\d{9,11}\Z", re.ASCII)
EPOCH_HEADERS: Final = frozenset({"x-rcv-timestamp"})

# Times at which something had happened when the delivery left; others (an expiry, a sale's end) may lie ahead.
_HAPPENED: Final = re.compile(
    rb"date_(created|modified|completed|paid)_gmt|at|created"
    rb"|(created|updated|completed|processed|cancelled|closed|consent_updated|published|happened|triggered)_at"
)
_ZONED_HEADER: Final = "x-shopify-triggered-at"


@dataclass(frozen=True, slots=True)
class _Found:
    """A time within a body: where it stands, under which key, and the moment when it tells one."""

    start: int
    end: int
    key: bytes
    text: bytes

    @property
    def moment(self) -> datetime | None:
        """None for local times, which say neither offset nor zone."""
        return _moment(self.text, utc=self.key.endswith(b"_gmt"))


def newest(headers: Mapping[str, str], body: bytes) -> datetime | None:
    """The latest moment this delivery knows of as past."""
    moments = [found.moment for found in _times(body) if _HAPPENED.fullmatch(found.key)]
    for name, value in headers.items():
        if name.lower() in EPOCH_HEADERS and _EPOCH.match(value.strip()):
            moments.append(datetime.fromtimestamp(int(value), UTC))
        elif name.lower() == _ZONED_HEADER:
            moments.append(_moment(value.strip().encode("latin-1", "replace"), utc=True))
    return max((moment for moment in moments if moment), default=None)


def shift_body(body: bytes, by: timedelta) -> bytes:
    """The same bytes with every time moved by whole seconds."""
    pieces, done = [], 0
    for found in _times(body):
        pieces += [body[done : found.start], _moved(found.text, by)]
        done = found.end
    return b"".join([*pieces, body[done:]])


def shift_headers(headers: Mapping[str, str], by: timedelta) -> dict[str, str]:
    """The same headers with every time moved by whole seconds."""
    return {name: _moved_header(name.lower(), value, by) for name, value in headers.items()}


def _moved_header(name: str, value: str, by: timedelta) -> str:
    if name in EPOCH_HEADERS and _EPOCH.match(value.strip()):
        return str(int(value) + int(by.total_seconds()))
    text = value.strip().encode("latin-1", "replace")
    return _moved(text, by).decode("latin-1") if _TIME.match(text) else value


def _times(body: bytes) -> Iterator[_Found]:
    key = b""
    for match in _STRING.finditer(body):
        if match[2] is not None:
            key = match[1]
        elif _TIME.match(match[1]) and _moment(match[1], utc=True):
            yield _Found(match.start(1), match.end(1), key, match[1])


def _moved(text: bytes, by: timedelta) -> bytes:
    parts = _TIME.match(text)
    if parts is None:
        return text
    wall = datetime.fromisoformat(f"{parts[1].decode()}T{parts[3].decode()}")
    try:
        there = wall + timedelta(seconds=int(by.total_seconds()))
    except OverflowError:
        return text
    date, clock = there.strftime("%Y-%m-%d"), there.strftime("%H:%M:%S")
    # strftime leaves out leading zeroes of early years on some systems.
    return f"{date:0>10}".encode() + parts[2] + clock.encode() + text[parts.end(3) :]


def _moment(text: bytes, *, utc: bool) -> datetime | None:
    parts = _TIME.match(text)
    if parts is None:
        return None
    zone = (parts[5] or b"").decode().replace("Z", "+00:00")
    if not zone and not utc:
        return None
    fraction = (parts[4] or b"").decode()[:7]
    try:
        moment = datetime.fromisoformat(f"{parts[1].decode()}T{parts[3].decode()}{fraction}{zone or '+00:00'}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
