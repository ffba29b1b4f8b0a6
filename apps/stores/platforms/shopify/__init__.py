"""Shopify: carts, checkouts, orders, customers and products by its classic webhooks, and what we ask of a shop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from apps.stores.errors import Ignored, Unreadable
from apps.stores.platforms.base import (
    Admitted,
    Basket,
    Envelope,
    Keyring,
    Request,
    ShopFacts,
    ShopLinks,
    platforms,
)
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
    Unasked,
    Way,
)
from apps.stores.platforms.shopify import (
    bulk,
    codes,
    consent,
    fetching,
    installing,
    restore,
    signature,
    translate,
)
from apps.stores.platforms.shopify.client import asking
from apps.stores.platforms.shopify.ways import WAYS
from apps.stores.snapshots import Snapshot


class Shopify(Unasked):
    kind = "shopify"
    label = "Shopify"
    ways: tuple[Way, ...] = WAYS
    can = frozenset({"orders", "customers", "products", "baskets", "look", "hooks", "codes", "credit", "consent"})
    credit_on_account = True

    def authenticate(self, request: Request, ring: Keyring) -> Admitted:
        return signature.authenticate(request, ring)

    def translate(self, envelope: Envelope, shop: ShopFacts) -> list[Snapshot]:
        """The readable part; raises only when nothing is."""
        seen, refused = self.translate_parts(envelope, shop)
        if refused and not seen:
            raise refused[0]
        return seen

    def translate_parts(self, envelope: Envelope, shop: ShopFacts) -> tuple[list[Snapshot], list[Unreadable]]:
        """The readable part and what is to be quarantined. Raises Ignored."""
        try:
            return translate.translate_parts(envelope, shop)
        except Ignored:
            raise
        except Exception as error:
            return [], [Unreadable("unexpected", type(error).__name__)]

    def restore(self, basket: Basket, shop: ShopLinks) -> str:
        return restore.restore(basket, shop)

    def sign(self, topic: str, body: bytes, secret: str, at: datetime, headers: Mapping[str, str]) -> dict[str, str]:
        return signature.sign(topic, body, secret, at, headers)

    def webhook_secret(self, credentials: Mapping[str, str]) -> str:
        """The app's client secret; of an app made in the shop's admin, its API secret key (shopify.md 1.2)."""
        return credentials.get("client_secret") or credentials.get("api_secret") or ""

    def install(self, access: Access, door: Door, at: datetime) -> Report:
        return installing.install(access, door, at)

    def audit(self, access: Access, door: Door, at: datetime) -> Report:
        return installing.audit(access, door, at)

    def fetch(self, access: Access, shop: ShopFacts, what: Noun, *, since: datetime | None, cursor: str) -> Page:
        self._must_offer(what)
        with asking(access) as client:
            return fetching.fetch(client, shop, what, since=since, cursor=cursor)

    def backfill(self, access: Access, shop: ShopFacts, what: Noun, *, since: datetime | None, cursor: str) -> Page:
        """By a bulk operation; baskets, which live for months at most, page by page."""
        self._must_offer(what)
        with asking(access) as client:
            if what in bulk.SHEETS:
                return bulk.backfill(client, shop, what, since=since, cursor=cursor)
            return fetching.fetch(client, shop, what, since=since, cursor=cursor)

    def one(self, access: Access, shop: ShopFacts, what: Noun, external_id: str) -> list[Snapshot]:
        self._must_offer(what)
        with asking(access) as client:
            return fetching.one(client, shop, what, external_id)

    def look(self, access: Access, shop: ShopFacts, baskets: Sequence[LookedFor], *, since: datetime) -> list[Snapshot]:
        with asking(access) as client:
            return fetching.look(client, shop, baskets, since=since)

    def issue(self, access: Access, wanted: Sequence[CodeWanted]) -> list[CodeAnswer]:
        with asking(access) as client:
            return codes.issue(client, wanted)

    def confirm(self, access: Access, pending: Sequence[CodePending]) -> list[CodeAnswer]:
        with asking(access) as client:
            return codes.confirm(client, pending)

    def withdraw(self, access: Access, made: Sequence[CodeMade]) -> list[CodeRefused]:
        with asking(access) as client:
            return codes.withdraw(client, made)

    def tell(self, access: Access, consents: Sequence[ConsentToTell]) -> list[Finding]:
        with asking(access) as client:
            return consent.tell(client, consents)

    def _must_offer(self, what: Noun) -> None:
        if what not in self.can:
            raise self._cannot(what)


platforms.add("shopify", Shopify())
