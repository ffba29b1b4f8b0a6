"""A mail as somebody would have got it at some moment: the basket, the orders and the text of then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from apps.carts.models import Cart
from apps.core.addresses import email_key
from apps.customers.models import Customer
from apps.dashboard.previewing import Preview, context_of, rendered
from apps.dashboard.versions import source_of
from apps.flows.simulating.moment import as_of
from apps.mail.models import Template, TemplateVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """The mail of that moment, and what is to be known about it."""

    shown: Preview
    version: TemplateVersion | None
    """None: nothing was published yet, so that the first text stands in, or the draft."""
    cart: Cart | None
    orders: int


def find(template: Template, address: str) -> Customer | None:
    """A person of this shop who is still known."""
    key = email_key(address)
    return Customer.objects.of(template.store_id).filter(email_key=key, erased_at=None).first() if key else None


def then(template: Template, customer: Customer, at: datetime) -> Then:
    """The mail of this template for this person at that moment; nothing is kept."""
    version = _text(template, at)
    with as_of(template.store, customer.pk, at):
        person = Customer.objects.of(template.store_id).get(pk=customer.pk)
        cart = _basket(person)
        context = context_of(cart or Cart(store=template.store, customer=person, last_activity_at=at), template, at)
    source = source_of(version or template.versions.order_by("number").first() or template)
    return Then(shown=rendered(source, template, context), version=version, cart=cart, orders=person.orders_count)


def _text(template: Template, at: datetime) -> TemplateVersion | None:
    return template.versions.filter(published_at__lte=at).order_by("-published_at", "-number").first()


def _basket(person: Customer) -> Cart | None:
    """The newest in which there was something."""
    mine = Cart.objects.of(person.store_id).filter(customer=person).exclude(lines=[]).exclude(lines__0={})
    return mine.select_related("customer").order_by("-last_activity_at", "-pk").first()
