"""A shop with a flow, and what happens in it, in the shop's own words."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings

from apps.carts.models import Cart
from apps.consent.models import Suppression
from apps.core.addresses import address_hash, email_key
from apps.customers.models import Customer
from apps.events import kinds
from apps.events.listeners import Told
from apps.flows import definition, publishing
from apps.flows.engine import advance_due
from apps.flows.entry import enroll
from apps.flows.goals import on_goal
from apps.flows.models import Enrollment, Flow, StepRun
from apps.mail.models import Message, Template, TemplateVersion
from apps.orders.models import Order
from apps.stores.models import Store

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
EVERYTHING = ["order_placed", "emptied", "newer_basket", "unsubscribed", "suppressed", "store_off"]
PLAN: dict[str, Any] = {
    "flow": "abandoned-checkout",
    "name": "Abandoned checkout",
    "purpose": "cart",
    "priority": "checkout",
    "trigger": {"cart_abandoned": "reached"},
    "filter": ["address_known", "cart_has_lines", "cart_mailable", "no_order_since_trigger"],
    "reentry": {"every": "7d"},
    "exits": EVERYTHING,
    "steps": [
        {"wait": "1h"},
        {"send_email": "abandoned-checkout-1"},
        {"wait": "24h"},
        {"send_email": "abandoned-checkout-2"},
        {"wait": "72h"},
        {"send_email": "abandoned-checkout-3"},
    ],
}
BEFORE_CHECKOUT = {
    **PLAN,
    "flow": "abandoned-cart",
    "name": "Abandoned cart",
    "priority": "cart",
    "trigger": {"cart_abandoned": "not_reached"},
}
LINE = {"product": "7", "title": "Kettle", "quantity": "1", "total": "40.00"}
_numbers = itertools.count(1)


@dataclass
class Shop:
    """One shop, with a clock that only moves when a test moves it."""

    store: Store
    at: datetime = MONDAY
    people: dict[str, Customer] = field(default_factory=dict)

    def person(self, name: str) -> Customer:
        if name not in self.people:
            key = email_key(f"{name}@example.com")
            assert key
            self.people[name] = Customer.objects.create(
                store=self.store, email=key, email_key=key, address_hash=_hash(self.store, key)
            )
        return self.people[name]

    def flow(self, plan: dict[str, Any] = PLAN, *, live: bool = True, **changes: Any) -> Flow:
        """A published flow, on since an hour."""
        read = definition.read({**plan, **changes})
        for _, slug in publishing.templates_of(read):
            self.template(slug)
        flow = publishing.save_draft(self.store.pk, read)
        publishing.publish(flow, self.at)
        if live:
            publishing.go_live(flow, self.at - timedelta(hours=1))
        return flow

    def template(self, slug: str) -> None:
        made, new = Template.objects.get_or_create(
            store=self.store,
            slug=slug,
            locale="nl",
            defaults={"subject": "Hallo", "mjml": "", "text": ""},
        )
        if new:
            made.live = TemplateVersion.objects.create(
                template=made, number=1, subject="Hallo", mjml="", text="", compiled={}
            )
            made.save()

    def cart(self, name: str | None = "ada", *, checkout: bool = True, **fields: Any) -> Cart:
        """A basket that was just left behind."""
        values: dict[str, Any] = {
            "store": self.store,
            "customer": self.person(name) if name else None,
            "email_key": self.person(name).email_key if name else None,
            "status": "abandoned",
            "started_at": self.at - timedelta(hours=2),
            "last_activity_at": self.at - timedelta(hours=1),
            "abandoned_at": self.at,
            "reached_checkout": checkout,
            "currency": "EUR",
            "total": Decimal("40.00"),
            "lines": [LINE],
        }
        return Cart.objects.create(**(values | fields))

    def told(self, cart: Cart, kind: str = kinds.CART_ABANDONED, **extra: Any) -> Told:
        values: dict[str, Any] = {
            "id": next(_numbers),
            "store_id": self.store.pk,
            "customer_id": cart.customer_id,
            "subject": f"cart:{cart.pk}",
            "kind": kind,
            "occurred_at": self.at,
            "recorded_at": self.at,
            "data": {"cart": cart.pk},
        }
        return Told(**(values | extra))

    def leaves(self, name: str = "ada", **fields: Any) -> Cart:
        """Somebody leaves a basket, and the flows hear of it."""
        cart = self.cart(name, **fields)
        enroll([self.told(cart)], self.at)
        return cart

    def order(self, name: str = "ada", **fields: Any) -> Order:
        """An order the engine has not been told of yet."""
        values: dict[str, Any] = {
            "store": self.store,
            "external_id": str(next(_numbers)),
            "customer": self.person(name),
            "email_key": self.person(name).email_key,
            "stage": "paid",
            "placed_at": self.at,
            "currency": "EUR",
            "total": Decimal("40.00"),
            "silences": True,
        }
        return Order.objects.create(**(values | fields))

    def buys(self, name: str = "ada", **fields: Any) -> Order:
        """An order, and the flows hear of it."""
        order = self.order(name, **fields)
        self.tell(kinds.ORDER_PLACED, name, {"order": order.pk})
        return order

    def tell(self, kind: str, name: str, data: dict[str, Any] | None = None) -> None:
        person = self.person(name)
        event = Told(
            id=next(_numbers), store_id=self.store.pk, customer_id=person.pk, subject=f"customer:{person.pk}",
            kind=kind, occurred_at=self.at, recorded_at=self.at, data=data or {},
        )  # fmt: skip
        on_goal([event], self.at)

    def suppress(self, name: str, scope: str = "marketing") -> None:
        Suppression.objects.create(
            store=self.store,
            address_hash=self.person(name).address_hash,
            scope=scope,
            reason="unsubscribed" if scope == "marketing" else "complaint",
            at=self.at,
        )

    def travel(self, **by: float) -> None:
        """Move the clock, and let everybody take the steps that came due at their own moment."""
        self.at += timedelta(**by)
        self.advance()

    def advance(self) -> None:
        while advance_due(self.at):
            pass

    def sent(self, message: Message | None = None, *, at: datetime | None = None) -> None:
        """The mail left (all that wait, or this one)."""
        waiting = Message.objects.of(self.store).filter(status="planned")
        waiting = waiting.filter(pk=message.pk) if message else waiting
        waiting.update(
            status="accepted",
            due_at=None,
            sending_at=at or self.at,
            basis="consent",
            policy_version="1",
        )

    def mails(self, name: str = "ada", *, status: str | None = None) -> list[str]:
        found = Message.objects.of(self.store).filter(customer=self.person(name)).order_by("id")
        return [mail.template_slug[-1] for mail in (found.filter(status=status) if status else found)]

    def run(self, name: str = "ada", flow: str = "abandoned-checkout") -> Enrollment:
        return Enrollment.objects.of(self.store).filter(customer=self.person(name), flow__slug=flow).latest("id")

    def runs(self, name: str = "ada") -> int:
        return Enrollment.objects.of(self.store).filter(customer=self.person(name)).count()

    def steps(self, name: str = "ada") -> list[int]:
        taken = StepRun.objects.of(self.store).filter(enrollment__customer=self.person(name))
        return list(taken.order_by("id").values_list("position", flat=True))


def _hash(store: Store, key: str) -> bytes:
    return address_hash(store.pk, key, settings.ENV.address_key.encode())


def open_shop(name: str = "Shop", **fields: Any) -> Shop:
    return Shop(Store.objects.create(name=name, platform="woocommerce", url="https://shop.example", **fields))
