"""What is done to single rows: mail in doubt settled, deliveries processed again, suppressions lifted."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.roles import Deed
from apps.consent.models import Suppression
from apps.consent.suppressing import lift as lift_suppression
from apps.core import clock
from apps.dashboard import settling
from apps.dashboard.journal import note
from apps.dashboard.views.doors import on
from apps.ingestion.models import Delivery
from apps.ingestion.processing import process_again
from apps.mail.models import Message


@on(Message, Deed.MANAGE)
def arrived(request: HttpRequest, message: Message) -> HttpResponse:
    if settling.it_arrived(message, clock.now()):
        note(request, message, _("settled: it arrived"))
        messages.success(request, _("Noted: this mail arrived."))
    return redirect("admin:mail_message_change", message.pk)


@on(Message, Deed.MANAGE)
def again(request: HttpRequest, message: Message) -> HttpResponse:
    """Only after the owner ticked that they know what it may cause."""
    if not request.POST.get("sure"):
        messages.error(request, _("Tick the box first: the customer may get this mail twice."))
    elif settling.send_again(message, clock.now()):
        note(request, message, _("sent again by hand"))
        messages.success(request, _("It waits to be sent again."))
    return redirect("admin:mail_message_change", message.pk)


@on(Delivery, Deed.MANAGE)
def process(request: HttpRequest, delivery: Delivery) -> HttpResponse:
    tell_processed(request, process_again([delivery.pk], clock.now()))
    return redirect("admin:ingestion_delivery_change", delivery.pk)


def tell_processed(request: HttpRequest, count: int) -> None:
    said = ngettext("%(count)s delivery is processed again.", "%(count)s deliveries are processed again.", count)
    messages.success(request, said % {"count": count})


@on(Suppression, Deed.MANAGE)
def lift(request: HttpRequest, row: Suppression) -> HttpResponse:
    """Only marketing ones: a complaint, a dead address and an erasure stay."""
    if lift_suppression(store_id=row.store_id, address_hash=bytes(row.address_hash), at=clock.now()):
        note(request, row, _("lifted by hand"))
        messages.success(request, _("This person may get marketing mail again."))
    else:
        messages.error(request, _("This one cannot be lifted."))
    return redirect("admin:consent_suppression_change", row.pk)
