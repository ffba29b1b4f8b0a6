"""What a platform must be able to do. Adding one is adding a folder beside this file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from apps.core.registry import Registry
from apps.stores.errors import Unreadable
from apps.stores.platforms.calling import (
    Access,
    CodeAnswer,
    CodeMade,
    CodePending,
    CodeRefused,
    CodeWanted,
    ConsentToTell,
    Door,
    Finding,
    LookedFor,
    Noun,
    Page,
    Report,
    Way,
)
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
    pay_url: str = ""
    """Where the unpaid order that this basket became can be paid (OrderSeen.pay_url), '' for others."""
    unpaid_since: datetime | None = None
    """When that order was made."""
    at: datetime | None = None
    """When the link is written."""


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
    """One shop system: what it tells, and what it can be asked.

    Whatever is asked raises ShopTrouble and nothing else, writes nothing of ours, and never shows a key.
    """

    kind: str
    label: str
    ways: tuple[Way, ...]
    """The ways to connect, the best first; empty for a platform that only tells."""
    can: frozenset[str]
    """Of NOUNS what it can be asked for, and: look, hooks, codes, credit, consent."""
    credit_on_account: bool
    """Credit is put on the person's account there, with no code to type; else it is a code like any other."""

    # --- what it tells ---

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

    # --- what it can be asked ---

    def webhook_secret(self, credentials: Mapping[str, str]) -> str:
        """With what this shop signs its webhooks, where the keys already say so; '' where we choose."""
        ...

    def install(self, access: Access, door: Door, at: datetime) -> Report:
        """Try the keys, make what is missing of our webhooks, and say what the shop is. Twice changes nothing."""
        ...

    def audit(self, access: Access, door: Door, at: datetime) -> Report:
        """Are our webhooks there and healthy (what is not is mended), does the shop mail people by itself?"""
        ...

    def fetch(self, access: Access, shop: ShopFacts, what: Noun, *, since: datetime | None, cursor: str) -> Page:
        """What changed since a moment of the shop's clock, a page at a time, oldest change first where it can."""
        ...

    def backfill(self, access: Access, shop: ShopFacts, what: Noun, *, since: datetime | None, cursor: str) -> Page:
        """Years of it, gently, in the way this platform has for that."""
        ...

    def one(self, access: Access, shop: ShopFacts, what: Noun, external_id: str) -> list[Snapshot]:
        """One order, basket, product or customer as it is now; nothing when it is not there."""
        ...

    def look(self, access: Access, shop: ShopFacts, baskets: Sequence[LookedFor], *, since: datetime) -> list[Snapshot]:
        """Orders that may have come of these baskets, as of now: the last look before a mail."""
        ...

    def issue(self, access: Access, wanted: Sequence[CodeWanted]) -> list[CodeAnswer]:
        """Make codes, one answer each, in order. What the shop made otherwise than asked is taken back."""
        ...

    def confirm(self, access: Access, pending: Sequence[CodePending]) -> list[CodeAnswer]:
        """Ask on for codes the shop was still making."""
        ...

    def withdraw(self, access: Access, made: Sequence[CodeMade]) -> list[CodeRefused]:
        """Delete codes. Answers those that would not go; one that was not there is gone."""
        ...

    def binds_address(self, shop: ShopLinks) -> bool:
        """Whether a code bound to an address works behind this shop's restore link; else make it without one."""
        ...

    def tell(self, access: Access, consents: Sequence[ConsentToTell]) -> list[Finding]:
        """Let the shop know what people told us about marketing mail. Answers those it refused."""
        ...


platforms: Registry[Platform] = Registry("platform")
