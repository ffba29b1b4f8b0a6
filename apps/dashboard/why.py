"""“Why did Ben get nothing?”: for every basket of a person, what came of it and why."""

# ruff: noqa: ARG001 -- one signature for all that are asked
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _

from apps.carts.models import Cart
from apps.core.durations import Duration
from apps.customers.models import Customer
from apps.dashboard.explaining import Because, because, when
from apps.dashboard.timeline import Moment, declined, mail_moment, why_declined, why_ended
from apps.events.kinds import CART_ABANDONED
from apps.events.models import Announcement
from apps.flows.models import Enrollment, Flow
from apps.mail.models import Message
from apps.stores.models import Store

MOST_BASKETS: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One thing that did or did not come of a basket."""

    tone: str
    title: str
    because: Because
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A basket and its answers; there is always at least one."""

    cart: Cart
    answers: list[Answer]


def why(customer: Customer, at: datetime) -> list[Story]:
    """The newest baskets of this person, each with the reason for every mail sent and not sent."""
    carts = Cart.objects.of(customer.store_id).filter(customer=customer, gone_at__isnull=True)
    return [why_cart(cart, at) for cart in carts.select_related("store").order_by("-last_activity_at")[:MOST_BASKETS]]


def why_cart(cart: Cart, at: datetime) -> Story:
    """What came of one basket."""
    answers = [*_mails(cart), *_runs(cart, at), *_refusals(cart)]
    return Story(cart=cart, answers=answers or [_nothing(cart, at)])


def _mails(cart: Cart) -> Iterator[Answer]:
    messages = Message.objects.of(cart.store_id).filter(cart=cart)
    for message in messages.select_related("store", "customer", "cart", "letter").order_by("planned_at"):
        yield _mail(mail_moment(message), cart.store)


def _mail(moment: Moment, store: Store) -> Answer:
    sentence = f"{moment.detail} · {when(moment.at, store)}"
    why = moment.why or Because(sentence, "")
    title = f"{moment.title}: {moment.detail}" if moment.why else moment.title
    return Answer(tone=moment.tone, title=title, because=why, url=moment.url)


def _runs(cart: Cart, at: datetime) -> Iterator[Answer]:
    """What the flows still mean to do, and where they stopped."""
    for run in Enrollment.objects.of(cart.store_id).filter(cart=cart).select_related("flow", "store"):
        url = reverse("admin:flows_flow_change", args=[run.flow_id])
        match run.status:
            case Enrollment.Status.HELD_OUT:
                yield Answer(
                    tone="quiet", title=_("In the control group"), because=because("held_out", {"flow": run.flow.name}),
                    url=url,
                )  # fmt: skip
            case Enrollment.Status.EXITED:
                yield Answer(tone="quiet", title=_("Left the flow"), because=why_ended(run), url=url)
            case Enrollment.Status.ACTIVE:
                yield Answer(tone="waiting", title=_("In the flow"), because=_next(run), url=url)


def _next(run: Enrollment) -> Because:
    if not run.flow.live:
        return because("flow_off", {"flow": run.flow.name})
    moment = when(run.due_at, run.store)
    return Because(_("The next step of %(flow)s is at %(at)s.") % {"flow": run.flow.name, "at": moment}, "")


def _refusals(cart: Cart) -> Iterator[Answer]:
    if cart.customer is None:
        return
    for event in declined(cart.customer):
        if event.data.get("cart") == cart.pk:
            yield Answer(tone="bad", title=_("Did not enter a flow"), because=why_declined(event, cart.customer))


def _nothing(cart: Cart, at: datetime) -> Answer:
    """No mail, no run, no refusal: the basket itself says why."""
    if _untold(cart):
        moment = _("The flows hear of it within a few seconds.")
        return Answer(tone="waiting", title=_("Just left behind"), because=Because(moment, ""))
    if cart.status == Cart.Status.ACTIVE:
        return Answer(tone="waiting", title=_("Still being filled"), because=_still_active(cart))
    return Answer(tone="bad", title=_("No mail"), because=_why_nothing(cart, at))


def _untold(cart: Cart) -> bool:
    events = Announcement.objects.filter(event__store_id=cart.store_id, event__subject=f"cart:{cart.pk}")
    return events.filter(event__kind=CART_ABANDONED).exists()


def _still_active(cart: Cart) -> Because:
    if cart.due_at is None:
        return Because(_("The basket is empty or cannot be left behind."), _("Nothing to mend."))
    return Because(
        _("The basket counts as left behind at %(at)s, if nothing happens until then.")
        % {"at": when(cart.due_at, cart.store)},
        _("The idle time is %(time)s; change it in the shop's settings.")
        % {"time": Duration.of(cart.store.abandon_after)},
    )


def _why_nothing(cart: Cart, at: datetime) -> Because:
    if cart.status == Cart.Status.ORDERED:
        return Because(_("It was ordered before it counted as left behind."), _("Nothing to mend."))
    if cart.status == Cart.Status.EMPTIED:
        return because("cart_emptied", {"at": when(cart.last_activity_at, cart.store)})
    if cart.customer is None or not cart.customer.email_key:
        return because("no_address", {})
    if cart.unmailable:
        return because("unmailable_basket", {"detail": cart.unmailable})
    if cart.store.status != Store.Status.ACTIVE:
        return because("store_off", {"store": cart.store.name})
    return _no_flow(cart)


def _no_flow(cart: Cart) -> Because:
    left = cart.abandoned_at or cart.last_activity_at
    live = Flow.objects.of(cart.store_id).filter(live=True, deleted_at__isnull=True, live_since__lte=left)
    if not live.exists():
        return Because(
            _("No flow was on when this basket was left behind."),
            _("Switch a flow on; baskets left behind from then on get its mails."),
        )
    return Because(
        _("No flow that was on takes such a basket in: it did not reach the checkout, or it was silent too long."),
        _("Look at what starts your flows, and at the rule “max_age” in the shop's settings."),
    )
