"""What goes to a transport and what comes back, in words that every transport shares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec


class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """One finished mail. `wire` for servers that take bytes, the rest for providers that take fields."""

    message_id: int
    uid: str
    sender: str
    """The envelope's: a bare address."""
    to: str
    wire: bytes
    subject: str = ""
    html: str = ""
    text: str = ""
    from_header: str = ""
    reply_to: str = ""
    headers: Mapping[str, str] = {}


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The other side took it over."""

    response: str = ""
    provider_id: str = ""


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """A definite no about this mail. `dead_address`: the person's address does not exist."""

    response: str
    dead_address: bool = False


class Later(msgspec.Struct, frozen=True, kw_only=True):
    """A definite "not now" about this mail: nothing left."""

    response: str


class Down(msgspec.Struct, frozen=True, kw_only=True):
    """The connection itself does not work: nothing left, and the next mail would fare no better."""

    response: str


class Unknown(msgspec.Struct, frozen=True, kw_only=True):
    """It may have been taken over and it may not: never sent again by itself."""

    response: str


Outcome = Accepted | Rejected | Later | Down | Unknown


class Transport(Protocol):
    """One way out. `capabilities` lists what the other side changes, for the promise about sending twice."""

    capabilities: frozenset[str]

    def deliver(self, parcel: Parcel) -> Outcome:
        """Hand over one mail. Never raises for what the other side does."""
        ...

    def close(self) -> None:
        """Let go of the connection, if any."""
        ...


class MisconfiguredTransport(ValueError):
    """The URL cannot become a transport; the message names what is accepted, never the URL's secrets."""


@dataclass(frozen=True, slots=True)
class Url:
    """A mail connection as it is written in a setting."""

    scheme: str
    host: str
    port: int | None
    username: str
    password: str = field(repr=False)
    options: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    @classmethod
    def parse(cls, text: str) -> Url:
        parts = urlsplit(text)
        try:
            port = parts.port
        except ValueError:
            raise MisconfiguredTransport("the port is not a number; example: smtp://user:pass@host:587") from None
        return cls(
            scheme=parts.scheme.lower(),
            host=parts.hostname or "",
            port=port,
            username=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            options=tuple(parse_qsl(parts.query)),
        )
