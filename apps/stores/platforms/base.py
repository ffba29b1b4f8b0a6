"""What a platform must be able to do. Adding one is adding a folder beside this file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from apps.core.registry import Registry
from apps.stores.errors import Unreadable
from apps.stores.snapshots import Line, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A webhook as it came in: header names in lower case, the body's exact bytes."""

    headers: Mapping[str, str]
    body: bytes
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyring:
    """What the door knows of a store: enough to check a signature without a second query.

    `secrets` are the active ones, newest first. `signature_version` is the companion's highest seen.
    """

    store_id: int
    secrets: tuple[str, ...]
    shop_domain: str = ""
    signature_version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A delivery the platform vouches for. `store` False: answer 200, keep nothing (a ping)."""

    topic: str
    dedupe_key: str
    store: bool = True
    external_id: str = ""
    triggered_at: datetime | None = None
    version: str = ""
    test: bool = False
    signature_version: int = 1
    headers: Mapping[str, str] | None = None
    """Only what is worth keeping (api version, user agent, event id…); never a signature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A stored delivery on its way to becoming snapshots."""

    topic: str
    body: bytes
    received_at: datetime
    triggered_at: datetime | None = None
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopFacts:
    """What translation needs to know of the store."""

    currency: str
    language: str
    country: str
    url: str
    shop_domain: str = ""
    order_statuses: Mapping[str, str] | None = None
    """The owner's own map: platform status → Stage."""
    consent_meta: Mapping[str, str] | None = None
    """Order meta key → source name, for other plugins' boxes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """What a restore link needs of a basket."""

    keys: tuple[tuple[str, str], ...]
    lines: Sequence[Line]
    recovery_url: str
    message_ref: str
    """Our own reference, carried back by the shop with the order."""
    expires_at: datetime
    code: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopLinks:
    """What the store can restore with."""

    url: str
    shop_domain: str = ""
    secret: str = ""
    companion: bool = False
    """A companion batch was once accepted."""
    version: tuple[int, ...] = ()
    """The shop software's version, as its deliveries said."""
    hosts: frozenset[str] = frozenset()
    """Hosts a link may lead to."""


class Platform(Protocol):
    """One shop system."""

    kind: str
    label: str

    def authenticate(self, request: Request, ring: Keyring) -> Admitted:
        """Check the signature on the raw bytes and name the delivery.

        Reads nothing but its arguments, parses nothing. Raises SignatureRefused.
        """
        ...

    def translate(self, envelope: Envelope, shop: ShopFacts) -> list[Snapshot]:
        """What this payload says, as snapshots. Raises Unreadable or Ignored; nothing else may escape."""
        ...

    def translate_parts(self, envelope: Envelope, shop: ShopFacts) -> tuple[list[Snapshot], list[Unreadable]]:
        """The same, with the bad events of a batch apart, so that they take no good one along."""
        ...

    def restore(self, basket: Basket, shop: ShopLinks) -> str:
        """A public https link that rebuilds this basket in anybody's browser and logs nobody in."""
        ...

    def sign(self, topic: str, body: bytes, secret: str, at: datetime, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers with which the platform itself would send this body (for replay and the simulated shop)."""
        ...


platforms: Registry[Platform] = Registry("platform")

Translate = Callable[[Envelope, ShopFacts], list[Snapshot]]
