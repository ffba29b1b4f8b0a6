"""Everything that happened to one person, in one line of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from apps.carts.models import Cart
from apps.consent.models import ConsentRecord, Suppression
from apps.core.money import format_money
from apps.customers.models import Customer
from apps.dashboard.explaining import Because, because, because_of, when
from apps.events.models import Event
from apps.flows.entry import DECLINED
from apps.flows.models import Enrollment, Flow
from apps.mail.models import Message
from apps.orders.models import Order
from apps.tracking.models import Click

MOST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One line of the timeline."""

    at: datetime
    icon: str
    title: str
    detail: str = ""
    tone: str = "plain"
    """plain, good, bad, waiting or quiet."""
    url: str = ""
    why: Because | None = None


def timeline(customer: Customer) -> list[Moment]:
    """The newest first; at most two hundred of each kind."""
    found = [moment for part in _PARTS for moment in part(customer)]
    return sorted(found, key=lambda moment: moment.at, reverse=True)


def amount(total: Any, currency: str) -> str:
    """Money in the reader's language, '' when it is not known."""
    return format_money(total, currency, get_language() or "en") if total is not None and currency else ""


def _carts(customer: Customer) -> Iterator[Moment]:
    for cart in Cart.objects.of(customer.store_id).filter(customer=customer).order_by("-last_activity_at")[:MOST]:
        url = reverse("admin:carts_cart_change", args=[cart.pk])
        what = _("%(count)s lines, %(total)s") % {
            "count": len(cart.lines), "total": amount(cart.total, cart.currency) or "–",
        }  # fmt: skip
        yield Moment(at=cart.started_at, icon="shopping_basket", title=_("Began a basket"), detail=what, url=url)
        if cart.abandoned_at:
            yield Moment(
                at=cart.abandoned_at, icon="hourglass_empty", title=_("Left the basket behind"), tone="quiet", url=url
            )
        if cart.status == Cart.Status.EMPTIED:
            yield Moment(at=cart.last_activity_at, icon="delete", title=_("Emptied the basket"), tone="quiet", url=url)


def _orders(customer: Customer) -> Iterator[Moment]:
    for order in Order.objects.of(customer.store_id).filter(customer=customer).order_by("-placed_at")[:MOST]:
        moment = order.placed_at or order.created_at or order.recorded_at
        yield Moment(
            at=moment,
            icon="receipt_long",
            title=_("Order %(number)s") % {"number": order},
            detail=f"{amount(order.total, order.currency)} · {order.get_stage_display()}",
            tone="good" if order.silences else "plain",
            url=reverse("admin:orders_order_change", args=[order.pk]),
        )


def _messages(customer: Customer) -> Iterator[Moment]:
    messages = Message.objects.of(customer.store_id).filter(customer=customer)
    for message in messages.select_related("store", "customer", "cart", "letter").order_by("-planned_at")[:MOST]:
        yield mail_moment(message)


def subject_of(message: Message) -> str:
    """What the mail says above, or which template it would have been."""
    letter = getattr(message, "letter", None)
    return letter.subject if letter is not None else message.template_slug


def mail_moment(message: Message) -> Moment:
    """What became of one mail."""
    url = reverse("admin:mail_message_change", args=[message.pk])
    subject = subject_of(message)
    last = message.ended_at or message.sending_at or message.planned_at
    match message.status:
        case Message.Status.ACCEPTED:
            return Moment(
                at=message.sending_at or last, icon="mark_email_read", title=_("Mail sent"), detail=subject,
                tone="good", url=url,
            )  # fmt: skip
        case Message.Status.SKIPPED | Message.Status.REJECTED:
            why = because_of(message)
            return Moment(
                at=last, icon="unsubscribe", title=_("Mail not sent"), detail=subject, tone="bad", url=url, why=why
            )
        case Message.Status.UNKNOWN:
            why = Because(
                _("It is not known whether this mail arrived."), _("Open the mail to say so, or to send it again.")
            )
            return Moment(at=last, icon="help", title=_("Mail in doubt"), detail=subject, tone="bad", url=url, why=why)
    held = because_of(message) if message.reason else None
    return Moment(
        at=message.due_at or last, icon="schedule_send", title=_("Mail waits"), detail=subject, tone="waiting",
        url=url, why=held,
    )  # fmt: skip


def _clicks(customer: Customer) -> Iterator[Moment]:
    clicks = Click.objects.of(customer.store_id).filter(message__customer=customer).select_related("message")
    for click in clicks.order_by("-at")[:MOST]:
        human = not click.machine
        yield Moment(
            at=click.at,
            icon="ads_click" if human else "smart_toy",
            title=_("Clicked in the mail") if human else _("A machine followed a link (not counted)"),
            tone="good" if human else "quiet",
            url=reverse("admin:mail_message_change", args=[click.message_id]),
        )


