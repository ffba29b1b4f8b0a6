"""A shop that has sent Ada a mail, and the links that stand in it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings

from apps.core import clock
from apps.core.addresses import address_hash
from apps.customers.models import Customer
from apps.mail import tokens
from apps.mail.models import Letter, Message
from apps.stores.models import Store

ADA = "ada.lovelace@example.org"
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
)
BASKET = "https://theepot.example/?rcv=abc.def&utm_source=mandje"
KETTLE = "https://theepot.example/product/kettle/?kleur=rood&maat=2"
TARGETS = [BASKET, KETTLE, "https://theepot.example/"]
_numbers = itertools.count(1)


@dataclass
class Shop:
    """Everything that happens is said as a sentence."""

    store: Store
    ada: Customer = field(init=False)

    def __post_init__(self) -> None:
        self.ada = Customer.objects.create(
            store=self.store,
            email=ADA,
            email_key=ADA,
            address_hash=address_hash(self.store.pk, ADA, settings.ENV.address_key.encode()),
            first_name="Ada",
            last_name="Lovelace",
        )

    def sends(
        self,
        *,
        ago: timedelta = timedelta(hours=1),
        targets: list[str] | None = None,
        locale: str = "nl",
    ) -> Mail:
        at = clock.now() - ago
        message = Message.objects.create(
            store=self.store,
            customer=self.ada,
            origin=f"test:{next(_numbers)}",
            purpose="cart",
            template_slug="abandoned-checkout-1",
            status=Message.Status.ACCEPTED,
            planned_at=at,
            wanted_at=at,
            valid_until=at + timedelta(hours=24),
            sending_at=at,
            address=ADA,
            basis="consent",
            policy_version="test",
        )
        Letter.objects.create(
            message=message,
            subject="Je winkelmandje staat nog voor je klaar",
            context={"locale": locale, "first_name": "Ada"},
            targets=TARGETS if targets is None else targets,
            rendered_at=at,
        )
        return Mail(self, message)


@dataclass
class Mail:
    """One mail and its links."""

    shop: Shop
    message: Message

    def leave(self, **changes: Any) -> str:
        store, message, ring = self._where(**changes)
        return f"/u/{tokens.unsubscribe(store, message, bytes(self.shop.ada.address_hash), ring=ring)}"

    def restore(self, **changes: Any) -> str:
        store, message, ring = self._where(**changes)
        return f"/r/{tokens.restore(store, message, 0, ring=ring)}"

    def click(self, slot: int = 1, **changes: Any) -> str:
        store, message, ring = self._where(**changes)
        return f"/r/{tokens.click(store, message, slot, ring=ring)}"

    def people(self) -> int:
        return self.message.clicks.filter(machine="").count()

    def machines(self) -> list[str]:
        found = self.message.clicks.exclude(machine="").order_by("id")
        return list(found.values_list("machine", flat=True))

    def _where(
        self, *, store: int | None = None, message: int | None = None, ring: tuple[str, ...] = ()
    ) -> tuple[int, int, tuple[str, ...]]:
        return (
            store or self.shop.store.pk,
            message or self.message.pk,
            ring or settings.ENV.link_keys,
        )


def open_shop(name: str = "De Theepot", **settings_: Any) -> Shop:
    number = next(_numbers)
    return Shop(
        Store.objects.create(
            platform="woocommerce",
            name=name,
            url="https://theepot.example/",
            key=f"shop-{number}",
            profile={"colour": "#7a2f4b"},
            **settings_,
        )
    )
