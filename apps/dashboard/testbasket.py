"""A basket that somebody of the shop leaves to try it: what we see of it, and its mail without the hour of waiting.

The mail is a true one: the shop's own template, through the gate like any other, with a link that restores the
basket and a click that counts. Only its moment is chosen by hand, and only for a basket with the asker's own address.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.models import User
from apps.carts.models import Cart
from apps.core import db
from apps.core.addresses import email_key
from apps.dashboard.explaining import because_of
from apps.dashboard.permission import permitted
from apps.mail.models import Message, Template
from apps.mail.planning import Wish, plan
from apps.stores.models import Store
from apps.tracking.models import Click

MAIL: Final = "abandoned-checkout-1"
RECENT: Final = timedelta(days=1)
USABLE: Final = timedelta(hours=24)
FIRST: Final = 1
"""Before whatever else waits for this person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that must happen, and whether it did."""

    name: str
    state: Literal["done", "open", "bad"]
    said: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """The way of a test basket so far."""

    address: str
    cart: Cart | None
    message: Message | None
    steps: tuple[Step, ...]
    can_send: bool

    @property
    def complete(self) -> bool:
        return all(step.state == "done" for step in self.steps)


def walk(store: Store, user: User, at: datetime) -> Walk:
    """What we see of the newest basket with this person's own address."""
    address = email_key(user.email) or ""
    cart = _basket(store, address, at) if address else None
    message = _mail_of(cart) if cart else None
    may = cart is not None and cart.customer_id in permitted([cart.customer_id or 0], at)
    waits = cart is not None and cart.status in (Cart.Status.ACTIVE, Cart.Status.ABANDONED)
    steps = (_seen(cart), _known(cart), _permitted(cart, may=may), _sent(message), _clicked(message), _came_back(cart))
    return Walk(address=address, cart=cart, message=message, steps=steps, can_send=waits and may and message is None)


def send_now(store: Store, user: User, at: datetime) -> bool:
    """Ask for the mail of this basket at once; False when there is no such basket, or its mail was asked for before."""
    found = walk(store, user, at)
    if found.cart is None or not found.can_send:
        return False
    with transaction.atomic():
        # It fell silent now instead of in an hour: the same queue marks it, and tells the flows of it.
        db.run(
            "UPDATE carts_cart SET due_at = %s WHERE id = %s AND store_id = %s AND status = 'active' AND due_at > %s",
            [at, found.cart.pk, store.pk, at],
        )
        return bool(plan([_wish(store, found.cart, at)], at))


def _wish(store: Store, cart: Cart, at: datetime) -> Wish:
    slugs = Template.objects.of(store).order_by("slug").values_list("slug", flat=True)
    return Wish(
        store_id=store.pk,
        customer_id=cart.customer_id or 0,
        origin=f"test:basket:{cart.pk}",
        purpose="cart",
        template_slug=MAIL if MAIL in slugs else next(iter(slugs), MAIL),
        due_at=at,
        valid_until=at + USABLE,
        priority=FIRST,
        cart_id=cart.pk,
        since=cart.last_activity_at,
    )


def _basket(store: Store, address: str, at: datetime) -> Cart | None:
    mine = Cart.objects.of(store).filter(email_key=address, last_activity_at__gt=at - RECENT)
    return mine.select_related("customer").order_by("-last_activity_at", "-pk").first()


def _mail_of(cart: Cart) -> Message | None:
    return Message.objects.of(cart.store_id).filter(cart=cart, kind=Message.Kind.MARKETING).order_by("pk").first()


def _seen(cart: Cart | None) -> Step:
    if cart is None:
        return Step(name="seen", state="open", said=_("Your basket is seen"), detail=_("We look every few seconds."))
    titles = ", ".join(str(line.get("title", "")) for line in cart.lines[:3])
    return Step(name="seen", state="done", said=_("Your basket is seen"), detail=titles)


def _known(cart: Cart | None) -> Step:
    known = cart is not None and cart.customer_id is not None
    return Step(name="known", state="done" if known else "open", said=_("Its address is known"))


def _permitted(cart: Cart | None, *, may: bool) -> Step:
    said = _("You gave permission for mail")
    if may or cart is None:
        return Step(name="permitted", state="done" if may else "open", said=said)
    detail = _("Not yet: tick the box below the address in the checkout. Without it, nobody gets this mail.")
    return Step(name="permitted", state="bad", said=said, detail=detail)


def _sent(message: Message | None) -> Step:
    said = _("Its mail left")
    if message is None:
        return Step(name="sent", state="open", said=said)
    if message.status == Message.Status.ACCEPTED:
        return Step(name="sent", state="done", said=said, detail=message.response)
    if message.reason:
        why = because_of(message)
        stopped = message.status in (Message.Status.SKIPPED, Message.Status.REJECTED)
        return Step(name="sent", state="bad" if stopped else "open", said=said, detail=f"{why.sentence} {why.mend}")
    return Step(name="sent", state="open", said=said, detail=_("It leaves in a moment."))


def _clicked(message: Message | None) -> Step:
    clicked = message is not None and Click.objects.filter(message=message, machine="").exists()
    return Step(
        name="clicked", state="done" if clicked else "open", said=_("You pressed the button in the mail"),
        detail="" if clicked else _("It brings the very same basket back, on any device."),
    )  # fmt: skip


def _came_back(cart: Cart | None) -> Step:
    ordered = cart is not None and cart.status == Cart.Status.ORDERED
    return Step(
        name="ordered", state="done" if ordered else "open", said=_("You ordered: the basket came back"),
        detail="" if ordered else _("Place the order with a test payment, and cancel it afterwards."),
    )  # fmt: skip