def _consents(customer: Customer) -> Iterator[Moment]:
    records = ConsentRecord.objects.of(customer.store_id).filter(customer=customer).select_related("notice")
    for record in records.order_by("-at")[:MOST]:
        text = f"“{record.notice.text}”" if record.notice else ""
        yield Moment(
            at=record.at,
            icon="how_to_reg" if record.state == "granted" else "block",
            title=_("Consent: %(state)s") % {"state": record.get_state_display()},
            detail=" · ".join(part for part in (record.source, text) if part),
            tone="good" if record.state == "granted" else "bad",
        )


def _suppressions(customer: Customer) -> Iterator[Moment]:
    if customer.address_hash is None:
        return
    for row in Suppression.objects.of(customer.store_id).filter(address_hash=bytes(customer.address_hash)):
        url = reverse("admin:consent_suppression_change", args=[row.pk])
        detail = f"{row.get_scope_display()} · {row.get_reason_display()}"
        yield Moment(at=row.at, icon="do_not_disturb_on", title=_("No more mail"), detail=detail, tone="bad", url=url)
        if row.lifted_at:
            yield Moment(at=row.lifted_at, icon="undo", title=_("Mail allowed again by hand"), url=url)


def _enrollments(customer: Customer) -> Iterator[Moment]:
    runs = Enrollment.objects.of(customer.store_id).filter(customer=customer).select_related("flow", "store")
    for run in runs.order_by("-entered_at")[:MOST]:
        url = reverse("admin:flows_flow_change", args=[run.flow_id])
        if run.status == Enrollment.Status.HELD_OUT:
            why = because("held_out", {"flow": run.flow.name})
            yield Moment(
                at=run.entered_at, icon="science", title=_("In the control group"), detail=run.flow.name,
                tone="quiet", url=url, why=why,
            )  # fmt: skip
            continue
        yield Moment(at=run.entered_at, icon="login", title=_("Entered the flow"), detail=run.flow.name, url=url)
        if run.ended_at and run.status == Enrollment.Status.EXITED:
            yield Moment(
                at=run.ended_at, icon="logout", title=_("Left the flow"), detail=run.flow.name, tone="quiet",
                url=url, why=why_ended(run),
            )  # fmt: skip
        elif run.ended_at:
            yield Moment(
                at=run.ended_at, icon="flag", title=_("Finished the flow"), detail=run.flow.name, tone="quiet", url=url
            )


def why_ended(run: Enrollment) -> Because:
    """Why a run is over, in a sentence."""
    moment = when(run.ended_at, run.store)
    values = {"flow": run.flow.name, "at": moment, "store": run.store.name, "cause": run.get_status_display()}
    if run.reason == "order_placed":
        orders = Order.objects.of(run.store_id).filter(customer=run.customer_id, silences=True)
        order = orders.order_by("-placed_at").first()
        values |= {"order": order.number, "at": when(order.placed_at, run.store)} if order else {}
    return because(run.reason or "enrollment_ended", values)


def _declined(customer: Customer) -> Iterator[Moment]:
    for event in declined(customer)[:MOST]:
        yield Moment(
            at=event.occurred_at, icon="do_not_step", title=_("Did not enter a flow"),
            detail=_flow_name(event), tone="bad", why=why_declined(event, customer),
        )  # fmt: skip


def declined(customer: Customer) -> QuerySet[Event]:
    """When this person stood at a flow's door and did not get in. The control group has its own line."""
    events = Event.objects.filter(store_id=customer.store_id, customer_id=customer.pk, kind=DECLINED)
    return events.exclude(data__reason="held_out").order_by("-occurred_at")


def _flow_name(event: Event) -> str:
    flow = Flow.objects.of(event.store_id).filter(pk=event.data.get("flow")).first()
    return flow.name if flow else ""


def why_declined(event: Event, customer: Customer) -> Because:
    """Why the flow did not take this person."""
    runs = Enrollment.objects.of(customer.store_id).filter(
        customer=customer, flow_id=event.data.get("flow"), entered_at__lte=event.recorded_at
    )
    before = runs.order_by("-entered_at").select_related("version").first()
    reentry = (before.version.definition.get("reentry") if before else None) or {}
    values = {
        "flow": _flow_name(event),
        "at": when(before.triggered_at if before else event.occurred_at, customer.store),
        "period": reentry.get("every", "…") if isinstance(reentry, dict) else reentry,
    }
    return because(str(event.data.get("reason", "")), values)


_PARTS: Final[tuple[Callable[[Customer], Iterator[Moment]], ...]] = (
    _carts, _orders, _messages, _clicks, _consents, _suppressions, _enrollments, _declined,
)  # fmt: skip
