"""Recorded deliveries as files: `*.http.json` with one request each, or a `DELIVERIES.json` with bodies beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from apps.ingestion.shifting import newest, shift_body, shift_headers

T = TypeVar("T")

LIST: Final = "DELIVERIES.json"
ONE: Final = ".http.json"
_TOPICS: Final = ("x-wc-webhook-topic", "x-shopify-topic")
# What tells no time (a deletion) is about something that was there before.
_LATEST: Final = datetime.max.replace(tzinfo=UTC)


class RecordingRefused(ValueError):
    """A file that holds no delivery; the message says what was expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One delivery as it was once sent."""

    name: str
    headers: Mapping[str, str]
    body: bytes
    secret: str = field(default="", repr=False)

    @property
    def topic(self) -> str:
        """'' for a ping, which has none."""
        lower = {name.lower(): value for name, value in self.headers.items()}
        return next((lower[name] for name in _TOPICS if name in lower), "")

    @property
    def at(self) -> datetime | None:
        """When it was sent, as far as it tells."""
        return newest(self.headers, self.body)

    def moved(self, by: timedelta) -> Recording:
        """The same delivery at another time."""
        return replace(self, headers=shift_headers(self.headers, by), body=shift_body(self.body, by))


class _Request(msgspec.Struct):
    headers: dict[str, str]
    body: str
    secret: str | None = None
    effective_secret: str | None = None


class _Arrival(msgspec.Struct):
    file: str
    headers: dict[str, str]


class _Arrivals(msgspec.Struct):
    arrival_order: list[_Arrival]


def read_all(paths: Iterable[Path]) -> list[Recording]:
    """All deliveries of these files and folders, in arrival order. Raises RecordingRefused."""
    return [recording for path in paths for recording in _read(path)]


def shifted_to(recordings: list[Recording], now: datetime) -> list[Recording]:
    """All moved by one amount, so that the newest time among them is `now`."""
    latest = max((moment for one in recordings if (moment := one.at)), default=None)
    if latest is None:
        return recordings
    by = timedelta(seconds=int((now - latest).total_seconds()))
    return [one.moved(by) for one in recordings]


def _read(path: Path) -> Iterator[Recording]:
    if path.is_dir():
        yield from _folder(path)
    elif path.name == LIST:
        yield from _list(path)
    elif path.name.endswith(ONE):
        yield _one(path)
    else:
        raise RecordingRefused(f"{path}: expected a folder, a *{ONE} or a {LIST}")


def _folder(folder: Path) -> Iterator[Recording]:
    """The lists in it by name, then its single requests in the order in which they were sent."""
    lists = sorted(folder.rglob(LIST))
    singles = sorted(map(_one, sorted(folder.rglob(f"*{ONE}"))), key=lambda one: one.at or _LATEST)
    if not lists and not singles:
        raise RecordingRefused(f"{folder}: there is no *{ONE} and no {LIST} in it")
    for path in lists:
        yield from _list(path)
    yield from singles


def _one(path: Path) -> Recording:
    request = _decode(path, _Request)
    return Recording(
        name=path.name,
        headers=request.headers,
        body=request.body.encode(),
        secret=request.effective_secret or request.secret or "",
    )


def _list(path: Path) -> Iterator[Recording]:
    for arrival in _decode(path, _Arrivals).arrival_order:
        yield Recording(
            name=f"{path.parent.name}/{arrival.file}",
            headers=arrival.headers,
            body=_bytes(path.parent / Path(arrival.file).name),
        )


def _decode(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(_bytes(path), type=kind)
    except msgspec.DecodeError as error:
        raise RecordingRefused(f"{path}: expected a recorded delivery; {error}") from None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise RecordingRefused(f"{path}: {error.strerror or error}") from None
