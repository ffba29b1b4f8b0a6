"""WooCommerce: orders, customers, products and coupons by its webhooks, baskets by our companion
plugin.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from django.utils.translation import gettext_lazy as _

from apps.stores.errors import AnswerUnreadable, Ignored, ShopTrouble, Unreadable
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
    Credential,
    Door,
    LookedFor,
    Noun,
    Page,
    Report,
    Unasked,
    Way,
)
from apps.stores.platforms.woocommerce import coupons, fetching, handover, installing, restore, signature, translate
from apps.stores.snapshots import Snapshot
from apps.stores.troubles import Trouble

log = logging.getLogger(__name__)

KEYS: Final = Way(
    name="keys",
    label=_("API keys"),
    credentials=(
        Credential(
            name="consumer_key",
            label=_("Consumer key"),
            help=_("In WordPress: WooCommerce, Settings, Advanced, REST API, Add key, with permission Read/Write."),
            secret=False,
            pattern=handover.KEY,
            example="ck_0123456789abcdef0123456789abcdef01234567",
        ),
        Credential(
            name="consumer_secret",
            label=_("Consumer secret"),
            help=_("WooCommerce shows it once, under the key. It is kept sealed and never shown again."),
            pattern=handover.SECRET,
            example="cs_0123456789abcdef0123456789abcdef01234567",
        ),
    ),
)


class WooCommerce(Unasked):
    kind = "woocommerce"
    label = "WooCommerce"
    ways: tuple[Way, ...] = (KEYS,)
    can: frozenset[str] = frozenset(
        {"orders", "customers", "products", "reviews", "baskets", "look", "hooks", "codes", "credit"}
    )

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

    def binds_address(self, shop: ShopLinks) -> bool:
        return restore.binds_address(shop)

    def install(self, access: Access, door: Door, at: datetime) -> Report:
        with _only_trouble():
            return installing.install(access, door, at)

    def audit(self, access: Access, door: Door, at: datetime) -> Report:
        with _only_trouble():
            return installing.audit(access, door, at)

    def fetch(self, access: Access, shop: ShopFacts, what: Noun, *, since: datetime | None, cursor: str) -> Page:
        with _only_trouble():
            return fetching.fetch(access, shop, what, since=since, cursor=cursor)

    def backfill(self, access: Access, shop: ShopFacts, what: Noun, *, since: datetime | None, cursor: str) -> Page:
        with _only_trouble():
            return fetching.backfill(access, shop, what, since=since, cursor=cursor)

    def one(self, access: Access, shop: ShopFacts, what: Noun, external_id: str) -> list[Snapshot]:
        with _only_trouble():
            return fetching.one(access, shop, what, external_id)

    def look(self, access: Access, shop: ShopFacts, baskets: Sequence[LookedFor], *, since: datetime) -> list[Snapshot]:
        with _only_trouble():
            return fetching.look(access, shop, baskets, since=since)

    def issue(self, access: Access, wanted: Sequence[CodeWanted]) -> list[CodeAnswer]:
        with _only_trouble():
            return coupons.issue(access, wanted)

    def confirm(self, access: Access, pending: Sequence[CodePending]) -> list[CodeAnswer]:  # noqa: ARG002
        return coupons.confirm(pending)

    def withdraw(self, access: Access, made: Sequence[CodeMade]) -> list[CodeRefused]:
        with _only_trouble():
            return coupons.withdraw(access, made)


@contextmanager
def _only_trouble() -> Iterator[None]:
    """A shop can answer anything at all; what nobody thought of is trouble as well, and no crash."""
    try:
        yield
    except ShopTrouble:
        raise
    except Exception as error:
        # The error's own words may quote the shop, a person or a key.
        log.error("a shop's answer led to %s", type(error).__name__)  # noqa: TRY400
        raise AnswerUnreadable(Trouble.UNEXPECTED_ANSWER, detail=type(error).__name__) from None


platforms.add("woocommerce", WooCommerce())
