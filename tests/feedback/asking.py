"""A shop that asks: buyers with an order, mails about a survey, and the pages behind their links."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from apps.core import clock
from apps.core.secrets import hash_of
from apps.customers.models import Customer
from apps.feedback import asking
from apps.feedback.models import Answer, Survey
from apps.mail import tokens
from apps.mail.models import Letter, Message
from apps.orders.models import Order, OrderLine

if TYPE_CHECKING:
    from datetime import datetime

    from apps.stores.models import Store

_numbers = itertools.count(1)
PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
)


def ring() -> tuple[str, ...]:
    from django.conf import settings

    return tuple(settings.ENV.link_keys)


@dataclass
class Asking:
    """One shop and whom it asks."""

    store: Store
    at: datetime = field(default_factory=clock.now)

    def buyer(self, name: str = "") -> Customer:
        key = f"{name or f'buyer{next(_numbers)}'}@shopper.example".lower()
        return Customer.objects.create(
            store=self.store, email=key, email_key=key, address_hash=hash_of(self.store.pk, key), first_name=name
        )

    def order(self, customer: Customer, *products: str, **fields: Any) -> Order:
        """A delivered order, one line per product."""
        values: dict[str, Any] = {
            "stage": "fulfilled", "currency": "EUR", "total": Decimal(50), "placed_at": self.at - timedelta(days=20),
            "counts": True, "silences": True, "email_key": customer.email_key,
            "external_id": str(5000 + next(_numbers)),
        }  # fmt: skip
        order = Order.objects.create(store=self.store, customer=customer, **(values | fields))
        for position, product in enumerate(products):
            OrderLine.objects.create(
                order=order, position=position, product=product, title=f"Thing {product}", quantity=Decimal(1),
                unit_price=Decimal(10), total=Decimal(10),
            )  # fmt: skip
        return order

    def survey(self, slug: str) -> Survey:
        """The version that is asked now, frozen."""
        place = (self.store.pk, slug)
        return Survey.objects.get(pk=asking.take([place], self.at)[place].id)

    def mail(self, customer: Customer, *, order: Order | None = None, locale: str = "nl", **about: Any) -> int:
        """A mail that left an hour ago; returns its number."""
        at = self.at - timedelta(hours=1)
        message = Message.objects.create(
            store=self.store, customer=customer, order=order, origin=f"test:{next(_numbers)}", purpose="survey",
            template_slug="survey-1", status="accepted", planned_at=at, wanted_at=at, sending_at=at,
            valid_until=at + timedelta(days=3), address=customer.email, basis="consent", policy_version="test",
            about=about,
        )  # fmt: skip
        Letter.objects.create(message=message, subject="?", context={"locale": locale}, targets=[], rendered_at=at)
        return message.pk

    def asks(
        self, slug: str, customer: Customer | None = None, *, order: Order | None = None, locale: str = "nl"
    ) -> Asked:
        customer = customer or self.buyer()
        survey = self.survey(slug)
        return Asked(self, survey, self.mail(customer, order=order, locale=locale, survey=survey.pk), customer)


@dataclass
class Asked:
    """One person asked once."""

    shop: Asking
    survey: Survey
    message: int
    customer: Customer

    def link(self, code: str = "", part: str = "") -> str:
        slot = tokens.NO_SLOT
        if code:
            words = asking.questions([(self.survey.pk, "nl")])[(self.survey.pk, "nl")]
            slot = next(one.slot for p in words.parts for one in p.answers if (one.part, one.code) == (part, code))
        return f"/a/{tokens.answer(self.shop.store.pk, self.message, slot, ring=ring())}"

    @property
    def answers(self) -> list[Answer]:
        return list(Answer.objects.of(self.shop.store).filter(message=self.message).order_by("id"))

    @property
    def answer(self) -> Answer:
        return Answer.objects.of(self.shop.store).get(message=self.message, replaced_at__isnull=True)


def told(store: Store, kind: str) -> list[dict[str, Any]]:
    """What the diary says of this kind, oldest first."""
    from apps.events.models import Event

    return list(Event.objects.filter(store_id=store.pk, kind=kind).order_by("id").values_list("data", flat=True))
