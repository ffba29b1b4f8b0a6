"""What we ask of a shop, and what it answers: the words both sides of the contract use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, Protocol

from apps.stores.errors import NotOffered
from apps.stores.snapshots import Keys, Snapshot
from apps.stores.troubles import Trouble

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from apps.stores.platforms.base import ShopFacts, ShopLinks

Noun = Literal["orders", "customers", "products", "reviews", "baskets"]
NOUNS: tuple[Noun, ...] = ("orders", "customers", "products", "reviews", "baskets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A key that the platform lends for a while."""

    value: str = field(repr=False)
    expires_at: datetime | None
    scopes: tuple[str, ...] = ()
    refresh: str = field(default="", repr=False)
    """What the next one is asked with, where the platform gives that along."""


class TokenKeeper(Protocol):
    """Where a lent key is kept between calls and processes."""

    def current(self) -> Token | None: ...

    def renew(self, make: Callable[[], Token], *, instead_of: Token | None) -> Token:
        """One process makes the new one, others wait for it; no transaction is open meanwhile."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What it takes to call one shop. Nothing of it is ever printed or logged."""

    store_id: int
    url: str
    shop_domain: str = ""
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The names are those of the platform's `ways`."""
    loopback: bool = False
    """Whether this very machine may be called, over plain http too: development and tests only."""
    tokens: TokenKeeper | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """One thing the owner types to connect a shop."""

    name: str
    label: StrPromise
    help: StrPromise
    secret: bool = True
    pattern: str = r"\S{1,300}"
    example: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to connect: by pasted keys, by an app's client id and secret…"""

    name: str
    label: StrPromise
    credentials: tuple[Credential, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where the shop's webhooks are to go, and with which secret they are signed."""

    url: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something found wrong in a shop, with the values its sentence needs. `mended`: we put it right."""

    trouble: Trouble
    values: Mapping[str, str] = field(default_factory=dict)
    mended: bool = False
    blocks: bool = False
    """Nothing works until the owner acts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hook:
    """One webhook of ours in the shop."""

    topic: str
    external_id: str
    healthy: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What installing or auditing found: the shop about itself, our webhooks in it, and what is wrong."""

    name: str = ""
    currency: str = ""
    time_zone: str = ""
    country: str = ""
    language: str = ""
    version: str = ""
    external_id: str = ""
    shop_domain: str = ""
    domains: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    companion: str = ""
    """The version of our plugin in the shop, '' when it is not there."""
    features: tuple[str, ...] = ()
    """What support asks about such a shop, in our own words: `hpos` is WooCommerce with orders in own tables."""
    hooks: tuple[Hook, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One answer full of things, as snapshots; `cursor` asks for the next, '' after the last.

    A process that dies goes on from the last cursor that was kept. `pause`: the shop is not ready (a bulk
    operation runs); ask with the same cursor after that long.
    """

    seen: tuple[Snapshot, ...] = ()
    cursor: str = ""
    total: int | None = None
    """Of all pages together, when the shop says it."""
    pause: timedelta | None = None
    asked_at: datetime | None = None
    """The shop's own clock when it was asked: the next `since`, less an overlap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedFor:
    """A basket about to be mailed: did its person buy after all?"""

    keys: Keys
    email: str
    account: str | None
    since: datetime


OfferKind = Literal["percent", "amount", "credit", "free_shipping", "gift"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeWanted:
    """One person's code as the shop is to make it. The shop enforces all that the mail states."""

    code: str
    kind: OfferKind
    value: Decimal
    """Percent 0-100, or an amount in `currency`; 0 for free shipping and gifts."""
    currency: str
    starts_at: datetime
    ends_at: datetime
    title: str
    email: str = ""
    account: str | None = None
    minimum: Decimal | None = None
    products: tuple[str, ...] = ()
    """Only for these; for a gift, the product given."""
    first_order_only: bool = False
    batch: str = ""
    """Codes of one batch may share a parent in the shop; they have the same conditions and end date."""
    parent: str = ""
    """The shop's id of that parent, when an earlier code of the batch said it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeMade:
    """The shop has it, exactly as asked: it may be mailed."""

    code: str
    external_id: str
    parent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePending:
    """The shop is still making it. `handle` asks on."""

    code: str
    handle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRefused:
    """There is no such code in the shop (any more)."""

    code: str
    trouble: Trouble
    detail: str = ""


CodeAnswer = CodeMade | CodePending | CodeRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentToTell:
    """What a person told us about marketing mail, for the shop to know as well."""

    account: str
    email: str
    state: Literal["granted", "denied", "pending"]
    at: datetime
    double_opt_in: bool = False


class Unasked:
    """A platform that only tells: the answers of one that cannot be asked. Others override what they can."""

    label = ""
    ways: tuple[Way, ...] = ()
    can: frozenset[str] = frozenset()
    credit_on_account = False

    def webhook_secret(self, credentials: Mapping[str, str]) -> str:  # noqa: ARG002
        return ""

    def install(self, access: Access, door: Door, at: datetime) -> Report:  # noqa: ARG002
        raise self._cannot("install")

    def audit(self, access: Access, door: Door, at: datetime) -> Report:  # noqa: ARG002
        raise self._cannot("audit")

    def fetch(self, access: Access, shop: ShopFacts, what: Noun, *, since: datetime | None, cursor: str) -> Page:  # noqa: ARG002
        raise self._cannot(what)

    def backfill(self, access: Access, shop: ShopFacts, what: Noun, *, since: datetime | None, cursor: str) -> Page:
        return self.fetch(access, shop, what, since=since, cursor=cursor)

    def one(self, access: Access, shop: ShopFacts, what: Noun, external_id: str) -> list[Snapshot]:  # noqa: ARG002
        raise self._cannot(what)

    def look(self, access: Access, shop: ShopFacts, baskets: Sequence[LookedFor], *, since: datetime) -> list[Snapshot]:  # noqa: ARG002
        raise self._cannot("look")

    def issue(self, access: Access, wanted: Sequence[CodeWanted]) -> list[CodeAnswer]:  # noqa: ARG002
        raise self._cannot("codes")

    def confirm(self, access: Access, pending: Sequence[CodePending]) -> list[CodeAnswer]:  # noqa: ARG002
        raise self._cannot("codes")

    def withdraw(self, access: Access, made: Sequence[CodeMade]) -> list[CodeRefused]:  # noqa: ARG002
        raise self._cannot("codes")

    def binds_address(self, shop: ShopLinks) -> bool:  # noqa: ARG002
        return True

    def tell(self, access: Access, consents: Sequence[ConsentToTell]) -> list[Finding]:  # noqa: ARG002
        raise self._cannot("consent")

    def _cannot(self, what: str) -> NotOffered:
        return NotOffered(Trouble.NOT_OFFERED, platform=self.label, what=what)
