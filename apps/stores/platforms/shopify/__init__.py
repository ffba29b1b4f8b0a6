"""Shopify: carts, checkouts, orders, customers and products by its classic webhooks."""

from __future__ import annotations

from collections.abc import Mapping
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
from apps.stores.platforms.calling import Unasked
from apps.stores.platforms.shopify import restore, signature, translate
from apps.stores.snapshots import Snapshot


class Shopify(Unasked):
    kind = "shopify"
    label = "Shopify"

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


platforms.add("shopify", Shopify())
