"""Any shop that can post signed JSON: baskets, orders, customers and products in our own words.

It only tells. A shop of this kind cannot be asked, so its order feed is its own diligence; everything else
(flows, gate, mails, restore links) is the same as for the others. `docs/generic.md` is for whoever builds one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from apps.stores.errors import Unreadable
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
from apps.stores.platforms.generic import restore, signature, translate
from apps.stores.snapshots import Snapshot


class Generic(Unasked):
    kind = "generic"
    label = "Generic"

    def authenticate(self, request: Request, ring: Keyring) -> Admitted:
        return signature.authenticate(request, ring)

    def translate(self, envelope: Envelope, shop: ShopFacts) -> list[Snapshot]:
        return translate.translate(envelope, shop)

    def translate_parts(self, envelope: Envelope, shop: ShopFacts) -> tuple[list[Snapshot], list[Unreadable]]:
        """One message, one thing: it is read whole or not at all. Raises Ignored."""
        try:
            return self.translate(envelope, shop), []
        except Unreadable as refused:
            return [], [refused]

    def restore(self, basket: Basket, shop: ShopLinks) -> str:
        return restore.restore(basket, shop)

    def sign(self, topic: str, body: bytes, secret: str, at: datetime, headers: Mapping[str, str]) -> dict[str, str]:
        return signature.sign(topic, body, secret, at, headers)


platforms.add("generic", Generic())
