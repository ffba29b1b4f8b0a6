"""What a shop answered, and how to read it: also behind the noise that shops make first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

import msgspec

from apps.stores.errors import AnswerUnreadable
from apps.stores.troubles import Trouble


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: header names in lower case, the whole body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    host: str

    def json(self) -> Any:
        """The body as JSON, also behind a byte-order mark or the notices PHP prints first. Raises AnswerUnreadable."""
        return self._decoded(Any)

    def items(self) -> list[bytes]:
        """The things of a list, each as the JSON it came in. Raises AnswerUnreadable, also when it is no list."""
        return [bytes(one) for one in self._decoded(list[msgspec.Raw])]

    def _decoded(self, wanted: Any) -> Any:
        for text in _readings(self.body):
            try:
                msgspec.json.decode(text, type=msgspec.Raw)
                return msgspec.json.decode(text, type=wanted)
            except msgspec.ValidationError:
                # JSON, but not of this shape: looking further would find a piece of it.
                raise AnswerUnreadable(
                    Trouble.UNEXPECTED_ANSWER, host=self.host, status=str(self.status), detail="another shape"
                ) from None
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
        raise AnswerUnreadable(self._why_not_json(), host=self.host, status=str(self.status))

    def _why_not_json(self) -> Trouble:
        start = self.body.lstrip()[:1]
        return Trouble.CUT_OFF if start in (b"{", b"[") else Trouble.NOT_JSON

    @property
    def told_at(self) -> datetime | None:
        """The shop's own clock (RFC 9110 Date)."""
        try:
            moment = parsedate_to_datetime(self.headers.get("date", ""))
        except (TypeError, ValueError):
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_MAY_BEGIN: Final = re.compile(rb"(?<=[\n\r>])\s*(?=[{\[])")
_MOST_READINGS: Final = 20


def _readings(body: bytes) -> Iterator[bytes]:
    """The body, then what stands behind the notices that PHP prints before the JSON (woocommerce.md 2.1)."""
    text = body.removeprefix(b"\xef\xbb\xbf").strip()
    yield text
    if text[:1] not in (b"{", b"["):
        # "Notice: Undefined index … on line 12", and whatever it prints in brackets itself.
        for found, _ in zip(_MAY_BEGIN.finditer(text), range(_MOST_READINGS), strict=False):
            yield text[found.end() :]
