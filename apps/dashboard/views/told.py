"""What is done about what was told: other apps' secret, the holds their news began, the word of a flow."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from apps.accounts.roles import Deed
from apps.core import clock
from apps.customers import holding
from apps.customers.models import Hold
from apps.dashboard.journal import note
from apps.dashboard.storefront import events_url
from apps.dashboard.views.doors import frame, on
from apps.flows import notices
from apps.ingestion.custom import ring
from apps.stores.models import Store


@on(Store, Deed.MANAGE)
def make_secret(request: HttpRequest, store: Store) -> HttpResponse:
    """A new secret, on the only page that ever shows it; nothing keeps that page."""
    secret = ring.make(store, clock.now())
    note(request, store, _("made a secret for other apps"))
    # The admin's pages are stored nowhere (`no-store`), neither by a browser nor on the way to it.
    return render(
        request,
        "dashboard/event_secret.html",
        frame(request, _("A secret for other apps"), store=store, secret=secret, address=events_url(store)),
    )


@on(Store, Deed.MANAGE)
def revoke_secrets(request: HttpRequest, store: Store) -> HttpResponse:
    ring.revoke(store, clock.now())
    note(request, store, _("took the secrets of other apps back"))
    messages.success(request, _("No other app can tell anything any more, until you make a new secret."))
    return redirect(f"{redirect('admin:stores_store_change', store.pk)['Location']}#apps")


@on(Hold, Deed.MANAGE)
def lift_hold(request: HttpRequest, hold: Hold) -> HttpResponse:
    holding.lift(hold, clock.now())
    note(request, hold.customer, _("lifted a hold: %(kind)s") % {"kind": hold.get_kind_display()})
    messages.success(request, _("Lifted. Promotions that still wait go within the hour."))
    return redirect("admin:customers_customer_change", hold.customer_id)


@on(Store, Deed.WRITE)
def seen(request: HttpRequest, store: Store) -> HttpResponse:
    """What a flow told about one customer: somebody of the shop has looked, and the alarm is off."""
    number = request.POST.get("notice", "")
    if not (number.isascii() and number.isdecimal() and len(number) < 19):
        raise Http404
    if notices.seen(store.pk, clock.now(), int(number)):
        messages.success(request, _("Noted. It no longer stands here."))
    return redirect("admin:index")
